/** Reading the content of an index: one git process for as many files as memory allows, and not one for each. */
import { SecretsError } from "../errors.ts";
import { type ListedFile, readBlobs } from "../repo/git.ts";
import { MAX_FILE } from "../repo/read.ts";
import type { Root } from "../repo/root.ts";

/** Bytes. Larger files are read when they are asked for: no secret is so large, and pictures are. */
const LARGE = 256 * 1024;
/** Bytes that are kept at once. Ten thousand documents are less. */
const WINDOW = 48 * 1024 * 1024;

/**
 * The reader is at its best when it is asked in the order of the files: it keeps what comes next, and once all of it
 * when that is little enough.
 * @throws SecretsError `E_TOO_LARGE` also for an object that is not in this clone; the reader throws it
 */
export function readAhead(
  root: Root,
  files: readonly ListedFile[],
  window: number = WINDOW,
): (file: ListedFile) => Promise<Uint8Array> {
  const places = new Map(files.map((file, index) => [file, index]));
  let kept = new Map<ListedFile, Uint8Array | undefined>();
  const fill = async (start: number) => {
    kept = new Map();
    const order = [...files.slice(start), ...files.slice(0, start)];
    let total = 0;
    let index = 0;
    for await (const { bytes } of readBlobs(root, order.map(idOf), LARGE)) {
      const file = order[index++];
      if (file !== undefined) kept.set(file, bytes);
      total += bytes?.length ?? 0;
      if (total > window) break;
    }
  };
  const content = async (file: ListedFile): Promise<Uint8Array> => {
    if (!kept.has(file)) await fill(places.get(file) ?? 0);
    const bytes = kept.get(file) ?? (await readOne(root, file));
    if (bytes !== undefined) return bytes;
    throw new SecretsError("E_TOO_LARGE", "this file is too large, or its object is not in this clone", {
      location: { file: file.path },
    });
  };
  let last: Promise<unknown> = Promise.resolve();
  // One after the other: two who fill at once would throw away what the other has just read.
  return (file) => {
    const mine = last.then(() => content(file));
    last = mine.catch(() => {});
    return mine;
  };
}

async function readOne(root: Root, file: ListedFile): Promise<Uint8Array | undefined> {
  for await (const { bytes } of readBlobs(root, [idOf(file)], MAX_FILE)) return bytes;
  return undefined;
}

function idOf({ blob }: ListedFile): string {
  return blob ?? "";
}
