/** A small fleet, and one plan for it that touches everything that a change of access can touch. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ok, start } from "./access-sample.ts";
import { ageHolder, decrypt, documentPaths, type Holder } from "./access-witness.ts";
import { insteadOf } from "./expected-readers.ts";
import { copyOf, type Place, quickDirectory, runIn, type Tree, treeOf } from "./under-fire.ts";

export interface Stage {
  /** Never changed; every run has a copy. */
  readonly place: Place;
  readonly directory: string;
  /** What is run, by bruno: his key changes. */
  readonly argv: readonly string[];
  readonly next: Holder;
  /** What it touches. */
  readonly paths: readonly string[];
  /** Where the staged files are that it writes, and the record. */
  readonly writes: readonly string[];
  readonly before: Tree;
  readonly after: Tree;
  /** Parts of the values of all documents. */
  readonly plain: readonly string[];
}

/** A fleet in which three plans of one moment touch nothing twice, and those three as one. */
export async function setStage(t: TestContext): Promise<Stage> {
  const { fleet, directory, seen } = await start(t);
  const next = await ageHolder(directory, "next");
  const dora = await ageHolder(directory, "dora");
  seen.know(next);
  for (const name of ["db01", "backup01", "studio"])
    await rm(join(fleet.root, "vars/per-machine", name), { recursive: true });
  for (const name of ["backup01", "studio"])
    await rm(join(fleet.root, `sops/secrets/${name}-age.key`), { recursive: true });
  await rm(join(fleet.root, ".git/hooks"), { recursive: true });
  await mkdir(join(fleet.root, "sops/users/dora"));
  await writeFile(join(fleet.root, "sops/users/dora/key.json"), keyJson(dora));
  await mkdir(join(fleet.root, "sops/groups/guests/users"), { recursive: true });
  for (const name of ["chiara", "dora"])
    await symlink(`../../../users/${name}`, join(fleet.root, "sops/groups/guests/users", name));
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Fewer machines, and guests");
  const base = quickDirectory(t);
  const place = copyOf({ root: fleet.root, key: fleet.keyOf("bruno") }, join(base, "origin"));
  await rm(join(place.state, "last"), { recursive: true });
  const plans = [
    ["rotate", "user", "bruno", "--to", next.recipient],
    ["user", "rm", "dora"],
    ["group", "add", "ops", "chiara", "db01"],
  ];
  const files = await Promise.all(
    plans.map(async (argv, i) => {
      const file = join(base, `${i}.plan`);
      const { code, stderr } = await runIn(place, [...argv, "--plan-out", file]);
      assert.equal(code, 0, stderr);
      return JSON.parse(await readFile(file, "utf8"));
    }),
  );
  const list = (field: string) => files.flatMap((file) => file[field]);
  const eve = await ageHolder(directory, "eve");
  const added = { path: "sops/users/eve/key.json", expect: "absent", bytes: btoa(keyJson(eve)), reason: "eve" };
  const plan = { ...files[0], changes: [...list("changes"), added], newDataKeys: list("newDataKeys") };
  const file = join(base, "plan");
  await writeFile(file, JSON.stringify(plan));
  const argv = ["apply", file, "--yes", "--allow", next.recipient];
  const plain = await plainTexts(place.root, [...PEOPLE.map((name) => ({ file: fleet.keyOf(name) }))]);
  const stage = {
    place,
    directory: base,
    argv,
    next,
    paths: plan.changes.map(({ path }: PlannedFile) => path),
    writes: ["apply.json.draft", ...plan.changes.flatMap(stagedAs)].map((name) => join("transaction", name)),
    before: treeOf(place.root),
    plain,
  };
  await proveKinds(plan.changes, stage.before);
  // The one that nothing happens to is looked at by the real sops.
  await ok(fleet, argv, { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") });
  const touched = await seen.prove({ readers: insteadOf("bruno", "next") });
  assert.ok(touched.length >= 10, String(touched));
  const after = treeOf(fleet.root);
  const modeOf = (tree: Tree, path: string) => tree.get(path)?.split(" ")[0];
  for (const path of stage.before.keys())
    if (after.has(path)) assert.equal(modeOf(after, path), modeOf(stage.before, path), path);
  return { ...stage, after };
}

const PEOPLE = ["ada", "bruno", "chiara"];

function keyJson({ recipient }: Holder): string {
  return JSON.stringify([{ publickey: recipient, type: "age" }], null, 2);
}

interface PlannedFile {
  readonly path: string;
  readonly expect: string;
  readonly bytes?: string;
  readonly link?: string;
}

function stagedAs({ bytes }: PlannedFile, index: number): string[] {
  return bytes === undefined ? [] : [`new/${index}`];
}

/** A matrix over a plan without links would prove nothing about links. */
function proveKinds(changes: readonly PlannedFile[], before: Tree): void {
  const paths = changes.map(({ path }) => path);
  assert.equal(new Set(paths).size, paths.length, "nothing is touched twice");
  const has = (what: (change: PlannedFile) => boolean) => assert.ok(changes.some(what), String(what));
  const isNew = ({ expect }: PlannedFile) => expect === "absent";
  has(({ path, bytes }) => path === ".sops.yaml" && bytes !== undefined);
  has((change) => change.path.endsWith("/key.json") && change.bytes !== undefined && !isNew(change));
  has(({ path, bytes }) => path.endsWith("/key.json") && bytes === undefined);
  has((change) => change.bytes !== undefined && isNew(change));
  has((change) => change.link !== undefined && isNew(change));
  has(({ expect, link, bytes }) => expect.startsWith("link:") && link === undefined && bytes === undefined);
  assert.ok(before.has("sops/users/dora/"), "a directory that goes");
}

/** Long words of what is sealed, as far as they are nowhere in the clear. */
async function plainTexts(root: string, keys: readonly Pick<Holder, "file">[]): Promise<string[]> {
  const words = new Set<string>(["AGE-SECRET-KEY-"]);
  const paths = await documentPaths(root);
  for (const path of paths) {
    let plain = "";
    for (const key of keys) plain ||= (await decrypt(root, path, key)).stdout.toString("utf8");
    assert.notEqual(plain, "", `somebody opens ${path}`);
    for (const [word] of plain.matchAll(/[\w+/=.$-]{16,}/g)) words.add(word);
  }
  assert.ok(words.size > paths.length);
  const clear = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"))
    .join("\n");
  return [...words].filter((word) => !clear.includes(word));
}
