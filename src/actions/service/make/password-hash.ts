/** A password and its hash as `hashedPasswordFile` of NixOS reads it. */
import { SecretsError } from "../../../errors.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { numberOption, textOption, toFiles } from "./outputs.ts";
import { drawWords } from "./random.ts";

export type HashPassword = (algorithm: "yescrypt" | "sha-512", password: Uint8Array) => Promise<string>;

/** The prompt whose answer is hashed; without it words are drawn. */
const PROMPT = "password";

/** Neither file has a newline at its end: login programs would take it for a part of what was typed. */
export async function makePasswordHash(input: MakerInput, hashPassword: HashPassword): Promise<MadeFiles> {
  const typed = input.prompts.get(PROMPT);
  const password = typed ?? Buffer.from(await drawWords(numberOption(input, "words"), "-"), "utf8");
  if (password.length === 0 || password.some((byte) => byte === 0 || byte === 10 || byte === 13)) {
    throw new SecretsError("E_PASSWORD", `the password of ${input.service.address} is empty, or more than one line`, {
      kind: "usage",
      hint: "a password is one line: nobody could type another one at a login",
    });
  }
  const algorithm = textOption(input, "algorithm") === "sha-512" ? "sha-512" : "yescrypt";
  return toFiles(input, { password, hash: await hashPassword(algorithm, password) });
}
