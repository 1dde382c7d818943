/** Changes of access while something else happens to the repository: another run, git, an edit, or Ctrl-C. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { describe, type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { run } from "../../src/repo/program.ts";
import { sampleFleet } from "../cli/sample.ts";
import { FILE, VAR } from "./access-sample.ts";
import { ageHolder, decrypt, PEERS, publicHalf, recipientsOf } from "./access-witness.ts";
import { talkTo } from "./pseudo-terminal.ts";
import {
  copyOf,
  isSame,
  type Place,
  quickDirectory,
  runIn,
  runUnderFire,
  type Tree,
  treeOf,
  until,
} from "./under-fire.ts";
import { uniformFleet } from "./uniform-fleet.ts";

/** In microseconds, and long enough for another command from its start to its end. */
const PAUSE = "delay_enter=4000000";
const COMMIT_POINT = { name: "?rename,?renameat,renameat2", nth: 1, what: "the commit point" };

interface People {
  readonly place: Place;
  readonly keyOf: (name: string) => string;
  readonly git: (...argv: string[]) => Promise<string>;
}

// Most of the time each of them waits for another process.
describe("changes of access while something else happens", { concurrency: 2 }, () => {
  test("two who grant at once: one is told to wait, and in the end both are in", async (t) => {
    const { place, keyOf } = await people(t);
    const slow = runUnderFire(place, ["grant", "chiara", VAR, "--yes"], COMMIT_POINT, PAUSE);
    await until(() => existsSync(join(place.state, "transaction/apply.json.draft")));
    const refused = await runIn(place, ["grant", "machines/backup01", VAR, "--yes"]);
    assert.equal(refused.code, 5, refused.stderr);
    assert.match(refused.stderr, /grant .*process \d+ .*is changing this repository \[E_LOCKED\]/);
    const first = await slow;
    assert.deepEqual([first.code, first.hit], [0, true], first.stderr);
    await ok(place, ["grant", "machines/backup01", VAR, "--yes"]);
    const readers = recipientsOf(await readFile(join(place.root, VAR), "utf8"));
    assert.ok(readers.includes(await publicHalf(keyOf("chiara"))));
    assert.equal(readers.length, 5);
    assert.match((await runIn(place, ["access", VAR])).stdout, /backup01/);
  });

  test("three who change one rule at once: one of them is in, and when all have tried again, nobody is lost", async (t) => {
    const { place } = await people(t);
    const grants = ["chiara", "machines/backup01", "machines/studio"].map((who) => ["grant", who, FILE]);
    const plans = grants.map((_, i) => join(place.root, `../${i}.plan`));
    for (const [i, grant] of grants.entries()) await ok(place, [...grant, "--plan-out", plans[i] ?? ""]);
    const first = await Promise.all(plans.map((plan) => runIn(place, ["apply", plan, "--yes"])));
    assert.deepEqual(first.map(({ code }) => code).sort(), [0, 5, 5]);
    const tries = await Promise.all(
      grants.map(async (grant, i) => {
        for (let count = 1; first[i]?.code !== 0; count++) {
          const { code, stderr } = await runIn(place, [...grant, "--yes"]);
          if (code === 0) return count;
          assert.equal(code, 5, stderr);
        }
        return 0;
      }),
    );
    t.diagnostic(`${tries} tries`);
    assert.equal(recipientsOf(await readFile(join(place.root, FILE), "utf8")).length, 7);
    assert.match((await runIn(place, ["sync", "--dry-run"])).stderr, /nothing to do/);
  });

  for (const [how, checkout] of [
    ["between the plan and the yes", atTheQuestion],
    ["between --plan-out and apply", beforeApply],
    ["at the commit point", whilePaused(1, [])],
    ["by force, with half of the files in place", whilePaused(12, ["--force"])],
  ] as const) {
    test(`git checkout ${how}: the branch is left as git made it`, async (t) => {
      const { place, keyOf, git } = await people(t);
      const next = await publicHalf(keyOf("next"));
      await git("checkout", "--quiet", "-b", "other");
      await ok(place, ["set", `${FILE}#SMTP_PASSWORD`, "-"], "from the other branch");
      await ok(place, ["rotate", "data-keys", "vars/web01", "--yes"]);
      await git("commit", "--quiet", "--all", "-m", "Other");
      const [main, other] = [await treeAt(place, git, "main"), await treeAt(place, git, "other")];
      await git("checkout", "--quiet", "main");
      assert.ok(!isSame(main, other));
      const { code, stderr } = await checkout(t, place, ["rotate", "user", "ada", "--to", next], git);
      assert.match(stderr, /E_CHANGED_UNDERNEATH|E_PLAN_OUTDATED|E_VERIFY/);
      assert.equal(code, 5, stderr);
      assert.deepEqual(treeOf(place.root), other);
      assert.equal(await git("status", "--porcelain"), "");
      assert.equal(existsSync(join(place.state, "transaction")), false);
      await git("checkout", "--quiet", "main");
      assert.deepEqual(treeOf(place.root), main);
    });
  }

  for (const [what, write] of [
    ["secrets set", (place: Place) => ok(place, ["set", `${FILE}#SMTP_PASSWORD`, "-"], "new in between")],
    ["sops set", setBySops],
  ] as const) {
    test(`${what} between the plan and the yes is never overwritten`, async (t) => {
      const { place } = await people(t);
      const talk = await talkTo(t, place, ["rotate", "data-keys", "secrets/services", "vars/web01"]);
      await talk.shows(/new data keys? .*\?/);
      await write(place);
      const now = treeOf(place.root);
      talk.type("y\r");
      const { code, said } = await talk.ended();
      assert.equal(code, 5, said);
      assert.match(said, /E_CHANGED_UNDERNEATH/);
      assert.deepEqual(treeOf(place.root), now);
      const { stdout } = await decrypt(place.root, FILE, { file: place.key });
      assert.match(stdout.toString("utf8"), /^SMTP_PASSWORD=new in between$/m);
    });
  }

  test("Ctrl-C while 500 documents are sealed leaves everything as it was", async (t) => {
    const place = await uniformFleet(t, 500, 8);
    const before = treeOf(place.root);
    const talk = await talkTo(t, place, ["rotate", "data-keys", "--yes"]);
    await talk.shows(/sealing \d+ of 500/);
    talk.type("\x03");
    const { code, said } = await talk.ended();
    assert.equal(code, 130, said);
    assert.doesNotMatch(said, /sealing 500 of 500|done/);
    proveNothingHappened(place, before);
  });

  test("Ctrl-C while 500 documents are staged takes back what was staged", async (t) => {
    const place = await uniformFleet(t, 500);
    const before = treeOf(place.root);
    // Each document waits before its old content is kept: the time to press the keys in.
    const slowly = { name: "?link,linkat", nth: 1, what: "" };
    const running = runUnderFire(place, ["rotate", "data-keys", "--yes"], slowly, "delay_enter=5000+");
    const old = join(place.state, "transaction/old");
    await until(() => existsSync(old) && readdirSync(old).length > 100);
    const { pid } = JSON.parse(readFileSync(join(place.state, "lock"), "utf8"));
    process.kill(pid, "SIGINT");
    const { code, signal, hit } = await running;
    assert.ok(hit);
    // By the signal itself: a shell shows it as 130.
    assert.deepEqual([code, signal], [null, "SIGINT"]);
    proveNothingHappened(place, before);
  });

  test("a document that cannot be opened fails the whole plan up front, naming who could", async (t) => {
    const { place, keyOf } = await people(t);
    const before = treeOf(place.root);
    const state = readdirSync(place.state).sort();
    const all = await runIn(place, ["rotate", "data-keys", "--yes"]);
    assert.equal(all.code, 4, all.stderr);
    assert.match(all.stderr, /2 of the 30 documents of this plan cannot be opened here \[E_CANNOT_OPEN\]/);
    for (const name of ["bruno", "chiara"])
      assert.match(all.stderr, new RegExp(`secrets/users/${name}\\.sops\\.yaml: .* for ${name}`));
    const key = join(place.root, "../new.txt");
    // Ada opens all that he reads but his own.
    const one = await runIn(place, ["rotate", "user", "bruno", "--generate", key, "--yes"]);
    assert.equal(one.code, 4, one.stderr);
    assert.match(one.stderr, /secrets\/users\/bruno\.sops\.yaml: .* for bruno/);
    assert.equal(existsSync(key), false);
    assert.deepEqual(treeOf(place.root), before);
    assert.deepEqual(readdirSync(place.state).sort(), state);
    assert.equal(
      (await runIn({ ...place, key: keyOf("bruno") }, ["rotate", "user", "bruno", "--generate", key, "--yes"])).code,
      0,
    );
  });
});

