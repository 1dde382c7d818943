/**
 * A change of access under fire. One plan that touches everything (rules, keys, links that come and links that go,
 * a dozen documents with new data keys) is killed, or failed by the disk, at every system call that writes. Then the
 * fleet is, to the byte, as before or as after; both of those are opened by the real sops.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { takeLock } from "../../src/repo/lock.ts";
import { findProgram, run } from "../../src/repo/program.ts";
import { decrypt, documentPaths, publicHalf, recipientsOf } from "./access-witness.ts";
import { type Stage, setStage } from "./crash-stage.ts";
import {
  copyOf,
  inLanes,
  isSame,
  type Place,
  type Point,
  placeAt,
  pointsOf,
  proveAbsent,
  runIn,
  runUnderFire,
  sideOf,
  treeOf,
} from "./under-fire.ts";
import { uniformFleet } from "./uniform-fleet.ts";

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
    const all = FAILURES.flatMap(([fate, names, step]) =>
      someOfEach(
        points.filter(({ name }) => names.test(name)),
        step,
      ).map((point) => [point, fate] as const),
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

  await t.test("on a disk that is really full: said so, and nothing of it is left", async () => {
    const mount = join(stage.directory, "full");
    const kept = join(stage.directory, "kept");
    await mkdir(mount);
    await mkdir(kept);
    // What is free on it, in KiB: nothing at all, less and less of what has to be staged, and enough.
    const script = `
      mount=$1 origin=$2 kept=$3 && shift 3
      for free in 0 8 24 48 72 800; do
        mount -t tmpfs -o size=64m tmpfs "$mount" && cp -a "$origin" "$mount/fleet" && cd "$mount/fleet" &&
        mount -o remount,size=$(( $(df --output=used "$mount" | tail -1) + free ))k "$mount" || exit
        "$@" 2> "$kept/$free.said"; echo $? > "$kept/$free.code"
        cp -a "$mount" "$kept/$free" && cd / && umount "$mount" || exit
      done`;
    const place = fresh();
    const own = process.getuid?.() === 0 ? ["-m"] : ["-rm"];
    const before = ["unshare", ...own, "sh", "-c", script, "sh", mount, place.root, kept];
    const { code, stderr } = await runIn(place, stage.argv, { before });
    assert.equal(code, 0, stderr);
    const codes: number[] = [];
    for (const free of [0, 8, 24, 48, 72, 800]) {
      const what = `${free} KiB`;
      const full = placeAt(join(kept, String(free)), place.key);
      codes.push(Number(await readFile(join(kept, `${free}.code`), "utf8")));
      const side = sideOf(treeOf(full.root), stage, what);
      assert.equal(side, codes.at(-1) === 0 ? "after" : "before", what);
      if (side === "before") assert.match(await readFile(join(kept, `${free}.said`), "utf8"), /E_NO_SPACE/, what);
      proveNothingLeft(full, stage, what, side);
    }
    assert.deepEqual(codes, [2, 2, 2, 2, 2, 0]);
  });

  await t.test("a new key: its file is there as long as anything is sealed to it", async () => {
    const argvIn = ({ root }: Place) => ["rotate", "user", "bruno", "--generate", join(root, "../key.txt"), "--yes"];
    const counted = fresh();
    const all = await pointsOf(counted, argvIn(counted));
    const reference = treeOf(counted.root);
    await proveSealedTo(counted, join(counted.root, "../key.txt"));
    const renames = all.filter(({ name }) => name.startsWith("rename"));
    const file = (name: string): Point => ({
      name,
      nth: 1,
      path: "../../../key.txt",
      what: `${name} of the key's file`,
    });
    const middle = renames[Math.floor(renames.length / 2)];
    const [commit, last] = [renames[0], renames.at(-1)];
    assert.ok(commit && middle && last);
    const fates: (readonly [Point, string])[] = [
      ...[file("write"), file("fsync"), commit, middle, last].map((point) => [point, "signal=SIGKILL"] as const),
      ...[file("write"), file("fsync"), commit, middle].map((point) => [point, "error=EIO"] as const),
      [middle, "error=EROFS+"],
    ];
    const seen: string[] = [];
    await inLanes(fates, async ([point, fate]) => {
      const place = fresh();
      const what = `${fate} at ${point.what}`;
      const key = join(place.root, "../key.txt");
      const { code, hit, stderr } = await runUnderFire(place, argvIn(place), point, fate);
      assert.ok(hit, what);
      proveAbsent(join(place.root, ".."), stage.plain, what, [key]);
      if (code === 2) {
        assert.equal(existsSync(key), false, what);
        assert.match(stderr, /E_IO/, what);
      }
      const next = await runIn(place, ["status"]);
      assert.equal(next.code, 0, `${what}: ${next.stderr}`);
      const now = treeOf(place.root);
      const side = isSame(now, stage.before) ? "before" : "after";
      seen.push(`${fate} ${point.what.split(":")[0]}: ${code} ${side}${existsSync(key) ? ", with the key" : ""}`);
      if (side === "after") {
        assert.deepEqual([...now.keys()], [...reference.keys()], what);
        await proveSealedTo(place, key);
      } else if (existsSync(key)) {
        // Only a kill can leave it. It is in nobody's way unnoticed: the same command names it.
        assert.equal(code, null, what);
        const again = await runIn(place, argvIn(place));
        assert.deepEqual([again.code, /E_KEY_FILE/.test(again.stderr)], [3, true], what);
        await rm(key);
      }
      if (side === "before") {
        const again = await runIn(place, argvIn(place));
        assert.equal(again.code, 0, `${what}: ${again.stderr}`);
      }
      await discard(place);
    });
    for (const line of seen.sort()) t.diagnostic(line);
  });

  await t.test(
    "killed while git commits: applied, nothing half-way, and git shows what is to be committed",
    async () => {
      const git = findProgram("git") ?? "";
      for (const moment of ["update-index", "commit", "hook"]) {
        const place = fresh();
        const programs = join(place.root, "../bin");
        await mkdir(programs);
        const kill = `#!/bin/sh\ncase " $* " in *" ${moment} "*) kill -9 $PPID; exit 1 ;; esac\nexec '${git}' "$@"\n`;
        await writeFile(join(programs, "git"), kill, { mode: 0o755 });
        // The hook is git's child, and git the program's.
        await mkdir(join(place.root, ".git/hooks"));
        const hook = "#!/bin/sh\nkill -9 $(cut -d ' ' -f 4 /proc/$PPID/stat)\nexit 1\n";
        if (moment === "hook") await writeFile(join(place.root, ".git/hooks/pre-commit"), hook, { mode: 0o755 });
        const env = { PATH: `${programs}:${process.env["PATH"]}` };
        const { signal, stderr } = await runIn(place, [...stage.argv, "--commit"], { env });
        assert.equal(signal, "SIGKILL", `${moment}: ${stderr}`);
        const next = await runIn(place, ["status"]);
        assert.deepEqual([next.code, next.stderr], [0, ""], moment);
        assert.equal(sideOf(treeOf(place.root), stage, moment), "after");
        assert.equal(existsSync(join(place.state, "lock")), false, moment);
        proveNothingLeft(place, stage, moment, "after");
        assert.deepEqual(await unsavedIn(place), [...stage.paths].sort(), moment);
        const undone = await runIn(place, ["undo", "--yes"]);
        assert.equal(undone.code, 0, undone.stderr);
        assert.equal(sideOf(treeOf(place.root), stage, `${moment}, undone`), "before");
        await discard(place);
      }
    },
  );
});

test("flushes to the disk do not grow with the number of documents", async (t) => {
  const counts = new Map<number, number>();
  for (const size of [5, 20, 200]) {
    const place = await uniformFleet(t, size);
    const trace = join(place.temporary, "trace");
    const calls = "trace=fsync,fdatasync,sync_file_range,syncfs,sync";
    const before = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", trace, "-e", calls];
    const { code, stderr } = await runIn(place, ["rotate", "data-keys", "--yes"], { before });
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`done: .*${size} documents`));
    counts.set(size, (await readFile(trace, "utf8")).match(/sync\w*\(/g)?.length ?? 0);
  }
  t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
  const [few = 0, some, many = 0] = [5, 20, 200].map((size) => counts.get(size));
  assert.ok(many > 0);
  assert.equal(many, some);
  // A handful is flushed one by one, which is more often, and costs less than asking for all of the disk.
  assert.ok(many <= few, `${many} and ${few}`);
});

/** What the disk says, to which calls, to every which of them. */
const FAILURES = [
  ["EIO", /./, 5],
  ["ENOSPC+", /^(mkdir|link|symlink|rename|write|fsync)/, 8],
  ["EROFS+", /^(mkdir|link|symlink|rename|unlink|fchmod)/, 8],
] as const;

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

