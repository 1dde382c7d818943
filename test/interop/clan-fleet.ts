/**
 * The fleet that clan itself wrote, unpacked into a git repository, and what must stay true of it whoever changes it:
 * clan's own reckoning of readers, the shape of its links, key files and secrets, written down here once more.
 */
import assert from "node:assert/strict";
import type { Dirent } from "node:fs";
import { cp, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../src/repo/program.ts";
import { type Outcome, secrets, temporaryDirectory } from "../cli/harness.ts";
import {
  documentPaths,
  type Expectation,
  type Holder,
  publicHalf,
  recipientsOf,
  type Witness,
  witness,
} from "./access-witness.ts";

const golden = fileURLToPath(new URL("../../fixtures/golden/clan/", import.meta.url));

/** A file name with slashes in it, which clan's bulk re-key walks past. */
export const DEEP = "vars/per-machine/m1/secureboot/keys/KEK/KEK.key/secret";

export interface ClanFleet {
  readonly root: string;
  /** Outside of the repository. */
  readonly directory: string;
  readonly seen: Witness;
  readonly holder: (name: string) => Holder;
  readonly git: (...argv: string[]) => Promise<string>;
  /** As alice, or with the key in this file. */
  readonly run: (argv: readonly string[], key?: string) => Promise<Outcome>;
  /** A command, whole; then everything is proved. @returns documents that changed */
  readonly step: (argv: readonly string[], expected?: Expectation, key?: string) => Promise<readonly string[]>;
}

export async function clanFleet(t: TestContext): Promise<ClanFleet> {
  const directory = await temporaryDirectory(t);
  const root = join(directory, "repo");
  await run(["tar", "-xzf", join(golden, "sops-repo.tgz"), "-C", directory]);
  await cp(join(golden, "keys"), join(directory, "keys"), { recursive: true });
  await addOldForms(root);
  const git = async (...argv: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    const { code, stdout, stderr } = await run(["git", ...identity, ...argv], { cwd: root });
    assert.equal(code, 0, stderr);
    return Buffer.from(stdout).toString("utf8");
  };
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "-m", "By clan");
  const holders = await Promise.all(
    ["alice", "bob", "carol", "m1", "m2", "dave"].map(async (name): Promise<Holder> => {
      const file = join(directory, "keys", name === "dave" ? "dave_ssh_ed25519" : `${name}.txt`);
      const ssh = async () => (await readFile(`${file}.pub`, "utf8")).trim().split(" ", 2).join(" ");
      return { name, recipient: name === "dave" ? await ssh() : await publicHalf(file), file };
    }),
  );
  const holder = (name: string) => {
    const found = holders.find((one) => one.name === name);
    assert.ok(found);
    return found;
  };
  const seen = await witness(root, holders);
  const shape = await shapeOf(root, git);
  const runAs = (argv: readonly string[], key = holder("alice").file) =>
    secrets(argv, { cwd: root, env: { HOME: directory, SOPS_AGE_KEY_FILE: key } });
  const step = async (argv: readonly string[], expected?: Expectation, key?: string) => {
    const { code, stdout, stderr } = await runAs([...argv, "--yes"], key);
    assert.equal(code, 0, `${argv.join(" ")}: ${stderr}${stdout.toString()}`);
    const touched = await seen.prove(expected);
    await proveReckoning(root);
    await proveLinks(root);
    proveShape(shape, await shapeOf(root, git));
    const check = await runAs(["check", "--deep"], key);
    assert.equal(check.code, 0, check.stdout.toString());
    return touched;
  };
  return { root, directory, seen, holder, git, run: runAs, step };
}

/** What the golden fleet lacks and public fleets have: a key file of one object, and names with slashes. */
async function addOldForms(root: string): Promise<void> {
  const keyFile = join(root, "sops/users/dave/key.json");
  const [key] = JSON.parse(await readFile(keyFile, "utf8"));
  await writeFile(keyFile, `${JSON.stringify(key)}\n`);
  const folder = dirname(DEEP);
  await mkdir(join(root, folder), { recursive: true });
  await cp(join(root, "vars/per-machine/m1/dep/bin/secret"), join(root, DEEP));
  for (const member of ["users/alice", "machines/m1", "groups/admins"]) {
    const link = join(folder, member);
    await mkdir(join(root, dirname(link)));
    await symlink(relative(dirname(link), join("sops", member)), join(root, link));
  }
}

