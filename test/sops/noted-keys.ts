/** Documents whose data key stands openly in every entry: rekeying is then quick to do and to look into. */
import assert from "node:assert/strict";
import { createFile } from "../../src/sops/create-file.ts";
import { type DataKeyOpener, openDataKey } from "../../src/sops/datakey.ts";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { plainBytes } from "../../src/sops/plain-text.ts";
import { type ReaderKey, type Rekeying, rekeyFile } from "../../src/sops/rekey-file.ts";
import { parseSopsFile, type SopsFile } from "../../src/sops/sops-file.ts";
import type { Format } from "../../src/sops/store.ts";
import { groupsOf, hex, NOW } from "./rekeyed.ts";
import { map, text } from "./trees.ts";

/** Writes the data key down: cheap, and to be seen in every entry. Several lines, as real ones are. */
export async function note({ type, id }: ReaderKey, dataKey: Uint8Array): Promise<string> {
  return `-----BEGIN ${type}-----\n${Buffer.from(id).toString("hex").slice(0, 64)}\n${hex(dataKey)}\n-----END-----\n`;
}

/** Opens what {@link note} wrote, for everybody but these. */
export function reader(...but: readonly string[]): DataKeyOpener {
  return {
    async open({ id, enc }) {
      const noted = enc.split("\n")[2];
      return noted === undefined || but.includes(id) ? null : Buffer.from(noted, "hex");
    },
  };
}

export interface Noted {
  readonly file: SopsFile;
  readonly dataKey: Uint8Array;
  readonly text: string;
}

export async function reopen(written: string, format: Format, opener = reader()): Promise<Noted> {
  const file = parseSopsFile(Buffer.from(written, "utf8"), format);
  return { file, dataKey: await openDataKey(file, opener), text: written };
}

const INHABITED = { ini: map({ s: map({ k: text("v") }) }), other: map({ data: text("v") }) };

export async function create(format: Format, ...keyGroups: ReaderKey[][]): Promise<Noted> {
  const documents = [format === "ini" ? INHABITED.ini : INHABITED.other];
  const groups = keyGroups as { type: "age" | "pgp"; id: string }[][];
  return reopen(await createFile({ format, documents, keyGroups: groups, now: NOW, seal: note }), format);
}

export async function rekey({ file, dataKey }: Noted, more: Partial<Rekeying>): Promise<Noted> {
  const order = { keyGroups: groupsOf(file), freshDataKey: false, now: NOW, seal: note, ...more };
  const rekeyed = await rekeyFile(file, dataKey, order);
  const opened = await reopen(rekeyed.text, file.format);
  assert.equal(hex(opened.dataKey), hex(rekeyed.dataKey));
  return opened;
}

export function age(...ids: readonly string[]): ReaderKey[] {
  return ids.map((id) => ({ type: "age", id }));
}

export function kms(id = "arn:aws:kms:eu-west-1:1:key/a"): ReaderKey {
  return { type: "kms", id };
}

/** Without the data key, what is sealed with it and dates, and without what aligns INI: lines that stay keep theirs. */
export function blind(written: string): string {
  return written
    .replaceAll(/ENC\[[^\]]*\]/g, "ENC")
    .replaceAll(/[0-9a-f]{64,66}(?=\\n|\n)/g, "KEY")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "DATE")
    .replaceAll(/ +=/g, " =");
}

export async function plainOf({ file, dataKey }: Noted): Promise<string> {
  return hex(plainBytes(file.format, (await decryptFile(file, dataKey)).documents));
}
