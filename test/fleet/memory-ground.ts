/** A fleet in memory, and the fleet that clan itself wrote, unpacked. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { SecretsError } from "../../src/errors.ts";
import type { Ground, GroundFile } from "../../src/fleet/ground.ts";

/** Path to content; `{ link }` is a symbolic link with that text. */
export type MemoryFiles = Readonly<Record<string, string | Uint8Array | { readonly link: string }>>;

/** @param shuffle another order for `list()` than by path */
export function memoryGround(
  files: MemoryFiles,
  shuffle: (list: GroundFile[]) => GroundFile[] = (list) => list,
): Ground {
  const entries = new Map(Object.entries(files));
  const missing = (path: string) =>
    new SecretsError("E_FILE_MISSING", "there is no such file", { location: { file: path } });
  return {
    root: "/memory",
    async list() {
      const list = [...entries].map(
        ([path, content]): GroundFile => ({
          path,
          kind: isLink(content) ? "link" : "file",
          tracked: true,
          executable: false,
        }),
      );
      return shuffle(list.sort((a, b) => (a.path < b.path ? -1 : 1)));
    },
    async read(path) {
      const content = entries.get(path);
      if (content === undefined || isLink(content)) throw missing(path);
      return typeof content === "string" ? Buffer.from(content) : content;
    },
    async readLink(path) {
      const content = entries.get(path);
      if (content === undefined || !isLink(content)) throw missing(path);
      return content.link;
    },
    async kind(path) {
      const content = entries.get(path);
      if (content !== undefined) return isLink(content) ? "link" : "file";
      return [...entries.keys()].some((known) => known.startsWith(`${path}/`)) ? "directory" : "missing";
    },
  };
}

function isLink(content: MemoryFiles[string]): content is { readonly link: string } {
  return typeof content === "object" && "link" in content;
}

/** The files of a gzipped tar archive under `fixtures/`, without the folder that holds them all. */
export function unpackFixture(path: string): MemoryFiles {
  const tar = gunzipSync(readFileSync(new URL(`../../fixtures/${path}`, import.meta.url)));
  const files: Record<string, string | Uint8Array | { link: string }> = {};
  const text = (start: number, length: number) =>
    tar
      .subarray(start, start + length)
      .toString("utf8")
      .replace(/\0.*$/s, "");
  for (let at = 0; tar[at] !== undefined && tar[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8);
    const prefix = text(at + 345, 155);
    const name = `${prefix === "" ? "" : `${prefix}/`}${text(at, 100)}`.replace(/^[^/]*\//, "");
    const type = text(at + 156, 1);
    if (type === "2") files[name] = { link: text(at + 157, 100) };
    else if (type === "0" || type === "") files[name] = Uint8Array.from(tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return files;
}
