/** The golden documents that real sops 3.9.4, 3.12.2 and 3.13.2 wrote, and the throw-away keys that open them. */
import { readdirSync, readFileSync } from "node:fs";
import { decryptWith, encryptTo } from "../../src/age/file.ts";
import { parseIdentities } from "../../src/age/identity.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import type { NewKey } from "../../src/sops/create-file.ts";
import { type DataKeyOpener, openDataKey } from "../../src/sops/datakey.ts";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { formatOfPath } from "../../src/sops/format.ts";
import { parseSopsFile, type SopsFile } from "../../src/sops/sops-file.ts";
import type { Format } from "../../src/sops/store.ts";
import type { MapNode } from "../../src/sops/tree.ts";

const ROOT = new URL("../../fixtures/golden/sops/", import.meta.url);

export interface GoldenFile {
  /** `basic-yaml/enc-3.9.4.yaml` */
  readonly name: string;
  readonly bytes: Buffer;
  readonly format: Format;
}

export function golden(name: string): GoldenFile {
  const format = formatOfPath(name);
  return { name, bytes: readFileSync(new URL(`cases/${name}`, ROOT)), format };
}

/** Every encrypted golden document, in name order. */
export function goldenFiles(): GoldenFile[] {
  const cases = readdirSync(new URL("cases/", ROOT)).sort();
  return cases.flatMap((folder) =>
    readdirSync(new URL(`cases/${folder}/`, ROOT))
      .sort()
      .filter((file) => /^(enc-|\d-)/.test(file))
      .map((file) => golden(`${folder}/${file}`)),
  );
}

/** What the matching `sops decrypt` printed; undefined where there is none. */
export function goldenPlain(file: GoldenFile): Buffer | undefined {
  if (!file.name.includes("/enc-")) return undefined;
  try {
    return golden(file.name.replace("/enc-", "/dec-")).bytes;
  } catch {
    return undefined;
  }
}

export function goldenKey(name: "age1" | "age2" | "age3"): string {
  return readFileSync(new URL(`keys/${name}.txt`, ROOT), "utf8");
}

export const RECIPIENT_1 = "age146tazqu9th2vfm6k2hqdr8080zphg79x35n8a6j2gjunq30t6vrsrmh4lx";
export const RECIPIENT_2 = "age17f3aat63smw9v0xnzn7k3regknjw6weqsdm7s0gj8w4t0wh8eg2qyjd404";
export const RECIPIENT_3 = "age1al4vwy8kr8h63k2whmrhpk0c8w8cs0j4rnj7ugqfy6tj5m7wtqzshlrf6n";

/** Opens age entries with the named golden keys, all three if none is named. */
export function goldenOpener(...names: ("age1" | "age2" | "age3")[]): DataKeyOpener {
  const text = (names.length === 0 ? (["age1", "age2", "age3"] as const) : names).map(goldenKey).join("\n");
  const parsed = parseIdentities(text, "golden");
  return {
    async open(key) {
      return key.type === "age" ? decryptWith((await parsed).identities, key.enc) : null;
    },
  };
}

/** Seals to real age recipients, as `createFile` wants it. */
export async function sealAge(key: NewKey, dataKey: Uint8Array): Promise<string> {
  return encryptTo([parseRecipient(key.id)], dataKey);
}

export interface OpenedFile {
  readonly file: SopsFile;
  readonly dataKey: Uint8Array;
  readonly documents: readonly MapNode[];
}

export async function open(bytes: Uint8Array | string, format: Format, opener = goldenOpener()): Promise<OpenedFile> {
  const file = parseSopsFile(typeof bytes === "string" ? Buffer.from(bytes, "utf8") : bytes, format);
  const dataKey = await openDataKey(file, opener);
  const { documents } = await decryptFile(file, dataKey);
  return { file, dataKey, documents };
}
