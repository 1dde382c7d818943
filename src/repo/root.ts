/** Where the fleet begins, and where this tool keeps its own state in it. */
import { lstat, readFile, realpath } from "node:fs/promises";
import { dirname, isAbsolute, join, resolve } from "node:path";
import { SecretsError } from "../errors.ts";

export interface Root {
  /** Absolute, links resolved. */
  readonly path: string;
  /** The git directory of this work tree; undefined for a fleet that is not in git. */
  readonly gitDirectory: string | undefined;
}

/** What a fleet without git is known by. */
const MARKS = [".sops.yaml", "sops", "vars"] as const;

/**
 * The nearest directory upward that is a git work tree, else the nearest with `.sops.yaml`, `sops/` or `vars/`. git itself
 * is not asked: it costs a process, and where the top is can be seen from the `.git` entry.
 * @throws SecretsError `E_NO_FLEET`
 */
export async function findRoot(start: string): Promise<Root> {
  const from = await realpath(start).catch(() => {
    throw new SecretsError("E_NO_FLEET", "this directory does not exist", { location: { file: start } });
  });
  let marked: string | undefined;
  for (let directory = from; ; directory = dirname(directory)) {
    const gitDirectory = await gitDirectoryOf(directory);
    if (gitDirectory !== undefined) return { path: directory, gitDirectory };
    if (marked === undefined && (await hasMark(directory))) marked = directory;
    if (dirname(directory) === directory) break;
  }
  if (marked !== undefined) return { path: marked, gitDirectory: undefined };
  throw new SecretsError(
    "E_NO_FLEET",
    "this is no fleet: neither a git work tree nor a directory with .sops.yaml, sops/ or vars/",
    {
      location: { file: start },
      hint: "go to your fleet's repository, or name it with -C DIR\nsecrets demo makes a sample fleet to try things in",
    },
  );
}

/**
 * The tool's own directory: in the git directory, where neither `git clean` nor another work tree reaches it. It may not
 * exist yet.
 */
export async function stateDirectory(root: string): Promise<string> {
  const gitDirectory = await gitDirectoryOf(root);
  return gitDirectory === undefined ? join(root, ".secrets-state") : join(gitDirectory, "secrets");
}

async function gitDirectoryOf(directory: string): Promise<string | undefined> {
  const entry = join(directory, ".git");
  const status = await lstat(entry).catch(() => undefined);
  if (status === undefined) return undefined;
  if (status.isDirectory()) return (await exists(join(entry, "HEAD"))) ? entry : undefined;
  if (!status.isFile() || status.size > 4096) return undefined;
  // A linked work tree or a submodule: the file says where its git directory is.
  const target = /^gitdir: (.+?)\r?\n?$/.exec(await readFile(entry, "utf8"))?.[1];
  if (target === undefined) return undefined;
  return isAbsolute(target) ? target : resolve(directory, target);
}

async function hasMark(directory: string): Promise<boolean> {
  for (const mark of MARKS) if (await exists(join(directory, mark))) return true;
  return false;
}

async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined;
}
