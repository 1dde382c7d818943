/** Throw-away repositories for the tests of the ground floor. */
import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import type { Root } from "../../src/repo/root.ts";

export function makeDirectory(t: TestContext): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), "secrets-test-")));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A root with a `.git` that no git made: enough for all but `git.ts`, and no process to wait for. */
export function makeRoot(t: TestContext, files: Readonly<Record<string, string>> = {}): Root {
  const path = makeDirectory(t);
  const git = join(path, ".git");
  mkdirSync(git);
  writeFileSync(join(git, "HEAD"), "ref: refs/heads/main\n");
  writeTree(path, files);
  return { path, git, state: join(git, "secrets") };
}

export function makeGitRoot(t: TestContext, files: Readonly<Record<string, string>> = {}): Root {
  const path = makeDirectory(t);
  git(path, "init", "-q", "-b", "main");
  writeTree(path, files);
  return { path, git: join(path, ".git"), state: join(path, ".git", "secrets") };
}

export function git(cwd: string, ...args: string[]): string {
  const identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"];
  return execFileSync("git", [...identity, ...args], { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
}

/** Content that starts with `-> ` makes a link. */
export function writeTree(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content.startsWith("-> ")) symlinkSync(content.slice(3), join(root, path));
    else writeFileSync(join(root, path), content);
  }
}

/** Every file, link and empty directory of the work tree, in the form of `writeTree`; empty directories as `path/`. */
export function readTree(root: string, directory = ""): Record<string, string> {
  const tree: Record<string, string> = {};
  for (const name of readdirSync(join(root, directory)).sort()) {
    const path = directory === "" ? name : `${directory}/${name}`;
    if (path === ".git") continue;
    const stats = lstatSync(join(root, path));
    if (stats.isSymbolicLink()) tree[path] = `-> ${readlinkSync(join(root, path))}`;
    else if (!stats.isDirectory()) tree[path] = readFileSync(join(root, path), "utf8");
    else if (readdirSync(join(root, path)).length === 0) tree[`${path}/`] = "";
    else Object.assign(tree, readTree(root, path));
  }
  return tree;
}
