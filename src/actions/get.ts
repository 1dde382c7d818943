/** One value, or a whole document, in plain bytes. */
import { SecretsError } from "../errors.ts";
import { getAt } from "../sops/access.ts";
import { formatKeyPath } from "../sops/key-path.ts";
import { plainBytes, plainText } from "../sops/plain-text.ts";
import { scalarBytes } from "../sops/scalar.ts";
import type { Format } from "../sops/store.ts";
import type { MapNode, ScalarValue, ValueNode } from "../sops/tree.ts";
import { openDocument } from "./document.ts";
import { readableTarget } from "./target.ts";
import type { Workplace } from "./workplace.ts";

export interface ReadValue {
  readonly bytes: Uint8Array;
  /** A whole document of several values rather than one value. */
  readonly whole: boolean;
  /** Lies in clear in the repository. */
  readonly public: boolean;
}

/**
 * @param text an address
 * @throws SecretsError `E_NOT_FOUND` with the nearest names, `E_NO_IDENTITY`, and what a damaged document throws.
 */
export async function getValue(workplace: Workplace, text: string): Promise<ReadValue> {
  const target = await readableTarget(workplace, text);
  if (target.tier === "vars") {
    if (target.state === "public") {
      return { bytes: await workplace.ground.read(target.path), whole: false, public: true };
    }
    const { plain } = await openDocument(workplace, target.path, "binary");
    return { bytes: plainBytes("binary", plain), whole: false, public: false };
  }
  const { plain } = await openDocument(workplace, target.path, target.format);
  if (target.keyPath.length === 0) {
    return { bytes: plainBytes(target.format, plain), whole: target.format !== "binary", public: false };
  }
  const node = getAt(plain, target.keyPath);
  if (node === undefined) {
    throw new SecretsError("E_NOT_FOUND", "there is no such key in this document", {
      location: { file: target.path, keyPath: target.keyPath },
      hint: nearestKeys(plain, target.keyPath),
    });
  }
  return { bytes: valueBytes(node, target.format), whole: false, public: false };
}

/** A scalar as its own text; a map in the document's format; a list as JSON, which every format can be given back. */
function valueBytes(node: ValueNode, format: Format): Uint8Array {
  if (node.kind === "scalar") return scalarAnswer(node.scalar);
  if (node.kind === "map" && format !== "dotenv" && format !== "ini")
    return Buffer.from(plainText(format, [node]), "utf8");
  const wrapped: MapNode = { kind: "map", entries: [{ kind: "entry", key: "value", value: node }] };
  const json = plainText("json", [wrapped]);
  return Buffer.from(
    `${json
      .slice(json.indexOf(":") + 1, json.lastIndexOf("}"))
      .trim()
      .replaceAll("\n\t", "\n")}\n`,
    "utf8",
  );
}

/** What `get` prints: `true` for what sops hashes as `True`. */
export function scalarAnswer(scalar: ScalarValue): Uint8Array {
  // What is hashed as `True` is written `true` by every format.
  if (scalar.type === "bool") return Buffer.from(String(scalar.value));
  if (scalar.type === "null") return Buffer.from("null");
  return scalarBytes(scalar);
}

/** Keys are in clear in the file, so naming them gives nothing away. */
function nearestKeys(documents: readonly MapNode[], path: readonly (string | number)[]): string {
  for (let depth = path.length - 1; depth >= 0; depth--) {
    const parent = depth === 0 ? documents[0] : getAt(documents, path.slice(0, depth));
    if (parent === undefined || parent.kind !== "map") continue;
    const keys = parent.entries.flatMap((entry) => (entry.kind === "entry" ? [formatKeyPath([entry.key])] : []));
    const where = depth === 0 ? "the document" : formatKeyPath(path.slice(0, depth));
    return `${where} has ${keys.slice(0, 12).join(", ")}${keys.length > 12 ? ", …" : ""}`;
  }
  return "secrets ls shows every key";
}
