/** The fleet that clan wrote, with other keys and other readers: it keeps clan's shape, and is clean by clan's reckoning. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ageHolder, derivedHolder, recipientsOf, sshHolder } from "./access-witness.ts";
import { clanFleet, DEEP } from "./clan-fleet.ts";
import { allOf, insteadOf, minus, plus, readBy } from "./expected-readers.ts";

const LEGACY = "sops/secrets/legacy/secret";
const BIN = "vars/per-machine/m1/dep/bin/secret";
const PW = "vars/per-machine/m1/user-password/pw/secret";
const SEALED = ["sops/secrets/m1-age.key/secret", "sops/secrets/m2-age.key/secret"];

test("people's keys rotated: the only one, one of two, and one in a key file of the old form", async (t) => {
  const { directory, seen, step, holder } = await clanFleet(t);
  const alice2 = await ageHolder(directory, "alice2");
  const carol2 = await ageHolder(directory, "carol2");
  const dave2 = await sshHolder(directory, "dave2");
  for (const one of [alice2, carol2, dave2]) seen.know(one);
  const [alices, carols, daves] = [readBy(seen, "alice"), readBy(seen, "carol"), readBy(seen, "dave")];
  assert.deepEqual(
    [alices, carols, daves],
    [seen.paths(), seen.paths(), seen.paths().filter((path) => path !== LEGACY)],
  );

  const from = ["--from", holder("carol").recipient, "--to", carol2.recipient];
  assert.deepEqual(await step(["rotate", "user", "bob", ...from], { readers: insteadOf("carol", "carol2") }), carols);
  const dave = ["rotate", "user", "dave", "--to-ssh", `${dave2.file}.pub`];
  assert.deepEqual(await step(dave, { readers: insteadOf("dave", "dave2") }), daves);
  const hers = join(directory, "alice-old-and-new.txt");
  await writeFile(hers, (await readFile(holder("alice").file, "utf8")) + (await readFile(alice2.file, "utf8")));
  const alice = ["rotate", "user", "alice", "--to", alice2.recipient];
  assert.deepEqual(await step(alice, { readers: insteadOf("alice", "alice2") }, hers), alices);
});

test("machines' keys rotated: with the sealed private half, and without", async (t) => {
  const fleet = await clanFleet(t);
  const { directory, seen, step } = fleet;
  const host = await sshHolder(directory, "host");
  const m1new = await derivedHolder(directory, "m1new", host);
  const m2new = await ageHolder(directory, "m2new");
  seen.know(m1new);
  seen.know(m2new);
  const m1s = readBy(seen, "m1");
  const identity = Buffer.from((await readFile(m1new.file, "utf8")).trim());
  const touched = await step(["rotate", "machine", "m1", "--from-host-key", host.file], {
    readers: insteadOf("m1", "m1new"),
    value: (path, before) => (path === SEALED[0] ? identity : before),
  });
  assert.deepEqual(touched, [...m1s, SEALED[0] ?? ""].sort());
  const lacking = await fleet.run(["rotate", "machine", "m2", "--to", m2new.recipient, "--yes"]);
  assert.match(lacking.stderr, /m2-age\.key\/secret holds the private half of the old key/);
  assert.deepEqual(await seen.prove({ readers: insteadOf("m2", "m2new") }), readBy(seen, "m2new"));
  // Clan itself notices nothing from then on.
  const { stdout } = await fleet.run(["check", "--deep"]);
  assert.match(stdout.toString(), /m2-age\.key\/secret\n +error: the private key in it is another one's/);
});

test("grants and revocations: a user, a machine, a group", async (t) => {
  const { seen, step, directory, root, run } = await clanFleet(t);
  const eve = await ageHolder(directory, "eve");
  seen.know(eve);
  assert.deepEqual(await step(["user", "add", "eve", "--age-key", eve.recipient, "--no-documents"]), []);
  assert.deepEqual(
    await step(["grant", "eve", LEGACY, DEEP, "--allow", "eve"], { readers: plus([LEGACY, DEEP], "eve") }),
    [LEGACY, DEEP],
  );
  assert.deepEqual(await step(["grant", "machines/m2", BIN, PW], { readers: plus([BIN, PW], "m2") }), [BIN, PW]);
  assert.deepEqual(await step(["grant", "groups/admins", LEGACY], { readers: plus([LEGACY], "dave") }), [LEGACY]);
  assert.equal(recipientsOf(await readFile(join(root, LEGACY), "utf8")).length, 6);
  // Alice and bob were let in by their own names, too: that is told, and not undone with the group's link.
  const { stdout } = await run(["revoke", "groups/admins", LEGACY, "--dry-run"]);
  assert.match(stdout.toString(), /members still read sops\/secrets\/legacy by users\/alice/);
  assert.deepEqual(await step(["revoke", "groups/admins", LEGACY], { readers: minus([LEGACY], "dave") }), [LEGACY]);
  assert.deepEqual(await step(["revoke", "machines/m2", BIN], { readers: minus([BIN], "m2") }), [BIN]);
  assert.deepEqual(await step(["revoke", "eve", LEGACY, DEEP], { readers: minus([LEGACY, DEEP], "eve") }), [
    LEGACY,
    DEEP,
  ]);
});

test("groups: members come and go, a group comes and goes", async (t) => {
  const { seen, step, git } = await clanFleet(t);
  const admins = seen.paths().filter((path) => path !== LEGACY);
  const m2s = readBy(seen, "m2");
  const others = admins.filter((path) => !m2s.includes(path));
  assert.deepEqual(await step(["group", "add-member", "admins", "m2"], { readers: plus(others, "m2") }), others);
  assert.deepEqual(await step(["group", "rm-member", "admins", "m2"], { readers: minus(others, "m2") }), others);
  // Bob reads the plain secret by his own link, and everything else as a member.
  const bobs = minus(admins, "bob", "carol");
  assert.deepEqual(await step(["group", "rm-member", "admins", "bob"], { readers: bobs }), admins);
  assert.deepEqual(await step(["group", "add", "watch", "bob", "m2"]), []);
  assert.deepEqual(await step(["grant", "groups/watch", PW], { readers: plus([PW], "bob", "carol", "m2") }), [PW]);
  assert.deepEqual(await step(["group", "rm", "watch"], { readers: minus([PW], "bob", "carol", "m2") }), [PW]);
  await step(["group", "add-member", "admins", "bob"], { readers: plus(admins, "bob", "carol") });
  assert.match(await git("status", "--porcelain", "sops/groups"), /^$/);
});

test("users come and go, with the machines' sealed keys; a machine goes; names change", async (t) => {
  const { seen, step, directory, root } = await clanFleet(t);
  const eve = await sshHolder(directory, "eve");
  seen.know(eve);
  const admins = seen.paths().filter((path) => path !== LEGACY);
  const add = ["user", "add", "eve", "--ssh-key", `${eve.file}.pub`, "--group", "admins"];
  const touched = await step(add, { readers: plus(admins, "eve") });
  assert.deepEqual(touched, admins, "every secret of the group, however deep, and what machines unlock theirs with");
  assert.ok([DEEP, ...SEALED].every((path) => touched.includes(path)));
  const bobs = readBy(seen, "bob");
  assert.deepEqual(await step(["user", "rm", "bob"], { readers: minus(bobs, "bob", "carol") }), bobs);
  assert.deepEqual(await step(["user", "rename", "eve", "eva"]), []);
  const before = await readFile(join(root, DEEP));
  assert.deepEqual(await step(["machine", "rename", "m1", "m01"]), []);
  assert.deepEqual(await readFile(join(root, DEEP.replace("/m1/", "/m01/"))), before, "moved, to the byte");
  const m2s = readBy(seen, "m2");
  assert.deepEqual(await step(["machine", "rm", "m2"], { readers: allOf(minus(m2s, "m2")) }), m2s);
});