async function treeAt({ root }: Place, git: People["git"], branch: string): Promise<Tree> {
  await git("checkout", "--quiet", branch);
  return treeOf(root);
}

async function atTheQuestion(t: TestContext, place: Place, argv: readonly string[], git: People["git"]) {
  const talk = await talkTo(t, place, argv);
  await talk.shows(/rotate the key of .*\?/);
  await git("checkout", "--quiet", "other");
  talk.type("y\r");
  const { code, said } = await talk.ended();
  return { code, stderr: said };
}

async function beforeApply(_: TestContext, place: Place, argv: readonly string[], git: People["git"]) {
  const plan = join(place.root, "../plan");
  await ok(place, [...argv, "--plan-out", plan]);
  await git("checkout", "--quiet", "other");
  return runIn(place, ["apply", plan, "--yes"]);
}

function whilePaused(nth: number, flags: readonly string[]) {
  return async (_: TestContext, place: Place, argv: readonly string[], git: People["git"]) => {
    const ended = runUnderFire(place, [...argv, "--yes"], { ...COMMIT_POINT, nth }, PAUSE);
    const record = nth === 1 ? "apply.json.draft" : "apply.json";
    await until(() => existsSync(join(place.state, "transaction", record)));
    // The moves take milliseconds, and then it waits.
    await sleep(300);
    await git("checkout", "--quiet", ...flags, "other");
    assert.equal((await ended).hit, true);
    return ended;
  };
}

