/** A folder of values in clear, outside of the repository: all of it under the name that was asked for, or nothing. */
import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DumpFile } from "../actions/service/export-values.ts";
import { SecretsError } from "../errors.ts";
import { atEnd } from "../repo/ending.ts";
import { toFault } from "../repo/fault.ts";
import { isMemory } from "../repo/scratch-bases.ts";
import type { Context } from "./context.ts";
import { placeOutside } from "./outside.ts";

export interface DumpFolder {
  /** Without links. */
  readonly path: string;
  /** Whether nothing of it outlasts a restart. */
  readonly inMemory: boolean;
  /** Folders are 0700 and files 0600, as clan has them. */
  readonly write: (files: readonly DumpFile[]) => Promise<void>;
}

/**
 * Checks the place at once, so that nothing is opened in vain.
 * @throws SecretsError `E_KEY_FILE` for a place inside the repository, `E_EXISTS` for a name that is taken
 */
export async function dumpFolder(context: Context, root: string, typed: string): Promise<DumpFolder> {
  const { path, folder } = await placeOutside(context, root, typed, "values in clear do");
  await refuseTaken(path, typed);
  return {
    path,
    inMemory: isMemory(folder),
    write: async (files) => {
      try {
        await writeWhole(path, folder, files, () => refuseTaken(path, typed));
      } catch (error) {
        throw toFault(error, "write the values", typed);
      }
    },
  };
}

/** Under another name until it is whole: whoever finds the folder finds everything in it. */
async function writeWhole(
  path: string,
  folder: string,
  files: readonly DumpFile[],
  refuse: () => Promise<void>,
): Promise<void> {
  const draft = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}`);
  await mkdir(draft, { mode: 0o700 });
  const takeBack = atEnd(() => rmSync(draft, { recursive: true, force: true }));
  try {
    const made = new Set<string>();
    for (const { path: below, bytes } of files) await writeFile(draft, made, below, bytes);
    await refuse();
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  } finally {
    takeBack();
  }
}

async function writeFile(draft: string, made: Set<string>, below: string, bytes: Uint8Array): Promise<void> {
  const parent = dirname(below);
  if (!made.has(parent)) await mkdir(join(draft, parent), { mode: 0o700, recursive: true });
  made.add(parent);
  const handle = await open(join(draft, below), "wx", 0o600);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function refuseTaken(path: string, typed: string): Promise<void> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw toFault(error, "look at the folder", typed);
  });
  if (there === undefined) return;
  throw new SecretsError("E_EXISTS", "there is something of this name already", {
    kind: "usage",
    location: { file: typed },
    hint: "name a new folder: values in clear are not mixed with other files",
  });
}
