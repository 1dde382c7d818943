/** The public keys of a person, from the command line, from files, and from what GitHub says of them. */
import { type PersonKeys, personKeys } from "../actions/principal/person-keys.ts";
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";
import { type KeyInput, readKeyInput } from "./key-input.ts";

export interface PublicKeyFlags {
  readonly ageKey?: readonly string[];
  readonly pgpKey?: readonly string[];
  /** Files; `-` is stdin. */
  readonly sshKey?: readonly string[];
  readonly githubKeys?: readonly string[];
  readonly asAge?: boolean;
}

/**
 * @param more keys that stand on the command line by themselves
 * @throws SecretsError `E_USAGE`, `E_RECIPIENT`, `E_KEY_FILE`, and what reading a file throws
 */
export async function readPublicKeys(
  context: Context,
  { ageKey = [], pgpKey = [], sshKey = [], githubKeys = [], asAge = false }: PublicKeyFlags,
  more: readonly string[] = [],
): Promise<PersonKeys> {
  const typed = [...more, ...ageKey, ...pgpKey];
  const named = [
    ...sshKey.map((file) => ({ file, fromGithub: false })),
    ...githubKeys.map((file) => ({ file, fromGithub: true })),
  ];
  if (typed.length + named.length === 0) {
    throw usage(
      "which keys are they?",
      [
        "--age-key age1…, --ssh-key ~/.ssh/id_ed25519.pub, --github-keys FILE, or --pgp-key FINGERPRINT; each may be given several times",
        `what GitHub knows: ${fetchHint("NAME")}`,
      ].join("\n"),
    );
  }
  if (named.filter(({ file }) => file === "-").length > 1) {
    throw usage("stdin can be read once", "put one of the two into a file");
  }
  const files = [];
  for (const { file, fromGithub } of named) {
    if (fromGithub && /^(https?:\/\/|github\.com\/|@)/i.test(file)) throw noNetwork(file);
    const { name, bytes } = await read(context, file, fromGithub);
    files.push({ name, text: bytes.toString("utf8"), fromGithub });
  }
  return personKeys({ typed, files, asAge });
}

async function read(context: Context, file: string, fromGithub: boolean): Promise<KeyInput> {
  try {
    return await readKeyInput(context, file);
  } catch (error) {
    if (!(error instanceof SecretsError) || error.code !== "E_NOT_FOUND") throw error;
    const isAccount = fromGithub && /^[A-Za-z0-9-]{1,39}$/.test(file);
    throw new SecretsError("E_KEY_FILE", "there is no such file", {
      kind: "usage",
      location: { file },
      hint: isAccount ? fetchHint(file) : "check the path",
      cause: error,
    });
  }
}

/** An address, where a file is wanted. */
function noNetwork(typed: string): SecretsError {
  const [, name] = /^(?:(?:https?:\/\/)?(?:www\.)?github\.com\/|@)([A-Za-z0-9-]{1,39})/i.exec(typed) ?? [];
  return usage("--github-keys reads a file, and nothing from the network", fetchHint(name ?? "NAME"));
}

function fetchHint(account: string): string {
  return `curl -sf https://github.com/${account}.keys, piped into --github-keys -`;
}

function usage(message: string, hint: string): SecretsError {
  return new SecretsError("E_USAGE", message, { kind: "usage", hint });
}