async function setBySops(place: Place): Promise<void> {
  const env = { HOME: "/var/empty", SOPS_AGE_KEY_FILE: place.key };
  const argv = [join(PEERS, "sops"), "set", FILE, '["SMTP_PASSWORD"]', '"new in between"'];
  const { code, stderr } = await run(argv, { cwd: place.root, env });
  assert.equal(code, 0, stderr);
}

/** The sample fleet in line with its policy, with ada at the keyboard, and one more key. */
async function people(t: TestContext): Promise<People> {
  const fleet = await sampleFleet(t);
  const base = quickDirectory(t);
  const next = await ageHolder(base, "next");
  const keyOf = (name: string) => (name === "next" ? next.file : fleet.keyOf(name));
  const place = copyOf({ root: fleet.root, key: fleet.keyOf("ada") }, join(base, "copy"));
  await rm(join(place.root, ".git/hooks"), { recursive: true });
  const git = async (...argv: string[]) => {
    const identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"];
    const { code, stdout, stderr } = await run(["git", ...identity, ...argv], { cwd: place.root });
    assert.equal(code, 0, stderr);
    return Buffer.from(stdout).toString("utf8");
  };
  await git("checkout", "--quiet", "-B", "main");
  await ok(place, ["sync", "--yes"]);
  await git("commit", "--quiet", "--all", "-m", "In line");
  // As in a fresh clone: git gives files the one mode that it knows.
  for (const name of ["secrets", "sops", "vars"]) await rm(join(place.root, name), { recursive: true });
  await git("checkout", "--quiet", "--force", "main");
  return { place, keyOf, git };
}

async function ok(place: Place, argv: readonly string[], stdin?: string): Promise<void> {
  const { code, stderr } = await runIn(place, argv, stdin === undefined ? {} : { stdin });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
}

function proveNothingHappened({ root, state, temporary }: Place, before: Tree): void {
  assert.deepEqual(treeOf(root), before);
  const left = readdirSync(state).filter((name) => !["trust.json", "trust.json.lock", "facts.json"].includes(name));
  assert.deepEqual(left, []);
  assert.deepEqual(readdirSync(temporary), []);
}