/** Clan's algorithm: readers are the keys that the links of a secret reach, by themselves and through groups. */
async function proveReckoning(root: string): Promise<void> {
  for (const path of await documentPaths(root)) {
    const folder = join(root, dirname(path));
    const places = [folder, ...(await below(join(folder, "groups")))];
    const members = (
      await Promise.all(places.flatMap((at) => [below(join(at, "users")), below(join(at, "machines"))]))
    ).flat();
    const keys = new Set<string>();
    for (const member of members) {
      const stated = JSON.parse(await readFile(join(member, "key.json"), "utf8"));
      for (const { publickey } of Array.isArray(stated) ? stated : [stated]) keys.add(publickey);
    }
    const sealed = recipientsOf(await readFile(join(root, path), "utf8"));
    assert.deepEqual([...sealed].sort(), [...keys].sort(), `${path}: its links and its readers`);
  }
}

async function below(directory: string): Promise<string[]> {
  const names = await readdir(directory).catch(() => []);
  return names.map((name) => join(directory, name));
}

/** Every link leads to whom its own path names, by the relative path that clan computes, and to something. */
async function proveLinks(root: string): Promise<void> {
  const links: Dirent[] = [];
  for (const tree of ["sops", "vars"]) {
    const entries = await readdir(join(root, tree), { recursive: true, withFileTypes: true });
    links.push(...entries.filter((entry) => entry.isSymbolicLink()));
  }
  assert.notEqual(links.length, 0);
  for (const { parentPath, name } of links) {
    const target = join(root, "sops", basename(parentPath), name);
    assert.equal(await readlink(join(parentPath, name)), relative(parentPath, target), join(parentPath, name));
    assert.ok((await stat(join(parentPath, name))).isDirectory(), join(parentPath, name));
  }
}

type Shape = ReadonlyMap<string, { readonly git: string; readonly disk: number; readonly form: unknown }>;

async function shapeOf(root: string, git: ClanFleet["git"]): Promise<Shape> {
  await git("add", "--all");
  const lines = (await git("ls-files", "--stage", "-z")).split("\0").filter((line) => line !== "");
  const shape = new Map();
  for (const line of lines) {
    const [, mode = "", path = ""] = /^(\d+) \w+ 0\t(.*)$/s.exec(line) ?? [];
    const absolute = join(root, path);
    const link = mode === "120000";
    const form = link ? await readlink(absolute) : await formOf(absolute);
    shape.set(path, { git: mode, disk: link ? 0 : (await stat(absolute)).mode & 0o777, form });
  }
  return shape;
}

/** What of a file's text is form and not content. */
async function formOf(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  if (path.endsWith("/key.json")) {
    const keys = JSON.parse(text);
    return { list: Array.isArray(keys), indented: text.includes("\n "), ends: text.endsWith("\n") };
  }
  if (!path.endsWith("/secret")) return text;
  const { data, sops } = JSON.parse(text);
  assert.equal(text.trimEnd(), JSON.stringify({ data, sops }, null, "\t"), path);
  const entry = [...new Set(sops.age.map((one: object) => Object.keys(one).join()))];
  return { keys: Object.keys(sops), version: sops.version, entry, ends: text.endsWith("\n") };
}

/** Modes, links and forms of what was there are what they were; what is new has clan's. */
function proveShape(before: Shape, after: Shape): void {
  for (const [path, shape] of after) {
    const old = before.get(path);
    if (old !== undefined) assert.deepEqual(shape, old, path);
    else if (path.endsWith("/secret")) assert.equal(shape.disk, 0o600, path);
    else if (path.endsWith("/key.json"))
      assert.deepEqual(shape.form, { list: true, indented: true, ends: false }, path);
  }
}
