/**
 * What is asked of git, and how: no hooks, no monitors, no locks, no locale, NUL between names. git is a reader here; a
 * repository's own configuration must not be able to run a program through us.
 */
import { SecretsError } from "../errors.ts";
import { type RunResult, run } from "./program.ts";

export interface ListedFile {
  /** Relative to the root. */
  readonly path: string;
  readonly kind: "file" | "link";
  readonly executable: boolean;
  /** Object id of the index entry; undefined for an untracked file. */
  readonly blob: string | undefined;
}

const SAFE = [
  "-c",
  "core.fsmonitor=false",
  "-c",
  "core.hooksPath=/dev/null",
  "-c",
  "core.quotePath=false",
  "-c",
  "protocol.ext.allow=never",
];

/**
 * Entries of the index with their modes; merge conflicts appear once.
 * @throws SecretsError `E_GIT` with what to do
 */
export async function listIndex(root: string): Promise<ListedFile[]> {
  const { stdout } = await git(root, ["ls-files", "--stage", "-z"]);
  const files = new Map<string, ListedFile>();
  for (const entry of splitNul(stdout)) {
    const tab = entry.indexOf("\t");
    const [mode = "", blob = ""] = entry.slice(0, tab).split(" ");
    const path = entry.slice(tab + 1);
    // A submodule (160000) is another repository; its files are not ours.
    if (mode === "160000") continue;
    files.set(path, { path, kind: mode === "120000" ? "link" : "file", executable: mode === "100755", blob });
  }
  return [...files.values()];
}

/** Paths that git neither tracks nor ignores. */
export async function listUntracked(root: string): Promise<string[]> {
  const { stdout } = await git(root, ["ls-files", "--others", "--exclude-standard", "-z"]);
  return splitNul(stdout).filter((path) => !path.endsWith("/"));
}

/** The contents of blobs of the index, in the order asked for. */
export async function readBlobs(root: string, blobs: readonly string[]): Promise<Buffer[]> {
  if (blobs.length === 0) return [];
  const { stdout } = await git(root, ["cat-file", "--batch", "--buffer"], Buffer.from(`${blobs.join("\n")}\n`));
  const contents: Buffer[] = [];
  let at = 0;
  for (const blob of blobs) {
    const lineEnd = stdout.indexOf(10, at);
    const [, type, size] = stdout.toString("latin1", at, lineEnd).split(" ");
    if (type !== "blob") throw new SecretsError("E_GIT", `git cannot read the object ${blob} of the index`);
    const start = lineEnd + 1;
    contents.push(stdout.subarray(start, start + Number(size)));
    at = start + Number(size) + 1;
  }
  return contents;
}

/** The version that `git --version` prints. */
export async function gitVersion(): Promise<string> {
  const { stdout } = await run(["git", "--version"]);
  return stdout.toString("utf8").trim();
}

async function git(root: string, argv: readonly string[], input?: Uint8Array): Promise<RunResult> {
  const { PATH, HOME, XDG_CONFIG_HOME } = process.env;
  const result = await run(["git", ...SAFE, ...argv], {
    cwd: root,
    env: { PATH, HOME, XDG_CONFIG_HOME, LC_ALL: "C", GIT_OPTIONAL_LOCKS: "0", GIT_TERMINAL_PROMPT: "0" },
    maxOutput: 1024 * 1024 * 1024,
    timeoutMs: 120_000,
    ...(input === undefined ? {} : { input }),
  });
  if (result.code === 0) return result;
  throw new SecretsError("E_GIT", `git ${argv[0] ?? ""} failed: ${firstLine(result.stderr)}`, {
    hint: result.stderr.includes("dubious ownership")
      ? "the repository belongs to another user; see git config safe.directory"
      : "run git status in this directory to see what is wrong",
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0]?.slice(0, 200) ?? "";
}

function splitNul(bytes: Buffer): string[] {
  const text = bytes.toString("utf8");
  return text === "" ? [] : text.slice(0, -1).split("\0");
}
