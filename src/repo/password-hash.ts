/** Hashes of passwords, by the programs that systems have for it; the password goes to them by their standard input. */
import { SecretsError } from "../errors.ts";
import { type Environment, findProgram, minimalEnvironment, run } from "./program.ts";

/** What crypt(3) prints: no blank, no colon, no newline. */
const HASHES = { yescrypt: /^\$y\$[./0-9A-Za-z$]+$/, "sha-512": /^\$6\$[./0-9A-Za-z$=]+$/ } as const;

/** @returns the hash, without a newline. @throws SecretsError `E_PROGRAM_MISSING`, `E_PASSWORD_HASH` */
export function openPasswordHash(env: Environment) {
  return async (algorithm: "yescrypt" | "sha-512", password: Uint8Array): Promise<string> => {
    const argv = commandFor(algorithm, env);
    const { code, stdout } = await run(argv, {
      env: minimalEnvironment(env),
      input: Buffer.concat([password, Buffer.from("\n")]),
    });
    const hash = Buffer.from(stdout).toString("latin1").trim();
    if (code === 0 && HASHES[algorithm].test(hash)) return hash;
    throw new SecretsError("E_PASSWORD_HASH", `${argv[0]} made no ${algorithm} hash`, {
      hint: `see what it can do: ${argv[0]} --help`,
    });
  };
}

function commandFor(algorithm: "yescrypt" | "sha-512", env: Environment): string[] {
  if (findProgram("mkpasswd", env) !== undefined) return ["mkpasswd", "--stdin", `--method=${algorithm}`];
  if (algorithm === "sha-512" && findProgram("openssl", env) !== undefined)
    return ["openssl", "passwd", "-6", "-stdin"];
  throw new SecretsError("E_PROGRAM_MISSING", "the program mkpasswd, which hashes passwords, is not here", {
    hint: "nix shell nixpkgs#mkpasswd\nDebian: apt install whois\nor a hash that openssl can make as well: options: { algorithm: sha-512 }",
  });
}
