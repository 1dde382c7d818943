import assert from "node:assert/strict";
import { test } from "node:test";
import { accessMatrix } from "../../src/actions/access.ts";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../fleet/memory-ground.ts";
import { keyJson, sealed } from "./in-memory.ts";

const [ada, bob, web, stranger] = [makeAgeKey(), makeAgeKey(), makeAgeKey(), makeAgeKey()];
const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": keyJson(ada),
  "sops/users/web/key.json": keyJson(bob),
  "sops/machines/web/key.json": keyJson(web),
  "sops/groups/admins/users/ada": { link: "../../../users/ada" },
  ".sops.yaml": `creation_rules:\n  - path_regex: ^ruled\n    age: ${ada.recipient},${bob.recipient}\n`,
  "ruled.yaml": await sealed("yaml", "a: b\n", [[ada, stranger]]),
  "free.yaml": await sealed("yaml", "a: b\n", [[web]]),
};

/** Rows as `path: one letter for each principal`. */
async function ask(subject?: string, changes: MemoryFiles = {}) {
  const { principals, documents } = accessMatrix(await loadFleet(memoryGround({ ...FLEET, ...changes })), subject);
  const row = ({ path, access }: (typeof documents)[number]) => `${path}: ${access.join(" ")}`;
  return [principals.map(({ name, kind }) => `${kind} ${name.slice(0, 4)}`), documents.map(row)];
}

test("everybody and everything; a key of nobody is a column of its own", async () => {
  assert.deepEqual(await ask(), [
    ["user ada", "user web", "machine web", "unknown key age1"],
    ["free.yaml: no no yes no", "ruled.yaml: yes missing no extra"],
  ]);
});

test("a person, a machine of the same name, a group", async () => {
  assert.deepEqual(await ask("ada"), [["user ada"], ["ruled.yaml: yes"]]);
  assert.deepEqual(await ask("users/web"), [["user web"], ["ruled.yaml: missing"]]);
  assert.deepEqual(await ask("machines/web"), [["machine web"], ["free.yaml: yes"]]);
  assert.deepEqual(await ask("groups/admins"), [["user ada"], ["ruled.yaml: yes"]]);
});

test("a document shows those alone whom it concerns", async () => {
  assert.deepEqual(await ask("ruled.yaml#a"), [
    ["user ada", "user web", "unknown key age1"],
    ["ruled.yaml: yes missing extra"],
  ]);
  assert.deepEqual(await ask("free.yaml"), [["machine web"], ["free.yaml: yes"]]);
});

test("nobody is called extra while a part of what decides cannot be read", async () => {
  const broken = {
    ".sops.yaml": `creation_rules:\n  - path_regex: ^ruled\n    age: ${ada.recipient},${bob.recipient},age1typo\n`,
  };
  assert.deepEqual((await ask("ruled.yaml", broken))[1], ["ruled.yaml: yes missing yes"]);
});

test("what nobody is called", async () => {
  await assert.rejects(ask("adda"), { code: "E_NOT_FOUND", hint: /ada/ });
});
