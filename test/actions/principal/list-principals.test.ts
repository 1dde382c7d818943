import assert from "node:assert/strict";
import { test } from "node:test";
import { listPrincipals } from "../../../src/actions/principal/list-principals.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";
import { ada, bob, cleo, links, other, RULES, smallFleet } from "../planned.ts";

test("who there is, by which keys, stated where, in which groups, and how much they open alone", async () => {
  const fleet = await loadFleet(
    memoryGround({
      ...(await smallFleet()),
      ".sops.yaml": RULES.replace("  - &web", `  - &eve ${other.recipient}\n  - &web`),
      ...links("sops/groups/admins/machines/db"),
      "split.sops.yaml": await sealed("yaml", "x: 1", [[ada], [bob, cleo]], 2),
    }),
  );
  const users = listPrincipals(fleet, "user");
  assert.equal(users.schemaVersion, 1);
  assert.deepEqual(
    users.principals.map(({ kind, name, groups, reads }) => [kind, name, groups, reads]),
    [
      ["user", "ada", ["admins"], 5],
      ["user", "bob", ["admins"], 3],
      ["user", "cleo", [], 2],
      ["unknown", "eve", [], 0],
    ],
  );
  assert.deepEqual(users.principals[0]?.keys, [
    { recipient: ada.recipient, places: ["sops/users/ada/key.json:1", ".sops.yaml:3"] },
  ]);
  assert.deepEqual(
    listPrincipals(fleet, "machine").principals.map(({ kind, name, reads }) => [kind, name, reads]),
    [
      ["machine", "db", 0],
      ["machine", "web", 1],
      ["unknown", "eve", 0],
    ],
  );
  // ada and bob together open what neither opens alone.
  assert.deepEqual(listPrincipals(fleet, "group").principals, [
    { kind: "group", name: "admins", keys: [], members: ["db", "ada", "bob"], groups: [], reads: 6 },
  ]);
});
