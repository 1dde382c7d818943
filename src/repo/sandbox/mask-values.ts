/** What a script printed, without what it was given or had made. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What is shorter is no secret, and would blot out half of every message. */
const SHORTEST = 4;
const MASK = "[hidden]";

/** @param out files that the script may have made */
export function maskValues(
  text: string,
  job: { readonly inputs: ReadonlyMap<string, Uint8Array>; readonly prompts: ReadonlyMap<string, Uint8Array> },
  out: string,
): string {
  const values = new Set<string>();
  for (const bytes of [...job.inputs.values(), ...job.prompts.values(), ...made(out)]) {
    const value = Buffer.from(bytes);
    const plain = value.toString("utf8");
    for (const part of [plain, plain.trim(), ...plain.split(/\r?\n/).map((line) => line.trim())]) {
      if (part.length < SHORTEST) continue;
      values.add(part);
      values.add(Buffer.from(part, "utf8").toString("base64").replace(/=+$/, ""));
      values.add(Buffer.from(part, "utf8").toString("hex"));
      values.add(encodeURIComponent(part.toWellFormed()));
    }
    values.add(value.toString("base64").replace(/=+$/, ""));
    values.add(value.toString("hex"));
  }
  let masked = text;
  // The longest first: a part of a value must not break up the whole.
  for (const value of [...values].filter((one) => one.length >= SHORTEST).sort((a, b) => b.length - a.length)) {
    masked = masked.replaceAll(value, MASK);
  }
  return masked;
}

function made(out: string): Uint8Array[] {
  try {
    return readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
  } catch {
    return [];
  }
}
