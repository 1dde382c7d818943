/**
 * Laws of changes of access, over random sequences of whole commands: what was done once has nothing left to do, sync
 * finds nothing after anything, undo gives every byte back and does it again, and what is refused changes nothing.
 */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { Sample } from "../cli/sample.ts";
import { MACHINES, ok, openSample, PEOPLE, start } from "./access-sample.ts";
import { ageHolder, type Holder } from "./access-witness.ts";

const GROUPS = ["admins", "ops"];
const ADDRESSES = [
  "vars/web01/acme/dns-token",
  "vars/web01/secureboot/keys/db/db.key",
  "vars/shared/borgbackup/repokey",
  "vars/db01/",
  "sops/secrets/web01-age.key",
  "secrets/services/mailer.env",
  "secrets/services/monitoring.json",
  "secrets/users/chiara.sops.yaml",
];
/** Keys that nobody has at first; arguments name them by number. */
const SPARE = 4;

const RUNS = 10;

type Step = readonly string[];

const person = fc.constantFrom(...PEOPLE, "eve");
const machine = fc.constantFrom(...MACHINES);
const member = fc.oneof(person, machine);
const group = fc.constantFrom(...GROUPS);
const who = fc.oneof(
  member,
  group.map((name) => `groups/${name}`),
);
const addresses = fc.uniqueArray(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 2 });
const key = fc.integer({ min: 0, max: SPARE - 1 }).map((i) => `KEY${i}`);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(who, addresses).map(([name, all]) => ["grant", name, ...all]) },
  { weight: 4, arbitrary: fc.tuple(who, addresses).map(([name, all]) => ["revoke", name, ...all]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(key, addresses)
      .map(([one, all]) => ["user", "add", "finn", "--age-key", one, ...all.flatMap((at) => ["--document", at])]),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(key, person).map(([one, name]) => ["user", "add", "finn", "--age-key", one, "--like", name]),
  },
  { weight: 1, arbitrary: person.map((name) => ["user", "rm", name]) },
  { weight: 2, arbitrary: fc.tuple(person, key).map(([name, one]) => ["user", "add-key", name, one]) },
  { weight: 1, arbitrary: fc.tuple(person, key).map(([name, one]) => ["user", "rm-key", name, one]) },
  { weight: 2, arbitrary: fc.tuple(person, key).map(([name, one]) => ["rotate", "user", name, "--to", one]) },
  {
    weight: 1,
    arbitrary: fc.tuple(person, key).map(([name, one]) => ["rotate", "user", name, "--to", one, "--overlap"]),
  },
  { weight: 1, arbitrary: fc.tuple(machine, key).map(([name, one]) => ["rotate", "machine", name, "--to", one]) },
  { weight: 1, arbitrary: machine.map((name) => ["machine", "rm", name]) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(member, fc.constantFrom("new-name", "eve"))
      .map(([name, to]) => [MACHINES.includes(name) ? "machine" : "user", "rename", name, to]),
  },
  { weight: 1, arbitrary: fc.tuple(member, member).map((names) => ["group", "add", "ops", ...new Set(names)]) },
  { weight: 3, arbitrary: fc.tuple(group, member).map(([name, one]) => ["group", "add-member", name, one]) },
  { weight: 2, arbitrary: fc.tuple(group, member).map(([name, one]) => ["group", "rm-member", name, one]) },
  { weight: 1, arbitrary: group.map((name) => ["group", "rm", name]) },
  { weight: 1, arbitrary: addresses.map((all) => ["rotate", "data-keys", ...all]) },
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.constantFrom("unlink", "link", "rule"), fc.nat(999))
      .map(([kind, draw]) => ["drift", kind, String(draw)]),
  },
);

