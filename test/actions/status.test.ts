import assert from "node:assert/strict";
import { test } from "node:test";
import { statusOf } from "../../src/actions/status.ts";
import { type AgeKey, makeAgeKey } from "../../src/age/age-key.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../fleet/memory-ground.ts";
import { keyJson, keyringOf, sealed } from "./in-memory.ts";

const [ada, eve] = [makeAgeKey(), makeAgeKey()];
const rules = (...keys: string[]) => `creation_rules:\n  - age: ${keys.join(",")}\n`;
const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": keyJson(ada),
  "sops/machines/m1/key.json": keyJson(eve),
  "vars/shared/g/f/value": "x",
  ".sops.yaml": rules(ada.recipient),
  "a.yaml": await sealed("yaml", "a: b\n", [[ada]]),
};

async function status(changes: MemoryFiles, ...keys: AgeKey[]) {
  return statusOf(await loadFleet(memoryGround({ ...FLEET, ...changes })), await keyringOf(...keys));
}

test("what is here, and whose keys I hold", async () => {
  const { documents, principals, drift, anomalies, me, next } = await status({}, ada);
  assert.deepEqual(documents, { vars: 0, files: 1, public: 1 });
  assert.deepEqual(principals, { users: 1, machines: 1, groups: 0, unknown: 0 });
  assert.deepEqual([drift, anomalies, me], [0, 0, { names: ["ada"], identities: 1, opens: 1 }]);
  assert.match(next, /^secrets edit /);
});

test("the next command is the one that is worth running", async () => {
  assert.match((await status({})).next, /^secrets doctor /);
  assert.match((await status({}, makeAgeKey())).next, /^secrets doctor /);
  const drifted = await status({ ".sops.yaml": rules(ada.recipient, eve.recipient) }, ada);
  assert.deepEqual([drifted.drift, /^secrets check /.test(drifted.next)], [1, true]);
  const empty = statusOf(await loadFleet(memoryGround({})), await keyringOf(ada));
  assert.match(empty.next, /^secrets demo /);
});

test("a reader is not called extra while a part of what decides cannot be read", async () => {
  const secret = {
    "vars/shared/g/s/secret": await sealed("binary", "x", [[ada, eve]]),
    "vars/shared/g/s/users/ada": { link: "../../../../../sops/users/ada" },
  };
  assert.equal((await status(secret, ada)).drift, 1);
  const dangling = { "vars/shared/g/s/users/gone": { link: "../../../../../sops/users/gone" } };
  const { drift, anomalies } = await status({ ...secret, ...dangling }, ada);
  assert.deepEqual([drift, anomalies], [0, 1]);
});

test("a share of a split data key opens nothing", async () => {
  const split = { "a.yaml": await sealed("yaml", "a: b\n", [[ada], [eve]], 2) };
  assert.equal((await status(split, ada)).me.opens, 0);
  assert.equal((await status(split, ada, eve)).me.opens, 1);
});
