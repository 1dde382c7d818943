/** What clan's own commands trip over, each as a test of the opposite, on the fleet that clan wrote. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { ageHolder, recipientsOf } from "./access-witness.ts";
import { type ClanFleet, clanFleet, DEEP } from "./clan-fleet.ts";
import { allOf, minus, plus, readBy } from "./expected-readers.ts";

const BIN = "vars/per-machine/m1/dep/bin/secret";
const SHARED = "vars/shared/shared-gen/token/secret";

async function nothingToDo({ run, seen }: ClanFleet, argv: readonly string[]): Promise<void> {
  const { code, stderr } = await run([...argv, "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /nothing to do/);
  assert.deepEqual(await seen.prove(), []);
}

test("a machine that lost its links is not locked out: sync lays them again, and has nothing to do after that", async (t) => {
  const fleet = await clanFleet(t);
  const { root, step, seen } = fleet;
  const m1s = readBy(seen, "m1").filter((path) => !path.startsWith("sops/"));
  for (const path of m1s) await rm(join(root, dirname(path), "machines/m1"));
  // At the same time somebody lost theirs: one plan mends both.
  await rm(join(root, "sops/groups/admins/users/dave"));
  const daves = readBy(seen, "dave");
  assert.deepEqual(await step(["sync"], { readers: minus(daves, "dave") }), daves);
  for (const path of m1s)
    assert.deepEqual(
      await readdir(join(root, dirname(path), "machines")),
      seen.readers(path).includes("m2") ? ["m1", "m2"] : ["m1"],
    );
  await nothingToDo(fleet, ["sync"]);
});

test("a link alone that is missing costs nobody a byte of a document", async (t) => {
  const fleet = await clanFleet(t);
  await rm(join(fleet.root, dirname(SHARED), "machines/m2"));
  assert.equal((await fleet.run(["check"])).code, 1);
  assert.deepEqual(await fleet.step(["sync", SHARED]), []);
  assert.equal(await fleet.git("status", "--porcelain", "vars"), "");
  await nothingToDo(fleet, ["sync"]);
});

test("a machine that has a link and is not sealed to is sealed to", async (t) => {
  const fleet = await clanFleet(t);
  const link = join(dirname(BIN), "machines/m2");
  await symlink(relative(dirname(link), "sops/machines/m2"), join(fleet.root, link));
  assert.deepEqual(await fleet.step(["sync", "--allow", "m2"], { readers: plus([BIN], "m2") }), [BIN]);
  await nothingToDo(fleet, ["sync"]);
});

test("links of a secret that was never made stop nobody", async (t) => {
  const fleet = await clanFleet(t);
  const leftover = "vars/per-machine/m2/dep/bin/users";
  await mkdir(join(fleet.root, leftover), { recursive: true });
  await symlink(relative(leftover, "sops/users/bob"), join(fleet.root, leftover, "bob"));
  await nothingToDo(fleet, ["sync"]);
  const bobs = readBy(fleet.seen, "bob");
  await fleet.step(["user", "rm", "bob"], { readers: minus(bobs, "bob", "carol") });
  await assert.rejects(readdir(join(fleet.root, leftover, "bob")), { code: "ENOENT" });
});

test("whoever reads through a group gets no link of their own: not by grant, not by set", async (t) => {
  const fleet = await clanFleet(t);
  const { root, directory, git, run, holder, seen } = fleet;
  await nothingToDo(fleet, ["grant", "dave", "vars/m1/dep/bin", "vars/m1/secureboot", "vars/shared"]);
  assert.equal(await git("status", "--porcelain"), "");
  const next = join(directory, "value");
  await writeFile(next, "by bob");
  const { code, stderr } = await run(["set", "vars/m1/dep/bin", "--from-file", next], holder("bob").file);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await readdir(join(root, dirname(BIN), "users")), ["alice"]);
  const value = (path: string, before: Buffer) => (path === BIN ? Buffer.from("by bob") : before);
  assert.deepEqual(await seen.prove({ value }), [BIN]);
});

test("one key has one name", async (t) => {
  const fleet = await clanFleet(t);
  const add = ["user", "add", "ann", "--age-key", fleet.holder("alice").recipient, "--no-documents", "--yes"];
  const { code, stderr } = await fleet.run(add);
  assert.equal(code, 3, stderr);
  assert.match(stderr, /E_KEY_TAKEN/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("names with slashes are reached by every change, and by the link that leads to them", async (t) => {
  const { seen, step, directory, root } = await clanFleet(t);
  const eve = await ageHolder(directory, "eve");
  seen.know(eve);
  const add = ["user", "add", "eve", "--age-key", eve.recipient, "--document", "vars/m1/secureboot/keys/KEK/KEK.key"];
  assert.deepEqual(await step(add, { readers: plus([DEEP], "eve") }), [DEEP]);
  const key2 = await ageHolder(directory, "eve2");
  seen.know(key2);
  assert.deepEqual(await step(["user", "add-key", "eve", key2.recipient], { readers: plus([DEEP], "eve2") }), [DEEP]);
  assert.deepEqual(await step(["user", "rm-key", "eve", eve.recipient], { readers: minus([DEEP], "eve") }), [DEEP]);
  const rotated = allOf(minus([DEEP], "eve2"), plus([DEEP], "eve"));
  assert.deepEqual(await step(["rotate", "user", "eve", "--to", eve.recipient], { readers: rotated }), [DEEP]);
  assert.deepEqual(await step(["user", "rm", "eve"], { readers: minus([DEEP], "eve") }), [DEEP]);
  assert.equal(recipientsOf(await readFile(join(root, DEEP), "utf8")).includes(eve.recipient), false);
});
