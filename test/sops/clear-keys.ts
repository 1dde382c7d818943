/** A stand-in for age: the data key "sealed" as base64. Fast, and shows which entry was opened. */
import { createFile, type NewFile, type NewKey } from "../../src/sops/create-file.ts";
import type { DataKeyOpener } from "../../src/sops/datakey.ts";
import type { Format } from "../../src/sops/store.ts";
import type { MapNode } from "../../src/sops/tree.ts";
import { type OpenedFile, open } from "./golden.ts";

const PREFIX = "clear ";

async function sealClear(_: NewKey, dataKey: Uint8Array): Promise<string> {
  return PREFIX + Buffer.from(dataKey).toString("base64");
}

/** Opens the entries of the given recipients, of everyone if none is given. */
export function openClear(...ids: string[]): DataKeyOpener {
  return {
    async open(key) {
      if (ids.length > 0 && !ids.includes(key.id)) return null;
      return Buffer.from(key.enc.slice(PREFIX.length), "base64");
    },
  };
}

export const NOW = new Date("2026-01-02T03:04:05.678Z");

export function create(format: Format, documents: readonly MapNode[], more: Partial<NewFile> = {}): Promise<string> {
  const keyGroups = [[{ type: "age" as const, id: "age1test" }]];
  return createFile({ format, documents, keyGroups, now: NOW, seal: sealClear, ...more });
}

export function reopen(text: string, format: Format): Promise<OpenedFile> {
  return open(text, format, openClear());
}
