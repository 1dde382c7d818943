/** What a scalar means that has a tag, or that the library has unquoted. */
import type { ScalarValue } from "../../tree.ts";
import { resolvePlain } from "./resolve.ts";

const PREFIX = "tag:yaml.org,2002:";
const TYPES = new Map([
  ["int", "int"],
  ["float", "float"],
  ["bool", "bool"],
  ["null", "null"],
  ["timestamp", "time"],
]);

/** Why a scalar has no value: its tag does not fit its text, or it is an integer that sops cannot store. */
export type Unresolved = "tag" | "number";

/** The value of a scalar by go-yaml's rules. `tag` is the full tag or undefined; own tags of the user make a string. */
export function resolveScalar(text: string, tag: string | undefined, plain: boolean): ScalarValue | Unresolved {
  if (tag === undefined || tag === "!") return plain ? (resolvePlain(text) ?? "number") : { type: "str", value: text };
  const name = tag.startsWith(PREFIX) ? tag.slice(PREFIX.length) : undefined;
  if (name === "binary") return decodeBinary(text);
  const type = name === undefined ? undefined : TYPES.get(name);
  if (type === undefined) return { type: "str", value: text };
  const value = resolvePlain(text);
  if (value === undefined) return "number";
  if (type === "float" && value.type === "int") return { type: "float", value: Number(value.value) };
  return value.type === type ? value : "tag";
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Bytes that are text become a string, as in sops. */
function decodeBinary(text: string): ScalarValue | Unresolved {
  const compact = text.replace(/[\r\n]/g, "");
  if (!BASE64.test(compact)) return "tag";
  const bytes = new Uint8Array(Buffer.from(compact, "base64"));
  const value = Buffer.from(bytes).toString("utf8");
  return Buffer.compare(Buffer.from(value), bytes) === 0 ? { type: "str", value } : { type: "bytes", value: bytes };
}
