import assert from "node:assert/strict";
import { test } from "node:test";
import { keyHolders, memberOf, namedAs, whoIs, whoText } from "../../../src/actions/principal/who.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { ada, bob, keyFile, other, RULES, smallFleet } from "../planned.ts";

const fleetOf = async (more: MemoryFiles = {}) => loadFleet(memoryGround({ ...(await smallFleet()), ...more }));

test("a name, a name with its kind, or a key means one principal", async () => {
  const ssh = makeSshKeyPair("eve@home").publicKey.trim();
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
  const fleet = await fleetOf({
    "sops/users/eve/key.json": JSON.stringify([
      { publickey: ssh, type: "age" },
      { publickey: fingerprint, type: "pgp" },
    ]),
  });
  const cases: readonly (readonly [text: string, found: string])[] = [
    ["ada", "users/ada"],
    ["users/ada", "users/ada"],
    ["machines/web", "machines/web"],
    ["groups/admins", "groups/admins"],
    ["admins", "groups/admins"],
    [ada.recipient, "users/ada"],
    [` ${ada.recipient}`.trim(), "users/ada"],
    [ssh, "users/eve"],
    [ssh.split(" ").slice(0, 2).join(" "), "users/eve"],
    [fingerprint.toLowerCase(), "users/eve"],
  ];
  for (const [text, found] of cases) assert.equal(whoText(whoIs(fleet, text)), found, text);
});

test("nobody is guessed, and near names are told", async () => {
  const fleet = await fleetOf();
  for (const text of [
    "",
    "users/",
    "users/ada/x",
    "users/web",
    "machines/ada",
    "sops/users/ada",
    "ADA",
    other.recipient,
  ]) {
    assert.throws(() => whoIs(fleet, text), { code: "E_NOT_FOUND" }, text);
  }
  assert.throws(() => whoIs(fleet, "amins"), { hint: /did you mean admins/ });
  assert.throws(() => whoIs(fleet, "somebodyelse"), { hint: /secrets user add makes a person known/ });
});

test("a name that a user and a machine share has to be said with its kind", async () => {
  const fleet = await fleetOf(keyFile("machines", "ada", other));
  assert.throws(() => whoIs(fleet, "ada"), {
    code: "E_AMBIGUOUS",
    message: "ada is more than one: users/ada, machines/ada",
  });
  assert.equal(whoIs(fleet, "machines/ada").keys[0]?.id, other.recipient);
  assert.equal(namedAs(fleet, "user", "ada").keys[0]?.id, ada.recipient);
  assert.equal(namedAs(fleet, "machine", "ada").keys[0]?.id, other.recipient);
});

test("who is known by an anchor alone may be a user or a machine, and is nobody of clan's", async () => {
  const fleet = await fleetOf({ ".sops.yaml": RULES.replace("  - &web", `  - &eve ${other.recipient}\n  - &web`) });
  for (const kind of ["user", "machine"] as const) assert.equal(namedAs(fleet, kind, "eve").kind, "unknown");
  assert.equal(whoText(whoIs(fleet, "eve")), "eve");
  assert.equal(memberOf(fleet, whoIs(fleet, "eve")), undefined);
  assert.deepEqual(memberOf(fleet, whoIs(fleet, "web")), { kind: "machines", name: "web" });
  assert.throws(() => namedAs(fleet, "user", "admins"), { hint: "admins is a group" });
  assert.throws(() => namedAs(fleet, "machine", "wev"), { hint: "did you mean web?" });
  assert.throws(() => namedAs(fleet, "machine", "zzzzz"), { hint: "secrets machine ls shows all" });
});

test("behind a group are its members, behind everybody else they themselves", async () => {
  const fleet = await fleetOf();
  assert.deepEqual(
    keyHolders(fleet, whoIs(fleet, "admins")).flatMap(({ keys }) => keys.map(({ id }) => id)),
    [ada.recipient, bob.recipient],
  );
  assert.deepEqual(keyHolders(fleet, whoIs(fleet, "web")), [whoIs(fleet, "web")]);
});
