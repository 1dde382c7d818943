/** One document with other readers, or another data key, or another value: its new bytes. */
import type { Sealer } from "../../age/sealer.ts";
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import { contentHash } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import { formatKeyPath } from "../../sops/key-path.ts";
import { sealWithGpg } from "../../sops/pgp.ts";
import { parsePlain } from "../../sops/plain-text.ts";
import { type ReaderKey, rekeyFile } from "../../sops/rekey-file.ts";
import { parseSopsFile, type SopsFile } from "../../sops/sops-file.ts";
import type { ListNode, MapNode } from "../../sops/tree.ts";
import { updateFile } from "../../sops/update-file.ts";
import { unlock } from "../document.ts";
import type { PlannedChange } from "../plan.ts";
import type { Workplace } from "../workplace.ts";
import { keyName } from "./access-plan.ts";
import { canonical, presentReaders, type WantedReaders } from "./wanted-readers.ts";

export interface Rekeyed {
  readonly change: PlannedChange;
  /** Formatted key paths of the encrypted values; one empty path for a binary document. */
  readonly sealedKeys: readonly string[];
  /** Everybody whom the data key, or a share of it, was sealed to by this. */
  readonly sealedTo: readonly ReaderKey[];
}

export interface RekeyOrder {
  readonly document: FleetDocument;
  readonly wanted: WantedReaders;
  readonly freshDataKey: boolean;
  /** The whole content of a binary document, instead of what it holds. */
  readonly value?: Uint8Array;
  readonly reason: string;
}

/** @throws SecretsError with the path as its place; `E_NO_IDENTITY`, `E_CANNOT_WRAP`, and what opening a document throws. */
export async function rekeyDocument(workplace: Workplace, sealer: Sealer, order: RekeyOrder): Promise<Rekeyed> {
  const { document, wanted, freshDataKey, value, reason } = order;
  const bytes = await workplace.ground.read(document.path);
  try {
    const file = parseSopsFile(bytes, document.format);
    const dataKey = await unlock(workplace, file);
    const removed = new Set(wanted.removed.map(keyName));
    const sealedTo: ReaderKey[] = [];
    const rekeyed = await rekeyFile(file, dataKey, {
      keyGroups: wanted.groups ?? presentReaders(file.metadata.keyGroups, (key) => removed.has(keyName(key))),
      shamirThreshold: wanted.groups === undefined ? file.metadata.shamirThreshold : wanted.shamirThreshold,
      freshDataKey,
      now: workplace.now(),
      seal: (key, part) => {
        sealedTo.push(canonical(key));
        return key.type === "age"
          ? sealer.seal(key.id, part)
          : sealWithGpg(key.id, part, workplace.gpg.run, workplace.gpg.program);
      },
    });
    const text =
      value === undefined
        ? rekeyed.text
        : await replaceValue(rekeyed.text, document, rekeyed.dataKey, value, workplace.now());
    const change = {
      kind: "write",
      path: repoPath(document.path),
      bytes: Buffer.from(text, "utf8"),
      expect: contentHash(bytes),
    } as const;
    return { change: { change, reason }, sealedKeys: sealedKeysOf(file), sealedTo };
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: document.path }) : error;
  }
}

async function replaceValue(
  text: string,
  { format }: FleetDocument,
  dataKey: Uint8Array,
  value: Uint8Array,
  now: Date,
): Promise<string> {
  return updateFile(parseSopsFile(Buffer.from(text, "utf8"), format), parsePlain(value, format), dataKey, now);
}

function sealedKeysOf({ format, stored }: SopsFile): string[] {
  if (format === "binary") return [""];
  const keys: string[] = [];
  const path: (string | number)[] = [];
  const visit = (node: MapNode | ListNode): void => {
    for (const [component, value] of childrenOf(node)) {
      path.push(component);
      if (value.kind !== "scalar") visit(value);
      else if (value.scalar.type === "str" && value.scalar.value.startsWith("ENC[")) keys.push(formatKeyPath(path));
      path.pop();
    }
  };
  for (const document of stored.documents) visit(document);
  return keys;
}

function childrenOf(node: MapNode | ListNode) {
  if (node.kind === "map") {
    return node.entries.flatMap((entry) => (entry.kind === "entry" ? [[entry.key, entry.value] as const] : []));
  }
  return node.items.filter((item) => item.kind !== "comment").map((item, i) => [i, item] as const);
}
