/** What people can open in a fleet, as they do it: with their key alone. */
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { decryptWith } from "../../../src/age/file.ts";
import { parseIdentities } from "../../../src/age/identity.ts";
import { SecretsError } from "../../../src/errors.ts";
import { openDataKey } from "../../../src/sops/datakey.ts";
import { decryptFile } from "../../../src/sops/decrypt-file.ts";
import { formatOfPath } from "../../../src/sops/format.ts";
import { plainBytes } from "../../../src/sops/plain-text.ts";
import { parseSopsFile } from "../../../src/sops/sops-file.ts";

interface Opened {
  /** In hexadecimal digits. */
  readonly dataKey: string;
  readonly plain: string;
}

/** The documents of a sample fleet. */
export function documentsOf(root: string): string[] {
  return globSync(["vars/**/secret", "sops/**/secret", "secrets/**/*.*"], { cwd: root }).sort();
}

/** By path: those documents that an identity opens. */
export async function openedWith(root: string, identity: string): Promise<Map<string, Opened>> {
  const { identities } = await parseIdentities(identity, "a reader");
  const opened = new Map<string, Opened>();
  for (const path of documentsOf(root)) {
    const file = parseSopsFile(
      await readFile(join(root, path)),
      path.endsWith("/secret") ? "binary" : formatOfPath(path),
    );
    try {
      const dataKey = await openDataKey(file, { open: ({ enc }) => decryptWith(identities, enc) });
      const plain = plainBytes(file.format, (await decryptFile(file, dataKey)).documents);
      opened.set(path, { dataKey: Buffer.from(dataKey).toString("hex"), plain: Buffer.from(plain).toString("utf8") });
    } catch (error) {
      if (!(error instanceof SecretsError) || error.code !== "E_NO_IDENTITY") throw error;
    }
  }
  return opened;
}