test("once is enough, sync has nothing to add, undo gives every byte back", async (t) => {
  const tally = new Map<string, number>();
  const tell = (outcome: string) => tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(step, fc.boolean()), { minLength: 3, maxLength: 4 }), async (steps) => {
      const { fleet, directory, holders } = await openSample(t);
      const spare = await Promise.all(Array.from({ length: SPARE }, (_, i) => ageHolder(directory, `KEY${i}`)));
      const keys = new Map(spare.map((one) => [one.name, one.recipient]));
      const env = { SOPS_AGE_KEY_FILE: await ringOf(directory, [...holders, ...spare]) };
      await enlarge(fleet, keys.get("KEY0") ?? "", env);
      for (const [i, [words, byFile]] of steps.entries()) {
        const planFile = byFile ? join(directory, `plan${i}`) : undefined;
        const argv = words.map((word) => keys.get(word) ?? word);
        if (words[0] !== "drift") tell(`${words[0]} ${await obeysLaws({ fleet, env, planFile }, argv)}`);
        else {
          await driftApart(fleet, words);
          const outcome = await obeysLaws({ fleet, env, planFile }, ["sync"]);
          tell(`${words.slice(0, 2).join(" ")} ${outcome}`);
          if (outcome.startsWith("E_")) await fleet.git("reset", "--quiet", "--hard", "HEAD~");
        }
      }
      await ok(fleet, ["check"], env);
    }),
    { numRuns: RUNS },
  );
  t.diagnostic(
    [...tally]
      .sort()
      .map((entry) => entry.join(": "))
      .join(", "),
  );
});

test("what is added and taken away again leaves the same readers, another data key, and nothing in the policy", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  await ok(fleet, ["group", "add", "ops", "chiara", "backup01", "--yes"]);
  const spare = await ageHolder(directory, "spare");
  seen.know(spare);
  const { recipient } = spare;
  await commitAll(fleet, "A group");
  const addressOf = (path: string) => path.replace("vars/per-machine/", "vars/").replace(/\/secret$/, "");
  const below = (address: string) => seen.paths().filter((path) => `${addressOf(path)}/`.startsWith(address));
  /** Whoever has access already would lose it with what is taken away. */
  const anew = (names: readonly string[]) =>
    ADDRESSES.filter(
      (address) => !below(address).some((path) => seen.readers(path).some((name) => names.includes(name))),
    );
  const pairs: fc.Arbitrary<readonly [Step, Step]> = fc.oneof(
    fc
      .constantFrom(["chiara"], ["machines/backup01", "backup01"], ["groups/ops", "chiara", "backup01"])
      .chain(([name = "", ...names]) =>
        fc.subarray(anew([name, ...names]), { minLength: 1 }).map(
          (at) =>
            [
              ["grant", name, ...at],
              ["revoke", name, ...at],
            ] as const,
        ),
      ),
    fc.subarray(ADDRESSES, { minLength: 1 }).map(
      (at) =>
        [
          ["user", "add", "eve", "--age-key", recipient, ...at.flatMap((one) => ["--document", one])],
          ["user", "rm", "eve"],
        ] as const,
    ),
    fc.constantFrom("ada", "chiara").map(
      (name) =>
        [
          ["user", "add-key", name, recipient],
          ["user", "rm-key", name, recipient],
        ] as const,
    ),
    fc.constantFrom("chiara", "db01", "studio").map(
      (name) =>
        [
          ["group", "add-member", "admins", name],
          ["group", "rm-member", "admins", name],
        ] as const,
    ),
  );
  const everybody = await ringOf(
    directory,
    ["ada", "bruno", "chiara"].map((name) => ({ file: fleet.keyOf(name) })),
  );
  await fc.assert(
    fc.asyncProperty(pairs, async ([add, remove]) => {
      const before = new Map(seen.paths().map((path) => [path, seen.readers(path)]));
      const added = await step(add, { readers: "more" }, everybody);
      const removed = await step(remove, { readers: (path) => before.get(path) ?? [] }, everybody);
      assert.notEqual(added.length, 0);
      assert.deepEqual(removed, added, `${add.join(" ")}, ${remove.join(" ")}`);
      const changed = (await fleet.git("diff", "--name-only", "HEAD")).split("\n").filter((path) => path !== "");
      const others = changed.filter((path) => !before.has(path));
      assert.deepEqual(others, [], "of the policy");
    }),
    { numRuns: RUNS },
  );
});

interface Trial {
  readonly fleet: Sample;
  readonly env: Record<string, string>;
  /** Where the plan is kept, to be applied from there. */
  readonly planFile: string | undefined;
}

