/**
 * Every change of access on the sample fleet, against the real sops, age and ssh-to-age: after each, every document
 * opens with each key that should open it and with none that was taken away, and sops itself finds nothing to do.
 */
import assert from "node:assert/strict";
import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { ADDRESSES, DEEP, FILE, ok, start, VAR } from "./access-sample.ts";
import { ageHolder, publicHalf, sshHolder } from "./access-witness.ts";
import { allOf, clanSecrets, insteadOf, minus, plus, readBy } from "./expected-readers.ts";

test("grant and revoke: a user, a machine and a group, on a vars secret and on a file", async (t) => {
  const { fleet, step } = await start(t);
  await ok(fleet, ["group", "add", "ops", "chiara", "backup01", "--yes"]);
  const both = [FILE, VAR];
  for (const [who, ...names] of [
    ["chiara", "chiara"],
    ["machines/backup01", "backup01"],
    ["groups/ops", "chiara", "backup01"],
  ] as const) {
    assert.deepEqual(await step(["grant", who, ...ADDRESSES], { readers: plus(both, ...names) }), both, who);
    assert.deepEqual(await step(["revoke", who, ...ADDRESSES], { readers: minus(both, ...names) }), both, who);
  }
  assert.equal(await fleet.git("diff", "--", ".sops.yaml"), "", "nothing is left of it in the rules");
});

test("user add with an age key and with an SSH key, then user rm", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const eve = await ageHolder(directory, "eve");
  const finn = await sshHolder(directory, "finn");
  seen.know(eve);
  seen.know(finn);
  const eves = [FILE, ...clanSecrets(seen)].sort();
  const add = ["user", "add", "eve", "--age-key", eve.recipient, "--group", "admins", "--document", FILE];
  assert.deepEqual(await step(add, { readers: plus(eves, "eve") }), eves);
  const finns = [FILE, VAR];
  const documents = ADDRESSES.flatMap((address) => ["--document", address]);
  await step(["user", "add", "finn", "--ssh-key", `${finn.file}.pub`, ...documents], { readers: plus(finns, "finn") });
  assert.deepEqual(await step(["user", "rm", "finn"], { readers: minus(finns, "finn") }), finns);
  assert.deepEqual(await step(["user", "rm", "eve"], { readers: minus(eves, "eve") }), eves);
  assert.equal(await fleet.git("status", "--porcelain", "sops/users", "sops/groups", ".sops.yaml"), "");
});

test("add-key and rm-key: one more key opens what its owner reads, until it goes", async (t) => {
  const { directory, seen, holder, step } = await start(t);
  const second = await ageHolder(directory, "second");
  seen.know(second);
  const adas = readBy(seen, "ada");
  await step(["user", "add-key", "ada", second.recipient], { readers: plus(adas, "second") });
  await step(["user", "rm-key", "ada", holder("ada").recipient], { readers: minus(adas, "ada") });
});

test("rotate user in one step: the old key opens nothing any more", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const next = await ageHolder(directory, "next");
  seen.know(next);
  const touched = await step(
    ["rotate", "user", "bruno", "--to", next.recipient],
    { readers: insteadOf("bruno", "next") },
    fleet.keyOf("bruno"),
  );
  assert.deepEqual(touched, readBy(seen, "next"));
  assert.ok(touched.includes(DEEP));
  assert.match(await fleet.git("diff", "--numstat", "--", ".sops.yaml"), /^1\t1\t/, "the diff is the line");
});

test("rotate user with --overlap and --finish: both keys, then the new one alone", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const file = join(directory, "generated.txt");
  await ok(fleet, ["rotate", "user", "ada", "--generate", file, "--overlap", "--yes"]);
  seen.know({ name: "next", recipient: await publicHalf(file), file });
  const adas = readBy(seen, "ada");
  assert.deepEqual(await seen.prove({ readers: plus(adas, "next") }), adas);
  assert.deepEqual(await step(["rotate", "user", "ada", "--finish"], { readers: minus(adas, "ada") }, file), adas);
  assert.match(await fleet.git("diff", "--numstat", "--", ".sops.yaml"), /^1\t1\t/, "the diff of both is the line");
});

test("rotate user to an SSH key", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const next = await sshHolder(directory, "next");
  seen.know(next);
  await step(
    ["rotate", "user", "chiara", "--to-ssh", `${next.file}.pub`],
    { readers: insteadOf("chiara", "next") },
    fleet.keyOf("chiara"),
  );
});

test("group add-member and rm-member: a person and a machine", async (t) => {
  const { fleet, seen, step } = await start(t);
  const all = clanSecrets(seen);
  // db01 reads some of them by its own links, and keeps those.
  const others = all.filter((path) => !seen.readers(path).includes("db01"));
  const readers = allOf(plus(others, "db01"), plus(all, "chiara"));
  const members = ["admins", "chiara", "db01"];
  assert.deepEqual(await step(["group", "add-member", ...members], { readers }), all);
  const back = allOf(minus(others, "db01"), minus(all, "chiara"));
  assert.deepEqual(await step(["group", "rm-member", ...members], { readers: back }), all);
  assert.equal(await fleet.git("status", "--porcelain", "sops/groups"), "");
});

test("rotate data-keys: the same readers, and nothing of the old data key", async (t) => {
  const { seen, step } = await start(t);
  const below = (path: string) => path.startsWith("vars/per-machine/web01/") || path === FILE;
  const touched = await step(["rotate", "data-keys", "vars/web01", FILE], { freshDataKey: below });
  assert.deepEqual(touched, seen.paths().filter(below));
});

test("sync after drift: readers that the policy names come, those whom it no longer names go", async (t) => {
  const { fleet, seen, step } = await start(t);
  const granted = "vars/per-machine/db01/postgresql/replication-password/secret";
  await step(["grant", "chiara", granted], { readers: plus([granted], "chiara") });
  // By hand, as people do it: in a rule somebody instead of another, a link gone, a link laid.
  const rules = await fleet.read(".sops.yaml");
  const mailer = "- *bruno\n          - *web01\n";
  assert.equal(rules.split(mailer).length, 2);
  await writeFile(join(fleet.root, ".sops.yaml"), rules.replace(mailer, "- *chiara\n          - *web01\n"));
  await rm(join(fleet.root, dirname(granted), "users/chiara"));
  const users = join(dirname(DEEP), "users");
  await mkdir(join(fleet.root, users));
  await symlink(relative(users, "sops/users/chiara"), join(fleet.root, users, "chiara"));
  const readers = allOf(minus([FILE], "bruno"), plus([FILE, DEEP], "chiara"), minus([granted], "chiara"));
  assert.deepEqual(await step(["sync"], { readers }), [FILE, granted, DEEP]);
  assert.match((await fleet.secrets(["sync", "--yes"])).stderr, /nothing to do/);
  assert.deepEqual(await seen.prove(), []);
});
