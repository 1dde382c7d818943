import assert from "node:assert/strict";
import { test } from "node:test";
import { anchorsFor, freeAnchor } from "../../../src/actions/principal/config-anchors.ts";
import { whoIs } from "../../../src/actions/principal/who.ts";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { ada, db, diff, keyFile, next, RULES, smallFleet } from "../planned.ts";

test("keys are meant by the anchor that they have, and get one where they have none", async () => {
  const ground = memoryGround({ ...(await smallFleet()), ...keyFile("users", "ada", ada, next) });
  const fleet = await loadFleet(ground);
  const draft = new PolicyDraft(ground);
  const found = await anchorsFor(draft, ".sops.yaml", [whoIs(fleet, "ada"), whoIs(fleet, "db")], "test");
  assert.deepEqual(
    found.map(({ anchor, text }) => [anchor, text]).sort(),
    [
      ["ada", ada.recipient],
      ["ada_key2", next.recipient],
      ["db", db.recipient],
    ].sort(),
  );
  const text = Buffer.from(await draft.ground.read(".sops.yaml")).toString("utf8");
  assert.deepEqual(diff(RULES, text).sort(), [`+  - &ada_key2 ${next.recipient}`, `+  - &db ${db.recipient}`].sort());
  // Once more changes nothing.
  await anchorsFor(draft, ".sops.yaml", [whoIs(fleet, "ada"), whoIs(fleet, "db")], "test");
  assert.equal(Buffer.from(await draft.ground.read(".sops.yaml")).toString("utf8"), text);
  await assert.rejects(anchorsFor(draft, ".sops.yaml", [], "test"), { code: "E_NOT_REGISTERED" });
});

test("a free anchor is made of the name, and numbered from two", () => {
  const cases: readonly (readonly [name: string, taken: readonly string[], anchor: string])[] = [
    ["ada", [], "ada"],
    ["ada", ["bob"], "ada"],
    ["ada", ["ada"], "ada_key2"],
    ["ada", ["ada", "ada_key2", "ada_key4"], "ada_key3"],
    ["web-01.lan", [], "web-01_lan"],
    ["é\u001b[", [], "___"],
  ];
  for (const [name, taken, anchor] of cases) assert.equal(freeAnchor(name, taken), anchor, name);
});
