import assert from "node:assert/strict";
import { test } from "node:test";
import {
  configsStating,
  foldersLinking,
  hasRegistry,
  keyFileOf,
  mainConfig,
} from "../../../src/actions/principal/places.ts";
import { whoIs } from "../../../src/actions/principal/who.ts";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { ada, bob, linkTo, RULES, smallFleet } from "../planned.ts";

test("folders that link somebody are found by where their links lead", async () => {
  const link = (path: string, target: string) => ({ [path]: linkTo(path, target) });
  const ground = memoryGround({
    ...link("vars/a/x/users/ada", "sops/users/ada"),
    ...link("vars/b/x/users/other", "sops/users/ada"),
    ...link("vars/c/x/users/ada", "sops/users/bob"),
    ...link("vars/d/x/machines/ada", "sops/users/ada"),
    ...link("sops/groups/g/users/ada", "sops/users/ada"),
    ...link("docs/users/ada", "sops/users/ada"),
    ...link("vars/e/x/users/adam", "sops/users/adam"),
    "vars/f/x/users/ada": { link: "/sops/users/ada" },
    "vars/g/x/users/ada": { link: "../../../../../../outside/sops/users/ada" },
    "vars/h/x/users/ada": "a file",
    "vars/i/x/users/ada": { link: "./../../../../sops/./users//ada" },
  });
  const found = await foldersLinking(new PolicyDraft(ground), { kind: "users", name: "ada" });
  assert.deepEqual(
    found.map(({ folder }) => folder),
    // Those of f and g lead out: by their names they were meant for ada.
    ["sops/groups/g", "vars/a/x", "vars/b/x", "vars/f/x", "vars/g/x", "vars/i/x"],
  );
});

test("where somebody's keys are stated, and where new ones would be", async () => {
  const files: MemoryFiles = {
    ...(await smallFleet()),
    "sub/.sops.yaml": `creation_rules:\n  - age: ${ada.recipient}\n`,
    "broken/.sops.yaml": "creation_rules: [",
  };
  const fleet = await loadFleet(memoryGround(files));
  assert.equal(mainConfig(fleet), ".sops.yaml");
  assert.equal(mainConfig(await loadFleet(memoryGround({ ".sops.yaml": "[" }))), undefined);
  assert.equal(hasRegistry(fleet), true);
  assert.equal(hasRegistry(await loadFleet(memoryGround({ ".sops.yaml": RULES }))), false);
  assert.equal(keyFileOf(fleet, whoIs(fleet, "ada")), "sops/users/ada/key.json");
  assert.equal(keyFileOf(fleet, whoIs(fleet, "admins")), undefined);
  assert.deepEqual(configsStating(fleet, { type: "age", id: ada.recipient }), [".sops.yaml", "sub/.sops.yaml"]);
  assert.deepEqual(configsStating(fleet, { type: "age", id: bob.recipient }), [".sops.yaml"]);
  assert.deepEqual(configsStating(fleet, { type: "pgp", id: bob.recipient }), []);
});
