/**
 * A change of access under fire. One plan that touches everything (rules, keys, links that come and links that go,
 * a dozen documents with new data keys) is killed, or failed by the disk, at every system call that writes. Then the
 * fleet is, to the byte, as before or as after; both of those are opened by the real sops.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { takeLock } from "../../src/repo/lock.ts";
import { ok, start } from "./access-sample.ts";
import { ageHolder, decrypt, documentPaths, type Holder } from "./access-witness.ts";
import { insteadOf } from "./expected-readers.ts";
import {
  copyOf,
  inLanes,
  type Place,
  type Point,
  pointsOf,
  proveAbsent,
  quickDirectory,
  runIn,
  runUnderFire,
  sideOf,
  type Tree,
  treeOf,
} from "./under-fire.ts";

interface Stage {
  /** Never changed; every run has a copy. */
  readonly place: Place;
  readonly directory: string;
  /** What is run. */
  readonly argv: readonly string[];
  /** Where the staged files are that it writes, and the record. */
  readonly writes: readonly string[];
  readonly before: Tree;
  readonly after: Tree;
  /** Parts of the values of all documents. */
  readonly plain: readonly string[];
}

test("a change of access that touches everything", async (t) => {
  const stage = await setStage(t);
  const calls = await pointsOf(copyOf(stage.place, join(stage.directory, "count")), stage.argv);
  const all = [...calls, ...stage.writes.map(writeOf)];
  // What prepares one document after the other is the same each time; what moves them into place never is.
  const points = all.filter(everySome(/^(link|fchmod|write).*transaction\/(old|new)\/\d+/, 5));
  t.diagnostic(`${points.length} of ${all.length} points`);
  const runs = counter();
  const fresh = () => copyOf(stage.place, join(stage.directory, `run-${runs()}`));

  await t.test("killed at every write: the next command finishes or undoes it first", async () => {
    const sides = { before: 0, after: 0, finished: 0, undone: 0 };
    await inLanes(points, async (point) => {
      const place = fresh();
      const what = `killed at ${point.what}`;
      const { hit } = await runUnderFire(place, stage.argv, point, "signal=SIGKILL");
      assert.ok(hit, what);
      proveAbsent(join(place.root, ".."), stage.plain, what);
      const { code, stderr } = await runIn(place, ["status"]);
      assert.equal(code, 0, `${what}: ${stderr}`);
      const side = sideOf(treeOf(place.root), stage, what);
      const outcome = /^note: .*interrupted run.* was (finished|undone)$/m.exec(stderr)?.[1] ?? "clean";
      if (outcome === "finished") assert.equal(side, "after", what);
      if (outcome === "undone") assert.equal(side, "before", what);
      proveNothingLeft(place, stage, what, side);
      sides[side]++;
      if (outcome === "finished" || outcome === "undone") sides[outcome]++;
      await discard(place);
    });
    t.diagnostic(JSON.stringify(sides));
    for (const count of Object.values(sides)) assert.ok(count > 2, JSON.stringify(sides));
  });

  await t.test("failed at every write: taken back at once, or by the next command", async () => {
    const codes = counts();
    const all: (readonly [Point, string])[] = [];
    for (const [fate, names, step] of FAILURES)
      all.push(
        ...points
          .filter(({ name }) => names.test(name))
          .flatMap((point, i) => (i % step === 0 ? [[point, fate] as const] : [])),
      );
    await inLanes(all, async ([point, fate]) => {
      const place = fresh();
      const what = `${fate} at ${point.what}`;
      const { code, stderr, hit } = await runUnderFire(place, stage.argv, point, `error=${fate}`);
      assert.ok(hit, what);
      proveAbsent(join(place.root, ".."), stage.plain, what);
      codes.add(String(code));
      // An empty directory is nothing to git, and may be left where the disk refuses to let it go.
      const isLoose = point.name === "rmdir";
      const look = () => sideOf(treeOf(place.root), stage, what, isLoose);
      if (code === 0) assert.equal(look(), "after", what);
      else if (code === 2) assert.equal(look(), "before", what);
      else assert.equal(code, 6, `${what}: ${stderr}`);
      if (code === 6 || existsSync(join(place.state, "transaction"))) {
        const next = await runIn(place, ["status"]);
        assert.equal(next.code, 0, `${what}: ${next.stderr}`);
        assert.match(next.stderr, /^note: .*interrupted run.* was (finished|undone)$/m, what);
      }
      proveNothingLeft(place, stage, what, look());
      await discard(place);
    });
    t.diagnostic(JSON.stringify(Object.fromEntries(codes.all)));
  });
});

/** What the disk says, to which calls, to every which of them. */
const FAILURES = [
  ["EIO", /./, 2],
  ["ENOSPC+", /^(mkdir|link|symlink|rename|write|fsync)/, 4],
  ["EROFS+", /^(mkdir|link|symlink|rename|unlink|fchmod)/, 4],
] as const;

/** A fleet in which three plans of one moment touch nothing twice, and those three as one. */
async function setStage(t: TestContext): Promise<Stage> {
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
    writes: ["apply.json.draft", ...plan.changes.flatMap(stagedAs)].map((name) => join("transaction", name)),
    before: treeOf(place.root),
    plain,
  };
  await proveKinds(plan.changes, stage.before);
  // The one that nothing happens to is looked at by the real sops.
  await ok(fleet, argv, { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") });
  const touched = await seen.prove({ readers: insteadOf("bruno", "next") });
  assert.ok(touched.length >= 10, String(touched));
  return { ...stage, after: treeOf(fleet.root) };
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
    const opened = await Promise.all(keys.map((key) => decrypt(root, path, key)));
    const plain = opened.find(({ code }) => code === 0)?.stdout.toString("utf8");
    assert.ok(plain, `somebody opens ${path}`);
    for (const [word] of plain.matchAll(/[\w+/=.$-]{16,}/g)) words.add(word);
  }
  assert.ok(words.size > paths.length);
  const clear = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)).toString("latin1"))
    .join("\n");
  return [...words].filter((word) => !clear.includes(word));
}

/** Nothing but the record of a finished change, what is approved, and what is remembered. */
function proveNothingLeft({ root, state, temporary }: Place, stage: Stage, what: string, side: "before" | "after") {
  takeLock({ path: root, git: join(root, ".git"), state }, "next").release();
  const known = new Set(readdirSync(stage.place.state));
  const rest = readdirSync(state).filter((name) => !known.has(name) && !/^lock\./.test(name));
  assert.deepEqual(rest, side === "after" ? ["last"] : [], what);
  assert.deepEqual(readdirSync(temporary), [], what);
  proveAbsent(join(root, ".."), stage.plain, what);
}

function writeOf(path: string): Point {
  return { name: "write", nth: 1, path, what: `write ${path}` };
}

/** Of the points that match, the first and then every `step`th; of the others all. */
function everySome(repeated: RegExp, step: number): (point: Point) => boolean {
  if (process.env["SLOW"] !== undefined) return () => true;
  const counts = new Map<string, number>();
  return ({ name, what }) => {
    if (!repeated.test(what)) return true;
    const count = counts.get(name) ?? 0;
    counts.set(name, count + 1);
    return count % step === 0;
  };
}

function counts(): { readonly add: (name: string) => void; readonly all: ReadonlyMap<string, number> } {
  const all = new Map<string, number>();
  return { add: (name) => all.set(name, (all.get(name) ?? 0) + 1), all };
}

function counter(): () => number {
  let count = 0;
  return () => count++;
}

async function discard({ root }: Place): Promise<void> {
  await rm(join(root, ".."), { recursive: true });
}
