/** The tree of files for a new machine, in a folder outside of the repository: all of it, or nothing. */
import { chmod, lstat, mkdir, open, readdir, rm, rmdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type DeployFile, PRIVATE_FOLDERS } from "../actions/machine/deploy-files.ts";
import { SecretsError } from "../errors.ts";
import { toFault } from "../repo/fault.ts";
import { isMemory } from "../repo/scratch-bases.ts";
import type { Conduct } from "./conduct.ts";
import type { Context } from "./context.ts";
import { placeOutside } from "./outside.ts";

export interface ExtraFiles {
  /** Without links. */
  readonly path: string;
  /** Whether nothing of it outlasts a restart. */
  readonly inMemory: boolean;
  /** Writes the tree, and gives back what takes it away again. */
  readonly write: (files: readonly DeployFile[]) => Promise<Awaited<ReturnType<NonNullable<Conduct["prepare"]>>>>;
}

/**
 * Checks the place at once, so that a person hears of it before they are asked anything.
 * @throws SecretsError `E_KEY_FILE` for a place inside the repository, `E_NOT_EMPTY` for one that is taken
 */
export async function extraFiles(context: Context, root: string, typed: string): Promise<ExtraFiles> {
  const { path, folder } = await placeOutside(context, root, typed);
  const isNew = await refuseTaken(path, typed);
  return {
    path,
    inMemory: isMemory(isNew ? folder : path),
    write: async (files) => {
      // Whoever was quicker is heard of before a key is written.
      await refuseTaken(path, typed);
      const made = new Made();
      try {
        if (isNew) await made.folder(path);
        for (const file of files) await writeFile(made, path, file);
      } catch (error) {
        await made.takeBack();
        throw toFault(error, "write the files of the machine", typed);
      }
      return () => made.takeBack();
    },
  };
}

/** @returns whether nothing is there */
async function refuseTaken(path: string, typed: string): Promise<boolean> {
  const there = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw toFault(error, "look at the folder", typed);
  });
  if (there === undefined) return true;
  if (!there.isDirectory()) throw taken(typed, "this is no folder");
  // Somebody else could put a link where a key is about to be written.
  if (there.uid !== process.getuid?.() || (there.mode & 0o022) !== 0) {
    throw taken(typed, "others can write into this folder");
  }
  if ((await readdir(path)).length > 0) throw taken(typed, "this folder is not empty");
  return false;
}

function taken(file: string, message: string): SecretsError {
  return new SecretsError("E_NOT_EMPTY", message, {
    kind: "usage",
    location: { file },
    hint: "name a new folder: everything in it would be copied to the machine",
  });
}

async function writeFile(made: Made, root: string, { path, mode, text }: DeployFile): Promise<void> {
  const steps = dirname(path).split("/");
  for (const at of steps.keys()) {
    const folder = steps.slice(0, at + 1).join("/");
    await made.folder(join(root, folder), PRIVATE_FOLDERS.has(folder) ? 0o700 : 0o755);
  }
  await made.file(join(root, path), mode, text);
}

/** What was made, so that it can be unmade: nothing else is touched then. */
class Made {
  readonly #files: string[] = [];
  readonly #folders: string[] = [];

  /** Modes are those on the machine: nixos-anywhere copies them, the tree's own included. */
  async folder(path: string, mode = 0o755): Promise<void> {
    if (this.#folders.includes(path)) return;
    await mkdir(path, { mode });
    this.#folders.push(path);
    await chmod(path, mode);
  }

  async file(path: string, mode: number, text: string): Promise<void> {
    const handle = await open(path, "wx", 0o600);
    this.#files.push(path);
    try {
      await handle.writeFile(text);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  async takeBack(): Promise<void> {
    for (const path of this.#files.splice(0)) await rm(path, { force: true });
    for (const path of this.#folders.splice(0).reverse()) await rmdir(path).catch(() => {});
  }
}
