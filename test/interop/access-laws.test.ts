/**
 * Laws of changes of access, over random sequences of whole commands: what was done once has nothing left to do, sync
 * finds nothing after anything, undo gives every byte back and does it again, and what is refused changes nothing.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
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
);

test("once is enough, sync has nothing to add, undo gives every byte back", async (t) => {
  const done = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 5, size: "max" }), async (steps) => {
      const { fleet, directory, holders } = await openSample(t);
      const spare = await Promise.all(Array.from({ length: SPARE }, (_, i) => ageHolder(directory, `KEY${i}`)));
      const keys = new Map(spare.map((one) => [one.name, one]));
      const as = { SOPS_AGE_KEY_FILE: await ringOf(directory, [...holders, ...spare]) };
      // So that most of what is drawn finds somebody, and something to change.
      const spareKey = spare[0]?.recipient ?? "";
      await ok(fleet, ["user", "add", "eve", "--age-key", spareKey, "--document", "vars/db01/", "--yes"], as);
      await ok(fleet, ["group", "add", "ops", "chiara", "backup01", "--yes"], as);
      await ok(fleet, ["grant", "groups/ops", "vars/web01/", "secrets/services/mailer.env", "--yes"], as);
      await fleet.git("add", "--all");
      await fleet.git("commit", "--quiet", "-m", "More of a fleet");
      for (const words of steps) {
        const argv = words.map((word) => keys.get(word)?.recipient ?? word);
        await obeysLaws(
          fleet,
          [...argv, ...(["grant", "revoke"].includes(argv[0] ?? "") ? ["--own-rule"] : [])],
          as,
          (outcome) => {
            const name = `${words.slice(0, words[0] === "grant" || words[0] === "revoke" ? 1 : 2).join(" ")} ${outcome}`;
            done.set(name, (done.get(name) ?? 0) + 1);
          },
        );
      }
      await ok(fleet, ["check"], as);
    }),
    { numRuns: RUNS },
  );
  t.diagnostic(
    [...done]
      .sort()
      .map(([name, count]) => `${name}: ${count}`)
      .join(", "),
  );
});

test("what is added and taken away again leaves the same readers, another data key, and nothing in the policy", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  await ok(fleet, ["group", "add", "ops", "chiara", "backup01", "--yes"]);
  const spare = await ageHolder(directory, "spare");
  seen.know(spare);
  const { recipient } = spare;
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "A group");
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

async function obeysLaws(
  fleet: Sample,
  argv: Step,
  env: Record<string, string>,
  tell: (outcome: string) => void,
): Promise<void> {
  const told = argv.join(" ");
  const clean = async (law: string) => assert.equal(await fleet.git("status", "--porcelain"), "", `${told}: ${law}`);
  const { code, stdout, stderr } = await fleet.secrets([...argv, "--yes"], { env });
  const [, error = ""] = /\[(E_\w+)/.exec(stderr) ?? [];
  tell(code === 0 ? (stderr.includes("nothing to do") ? "nothing" : "done") : error);
  if (code !== 0 || stderr.includes("nothing to do")) {
    assert.notEqual(error, "E_INTERNAL", `${told}: ${stderr}${stdout.toString()}`);
    return clean("what is refused changes nothing");
  }
  const after = await treeOf(fleet);
  if (argv[1] !== "data-keys") {
    const again = await fleet.secrets([...argv, "--yes"], { env });
    if (again.code === 0) assert.match(again.stderr, /nothing to do/, `${told}: once is enough`);
    assert.equal(await treeOf(fleet), after, `${told}: again`);
  }
  const synced = await fleet.secrets(["sync", "--yes"], { env });
  assert.match(synced.stderr, /nothing to do/, `${told}: sync has nothing to add`);
  assert.equal(await treeOf(fleet), after, `${told}: sync`);
  await ok(fleet, ["undo", "--yes"], env);
  await clean("undo gives every byte back");
  await ok(fleet, ["undo", "--yes"], env);
  assert.equal(await treeOf(fleet), after, `${told}: the second undo does it again`);
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", told);
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