/** Every document that bruno read before is opened by the key in the file, and by no key of his from before. */
async function proveSealedTo({ root, key }: Place, file: string): Promise<void> {
  const recipient = await publicHalf(file);
  const old = await publicHalf(key);
  let count = 0;
  for (const path of await documentPaths(root)) {
    const recipients = recipientsOf(await readFile(join(root, path), "utf8"));
    assert.ok(!recipients.includes(old), path);
    if (!recipients.includes(recipient)) continue;
    assert.equal((await decrypt(root, path, { file })).code, 0, path);
    count++;
  }
  assert.ok(count >= 10, String(count));
}

/** Paths that git would commit or lists as unknown. */
async function unsavedIn({ root }: Place): Promise<string[]> {
  const { stdout } = await run(["git", "status", "--porcelain", "-z", "--untracked-files=all"], { cwd: root });
  const entries = Buffer.from(stdout).toString("utf8").split("\0").filter(Boolean);
  return entries.map((entry) => entry.slice(3)).sort();
}

/** Of the calls of each name every `step`th, and the last. */
function someOfEach(points: readonly Point[], step: number): Point[] {
  const pace = process.env["SLOW"] === undefined ? step : 1;
  const names = [...new Set(points.map(({ name }) => name))];
  return names.flatMap((name) =>
    points.filter((point) => point.name === name).filter((_, i, same) => i % pace === 0 || i === same.length - 1),
  );
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
