/** Whole commands in copies of a fleet, killed or failed by strace at one system call, and what they left behind. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { contentHash } from "../../src/repo/change.ts";

const SOURCES = fileURLToPath(new URL("../../src/cli/", import.meta.url));
let bundled: Promise<string> | undefined;

/** The program in one file, as it is shipped: it starts in two thirds of the time that its sources take. */
export function bundledProgram(): Promise<string> {
  bundled ??= bundle();
  return bundled;
}

async function bundle(): Promise<string> {
  const outdir = mkdtempSync(join(tmpdir(), "secrets-test-"));
  process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));
  await build({
    entryPoints: ["main.ts", "seal-thread.ts"],
    absWorkingDir: SOURCES,
    outdir,
    outExtension: { ".js": ".cjs" },
    bundle: true,
    format: "cjs",
    platform: "node",
    supported: { "dynamic-import": false },
    define: { "import.meta.url": '""' },
    external: ["./seal-thread.cjs"],
    logLevel: "warning",
  });
  return join(outdir, "main.cjs");
}

/** A directory in memory where there is one: what is flushed here is counted, and need not reach a disk. */
export function quickDirectory(t: TestContext): string {
  const base = existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
  const path = realpathSync(mkdtempSync(join(base, "secrets-test-")));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A fleet that a command runs in, with a directory for temporary files beside it that only this command has. */
export interface Place {
  readonly root: string;
  readonly state: string;
  readonly temporary: string;
  /** Of the person who runs it. */
  readonly key: string;
}

export function placeAt(directory: string, key: string): Place {
  const temporary = join(directory, "tmp");
  mkdirSync(temporary, { recursive: true });
  const root = join(directory, "fleet");
  return { root, state: join(root, ".git/secrets"), temporary, key };
}

/** A copy with the same modes, links and times. */
export function copyOf({ root, key }: Pick<Place, "root" | "key">, directory: string): Place {
  mkdirSync(directory);
  cpSync(root, join(directory, "fleet"), { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  return placeAt(directory, key);
}

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function environmentIn({ temporary, key }: Place, extra: Readonly<Record<string, string>> = {}) {
  return {
    PATH: process.env["PATH"],
    HOME: temporary,
    TMPDIR: temporary,
    LANG: "C.UTF-8",
    SOPS_AGE_KEY_FILE: key,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_AUTHOR_NAME: "test",
    GIT_AUTHOR_EMAIL: "test@example.org",
    GIT_COMMITTER_NAME: "test",
    GIT_COMMITTER_EMAIL: "test@example.org",
    ...extra,
  };
}

interface RunOptions {
  /** What runs the program: `strace …`. */
  readonly before?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

export async function runIn(
  place: Place,
  argv: readonly string[],
  { before = [], env = {}, stdin = "" }: RunOptions = {},
): Promise<Ended> {
  const main = await bundledProgram();
  const [program = "", ...rest] = [...before, process.execPath, main, ...argv];
  const child = spawn(program, rest, {
    cwd: place.root,
    env: { ...environmentIn(place, env), NODE_COMPILE_CACHE: join(main, "../code") },
  });
  // A program that ends before it reads its input closes the pipe under us; that is its right.
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  const output = [child.stdout, child.stderr].map(async (stream) => (await stream.toArray()).join(""));
  const [code, signal] = await once(child, "close");
  const [stdout = "", stderr = ""] = await Promise.all(output);
  return { code, signal, stdout, stderr };
}

/** One system call of a run: the `nth` of its name that touches `path`, or anything if that is not given. */
export interface Point {
  readonly name: string;
  readonly nth: number;
  /** Absolute, or below the fleet's own state. */
  readonly path?: string;
  /** What it was seen to do, for a person. */
  readonly what: string;
}

/** Families of calls that change a file system; strace takes the names that this kernel has. */
const CHANGING =
  "?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,?unlink,unlinkat,?rmdir,?mkdir,mkdirat,fsync,fdatasync,?chmod,fchmod,ftruncate,?copy_file_range,?sendfile";

/**
 * Runs a command to its end and lists what it did to the file system between taking the lock and giving it back.
 * `write` is not among it: Node's own threads wake each other with it, as often as they like.
 */
export async function pointsOf(place: Place, argv: readonly string[]): Promise<readonly Point[]> {
  const trace = join(place.temporary, "trace");
  const before = ["strace", "-f", "--seccomp-bpf", "-y", "-o", trace, "-e", `trace=${CHANGING}`];
  const { code, stderr } = await runIn(place, argv, { before });
  assert.equal(code, 0, stderr);
  const counts = new Map<string, number>();
  const points: Point[] = [];
  let main: string | undefined;
  let locked = false;
  for (const line of readFileSync(trace, "utf8").split("\n")) {
    const [, thread, name, rest = ""] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
    main ??= thread;
    if (name === undefined || thread !== main) continue;
    const nth = (counts.get(name) ?? 0) + 1;
    counts.set(name, nth);
    if (name.startsWith("link") && rest.includes('/lock"')) locked = true;
    if (locked) points.push({ name, nth, what: `${name} ${nth}: ${rest.replaceAll(place.root, "")}` });
    if (name.startsWith("unlink") && rest.includes('/lock"')) return points;
  }
  return assert.fail("the command never gave back its lock");
}

/**
 * Runs a command in which the system call at a point ends as told.
 * @param fate `signal=SIGKILL`, `delay_enter=900ms`, `error=EIO`; with a `+` behind it for this call and all later ones of its name
 */
export async function runUnderFire(
  place: Place,
  argv: readonly string[],
  { name, nth, path }: Point,
  fate: string,
): Promise<Ended & { readonly hit: boolean }> {
  const trace = join(place.temporary, "trace");
  const kills = fate.startsWith("signal");
  // Three times as fast, but strace 6.1 forgets its signals with it. Files of the fleet are written by the main thread;
  // by which thread another file is, nobody knows.
  const how = kills ? (path === undefined ? [] : ["-f"]) : ["-f", "--seccomp-bpf"];
  const which = path === undefined ? [] : ["-P", resolve(place.state, path)];
  const when = `when=${nth}${fate.endsWith("+") ? "+" : ""}`;
  const rules = ["-e", `trace=${name}`, "-e", `inject=${name}:${fate.replace("+", "")}:${when}`];
  const before = ["strace", ...how, "-qq", "-o", trace, ...which, ...rules];
  const ended = await runIn(place, argv, { before });
  const hit = kills ? ended.signal === "SIGKILL" : /\((INJECTED|DELAYED)/.test(readFileSync(trace, "utf8"));
  rmSync(trace);
  return { ...ended, hit };
}

/** Every file, link and directory of a work tree with its mode and content, in a form that can be compared. */
export type Tree = ReadonlyMap<string, string>;

export function treeOf(root: string): Tree {
  const tree = new Map<string, string>();
  const visit = (directory: string) => {
    for (const name of readdirSync(join(root, directory)).sort()) {
      const path = join(directory, name);
      if (path === ".git") continue;
      const stats = lstatSync(join(root, path));
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) tree.set(path, `-> ${readlinkSync(join(root, path))}`);
      else if (!stats.isDirectory()) tree.set(path, `${mode} ${contentHash(readFileSync(join(root, path)))}`);
      else {
        tree.set(`${path}/`, mode);
        visit(path);
      }
    }
  };
  visit("");
  return tree;
}

/**
 * Which of two trees this is; fails with the first difference when it is neither.
 * @param isLoose directories do not count
 */
export function sideOf(
  now: Tree,
  { before, after }: { readonly before: Tree; readonly after: Tree },
  what: string,
  isLoose = false,
): "before" | "after" {
  if (isLoose)
    return sideOf(
      withoutDirectories(now),
      { before: withoutDirectories(before), after: withoutDirectories(after) },
      what,
    );
  if (isSame(now, before)) return "before";
  if (isSame(now, after)) return "after";
  const [toBefore, toAfter] = [before, after].map((tree) => differences(now, tree));
  assert.deepEqual((toBefore?.length ?? 0) < (toAfter?.length ?? 0) ? toBefore : toAfter, [], what);
  return assert.fail(what);
}

function differences(now: Tree, tree: Tree): string[] {
  const paths = [...new Set([...now.keys(), ...tree.keys()])].filter((path) => now.get(path) !== tree.get(path));
  return paths.map((path) => `${path}: ${now.get(path)} instead of ${tree.get(path)}`);
}

function withoutDirectories(tree: Tree): Tree {
  return new Map([...tree].filter(([path]) => !path.endsWith("/")));
}

export function isSame(a: Tree, b: Tree): boolean {
  return a.size === b.size && [...a].every(([path, is]) => b.get(path) === is);
}

/** Fails if one of the texts is anywhere in the files below a directory. @param but paths that may hold them */
export function proveAbsent(directory: string, texts: readonly string[], what: string, but: readonly string[] = []) {
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || but.includes(path)) continue;
    const bytes = readFileSync(path).toString("latin1");
    const found = texts.some((text) => bytes.includes(text));
    // Not the text itself: it is a secret, if one of nothing.
    assert.ok(!found, `${what}: ${path} holds plain text`);
  }
}

/** Waits for something that another process does. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let waited = 0; !isSo(); waited += 5) {
    assert.ok(waited < 30_000, String(isSo));
    await sleep(5);
  }
}

/** Two at a time: a run is one process that mostly computes. */
export async function inLanes<T>(items: readonly T[], work: (item: T, lane: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async (_: unknown, index: number) => {
    for (let i = next++; i < items.length; i = next++) await work(items[i] as T, index);
  };
  await Promise.all([0, 1].map(lane));
}
