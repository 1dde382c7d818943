/** What the tests of rekeying share: golden documents with other readers. */
import assert from "node:assert/strict";
import type { NewKey } from "../../src/sops/create-file.ts";
import { type ReaderKey, type Rekeying, rekeyFile } from "../../src/sops/rekey-file.ts";
import type { SopsFile } from "../../src/sops/sops-file.ts";
import type { Format } from "../../src/sops/store.ts";
import { type OpenedFile, open, sealAge } from "./golden.ts";

export const NOW = new Date("2030-01-02T03:04:05.678Z");

/** A fingerprint that no gpg here knows; {@link sealAny} seals to it all the same. */
export const FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567";

export function ages(...ids: readonly string[]): ReaderKey[] {
  return ids.map((id) => ({ type: "age", id }));
}

export function pgp(id = FINGERPRINT): ReaderKey {
  return { type: "pgp", id };
}

/** Really to age recipients, in appearance to PGP. */
export async function sealAny(key: NewKey, dataKey: Uint8Array): Promise<string> {
  if (key.type === "age") return sealAge(key, dataKey);
  return `-----BEGIN PGP MESSAGE-----\n\n${"a".repeat(64)}\n=abcd\n-----END PGP MESSAGE-----`;
}

export interface Rekeyed extends OpenedFile {
  readonly text: string;
}

/** The document with other readers, opened again. */
export async function rekey(
  { file, dataKey }: Pick<OpenedFile, "file" | "dataKey">,
  keyGroups: Rekeying["keyGroups"],
  more: Partial<Rekeying> = {},
): Promise<Rekeyed> {
  const order = { keyGroups, freshDataKey: false, now: NOW, seal: sealAny, ...more };
  const { text, dataKey: after } = await rekeyFile(file, dataKey, order);
  const opened = await open(text, file.format);
  assert.equal(hex(opened.dataKey), hex(after));
  return { ...opened, text };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The readers of a document, group by group. */
export function groupsOf({ metadata }: SopsFile): ReaderKey[][] {
  return metadata.keyGroups.map((group) => group.map(({ type, id }) => ({ type, id })));
}

/** The one piece of text, if one, by which `after` is longer than `before`. */
export function insertion(before: string, after: string): string | undefined {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start++;
  const added = after.length - before.length;
  // What repeats the text before it could be cut at several places; any of them will do.
  return added > 0 && before.slice(start) === after.slice(start + added)
    ? after.slice(start, start + added)
    : undefined;
}

/** A document without what is random or of the day: ciphertext, wrapped keys, dates. */
export function blind(text: string): string {
  return text
    .replaceAll(/ENC\[[^\]]*\]/g, "ENC")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "DATE")
    .replaceAll(/(BEGIN AGE ENCRYPTED FILE-----)[^-]*/g, "$1");
}

/** The parts of a text that each carry metadata of their own: the documents of a YAML file. */
export function parts(text: string, format: Format): string[] {
  return format === "yaml" ? text.split(/^---$/m) : [text];
}
