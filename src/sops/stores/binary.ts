/**
 * The binary store: any bytes at all, as the one string `data` of a JSON document. Encrypted it is plain JSON; the
 * plain form is the bytes themselves, which is why it has no text to read back.
 */
import { SecretsError } from "../../errors.ts";
import { textOrBytes } from "../scalar.ts";
import type { Store } from "../store.ts";
import type { MapNode, ScalarValue } from "../tree.ts";
import { jsonStore } from "./json.ts";

const DATA_KEY = "data";

export const binaryStore: Store = {
  format: "binary",
  read(text) {
    return { ...jsonStore.read(text), format: "binary" };
  },
  write(documents, metadata, options) {
    if (metadata !== undefined) return jsonStore.write(documents, metadata, options);
    const scalar = dataOf(documents);
    if (scalar.type === "str") return scalar.value;
    throw new SecretsError("E_BINARY_TEXT", "The content of this document is not text.", {
      hint: "Read it as bytes, for example with 'secrets get' on a pipe.",
    });
  },
  rewrite(old, documents, metadata, options) {
    return jsonStore.rewrite(old, documents, metadata, options);
  },
};

/** The bytes of a plain binary document. @throws SecretsError `E_BINARY_DATA` when it is not one. */
export function bytesOfBinary(documents: readonly MapNode[]): Uint8Array {
  const scalar = dataOf(documents);
  return scalar.type === "bytes" ? scalar.value : Buffer.from(scalar.value, "utf8");
}

/** A plain binary document around some bytes. */
export function binaryOfBytes(bytes: Uint8Array): MapNode {
  return {
    kind: "map",
    entries: [{ kind: "entry", key: DATA_KEY, value: { kind: "scalar", scalar: textOrBytes(bytes) } }],
  };
}

function dataOf(documents: readonly MapNode[]): Extract<ScalarValue, { type: "str" | "bytes" }> {
  const entry = documents[0]?.entries.find((child) => child.kind === "entry" && child.key === DATA_KEY);
  if (entry?.kind === "entry" && entry.value.kind === "scalar") {
    const { scalar } = entry.value;
    if (scalar.type === "str" || scalar.type === "bytes") return scalar;
  }
  throw new SecretsError("E_BINARY_DATA", "This document is not a binary one: it has no string under 'data'.", {
    hint: "Give the file a suffix that fits its content: .json, .yaml, .env or .ini.",
  });
}