/** @returns what became of it: `done`, `nothing`, or the code of the error */
async function obeysLaws({ fleet, env, planFile }: Trial, argv: Step): Promise<string> {
  const told = argv.join(" ");
  const clean = async (law: string) => assert.equal(await fleet.git("status", "--porcelain"), "", `${told}: ${law}`);
  const command = ["grant", "revoke"].includes(argv[0] ?? "") ? [...argv, "--own-rule"] : argv;
  const { code, stdout, stderr } = await fleet.secrets(
    [...command, ...(planFile === undefined ? ["--yes"] : ["--plan-out", planFile])],
    { env },
  );
  if (code !== 0 || stderr.includes("nothing to do")) {
    const [, error = ""] = /\[(E_\w+)/.exec(stderr) ?? [];
    assert.ok(code === 0 || (error !== "" && error !== "E_INTERNAL"), `${told}: ${stderr}${stdout.toString()}`);
    await clean("what is refused changes nothing");
    return code === 0 ? "nothing" : error;
  }
  if (planFile !== undefined) {
    await clean("a plan in a file changes nothing");
    const typed = argv.filter((word) => word.startsWith("age1")).flatMap((key) => ["--allow", key]);
    await ok(fleet, ["apply", planFile, "--yes", ...typed], env);
  }
  const after = await treeOf(fleet);
  const stays = async (law: string) => assert.equal(await treeOf(fleet), after, `${told}: ${law}`);
  if (argv[1] !== "data-keys") {
    const again = await fleet.secrets([...command, "--yes"], { env });
    if (again.code === 0) assert.match(again.stderr, /nothing to do/, `${told}: once is enough`);
    await stays("once is enough");
  }
  if (planFile !== undefined) {
    assert.notEqual(
      (await fleet.secrets(["apply", planFile, "--yes"], { env })).code,
      0,
      `${told}: the fleet moved since`,
    );
    await stays("a plan is applied once");
  }
  assert.match(
    (await fleet.secrets(["sync", "--yes"], { env })).stderr,
    /nothing to do/,
    `${told}: sync has nothing to add`,
  );
  await ok(fleet, ["undo", "--yes"], env);
  await clean("undo gives every byte back");
  await ok(fleet, ["undo", "--yes"], env);
  await stays("the second undo does it again");
  await commitAll(fleet, told);
  return "done";
}

/** So that most of what is drawn finds somebody, and something to change. */
async function enlarge(fleet: Sample, key: string, env: Record<string, string>): Promise<void> {
  await ok(fleet, ["user", "add", "eve", "--age-key", key, "--document", "vars/db01/", "--yes"], env);
  await ok(fleet, ["group", "add", "ops", "chiara", "backup01", "--yes"], env);
  await ok(fleet, ["grant", "groups/ops", "vars/web01/", "secrets/services/mailer.env", "--yes"], env);
  await commitAll(fleet, "More of a fleet");
}

/** What people do by hand: a link away, a link more, somebody else in a rule. */
async function driftApart(fleet: Sample, [, kind, draw = ""]: Step): Promise<void> {
  const pick = (all: readonly string[]) => all[Number(draw) % all.length] ?? "";
  const tracked = (await fleet.git("ls-files", "--stage")).split("\n").filter((line) => line !== "");
  const pathsOf = (mode: string) =>
    tracked.flatMap((line) => (line.startsWith(mode) ? [line.slice(line.indexOf("\t") + 1)] : []));
  if (kind === "unlink") await rm(join(fleet.root, pick(pathsOf("120000"))));
  else if (kind === "link") {
    const link = join(dirname(pick(pathsOf("100644").filter((path) => path.endsWith("/secret")))), "users/chiara");
    await mkdir(join(fleet.root, dirname(link)), { recursive: true });
    await symlink(relative(dirname(link), "sops/users/chiara"), join(fleet.root, link)).catch(() => {});
  } else {
    const lines = (await fleet.read(".sops.yaml")).split("\n");
    const named = pick(lines.flatMap((line, i) => (/^ {10}- \*/.test(line) ? [String(i)] : [])));
    await writeFile(join(fleet.root, ".sops.yaml"), lines.with(Number(named), "          - *chiara").join("\n"));
  }
  await commitAll(fleet, "By hand");
}

async function commitAll({ git }: Sample, message: string): Promise<void> {
  await git("add", "--all");
  await git("commit", "--quiet", "--allow-empty", "-m", message);
}

/** The identities of all of them in one file: whoever runs this can open whatever anybody can. */
async function ringOf(directory: string, holders: readonly Pick<Holder, "file">[]): Promise<string> {
  const file = join(directory, "everybody.txt");
  const identities = await Promise.all(holders.map((holder) => readFile(holder.file, "utf8")));
  await writeFile(file, identities.join("\n"), { mode: 0o600 });
  return file;
}

/** All that git keeps of the work tree, in one word; the index stays as it is. */
async function treeOf({ git }: Sample): Promise<string> {
  await git("add", "--all");
  const tree = await git("write-tree");
  await git("reset", "--quiet");
  return tree;
}
