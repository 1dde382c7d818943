import assert from "node:assert/strict";
import { test } from "node:test";
import { explain } from "../../src/actions/explain.ts";
import { type AgeKey, makeAgeKey } from "../../src/age/age-key.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../fleet/memory-ground.ts";
import { keyJson, keyringOf, sealed } from "./in-memory.ts";

const [ada, eve, web01] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
const [ADA, EVE, WEB] = [ada.recipient, eve.recipient, web01.recipient];
const YAML = await sealed("yaml", "a: b\n", [[ada, web01]]);
const LEAF = "vars/per-machine/web01/acme/token";
const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": keyJson(ada),
  "sops/users/eve/key.json": keyJson(eve),
  "sops/machines/web01/key.json": keyJson(web01),
  "sops/groups/admins/users/ada": { link: "../../../users/ada" },
  ".sops.yaml": `keys: [&ada ${ADA}, &eve ${EVE}]\ncreation_rules:\n  - path_regex: ^team/\n    age: [*ada, *eve]\n`,
  "team/a.yaml": YAML,
  "team/b#1.yaml": YAML,
  "vars/shared/site/name/value": "x",
  [`${LEAF}/secret`]: await sealed("binary", "x", [[ada, eve]]),
  [`${LEAF}/groups/admins`]: { link: "../../../../../../sops/groups/admins" },
  [`${LEAF}/machines/web01`]: { link: "../../../../../../sops/machines/web01" },
};

async function ask(subject: string, changes: MemoryFiles = {}, ...keys: AgeKey[]) {
  return explain(await loadFleet(memoryGround({ ...FLEET, ...changes })), await keyringOf(...keys), subject);
}

test("a document under a rule: who should, who does, and why", async () => {
  const explanation = await ask("team/a.yaml", {}, ada);
  assert.deepEqual(explanation, {
    schemaVersion: 1,
    path: "team/a.yaml",
    address: "team/a.yaml",
    state: "document",
    decidedBy: { kind: "rule", place: ".sops.yaml:3", pathRegex: "^team/" },
    opens: true,
    readers: [
      { recipient: ADA, name: "ada", reasons: [".sops.yaml:1 &ada"], reads: true, mine: true },
      { recipient: EVE, name: "eve", reasons: [".sops.yaml:1 &eve"], reads: false, mine: false },
      { recipient: WEB, name: "web01", reasons: [], reads: true, mine: false },
    ],
  });
});

test("a secret of clan: by which link, through which group; every spelling of its address", async () => {
  const expected = await ask("vars/web01/acme/token");
  assert.deepEqual(expected.decidedBy, { kind: "links", place: LEAF });
  assert.deepEqual(
    expected.readers.map(({ name, reasons, reads }) => [name, reasons, reads]),
    [
      ["ada", ["groups/admins/users/ada"], true],
      ["web01", ["machines/web01"], false],
      ["eve", [], true],
    ],
  );
  for (const spelling of [LEAF, `${LEAF}/secret`]) assert.deepEqual(await ask(spelling), expected);
});

test("an address with a key, and a file with # in its name", async () => {
  for (const subject of ["team/b\\#1.yaml", "team/b\\#1.yaml#a", "team/b#1.yaml", "./team/b\\#1.yaml"]) {
    assert.equal((await ask(subject)).path, "team/b#1.yaml", subject);
  }
  assert.equal((await ask("team/a.yaml#a")).path, "team/a.yaml");
});

test("a public value, a file to come, and what nobody knows", async () => {
  assert.equal((await ask("vars/shared/site/name")).state, "public");
  const planned = await ask("team/new.yaml", {}, eve);
  assert.deepEqual(
    [planned.state, planned.opens, planned.readers.map(({ name, reads, mine }) => [name, reads, mine])],
    [
      "planned",
      false,
      [
        ["ada", false, false],
        ["eve", false, true],
      ],
    ],
  );
  await assert.rejects(ask("team.yaml"), { code: "E_NOT_FOUND" });
  await assert.rejects(ask("vars/web01/acme/tokn"), { code: "E_NOT_FOUND", hint: /vars\/web01\/acme\/token/ });
});

test("what decides and cannot be read in full is told, and asked about a new file it is an error", async () => {
  const broken = { ".sops.yaml": "creation_rules: {" };
  const { decidedBy } = await ask("team/a.yaml", broken);
  assert.deepEqual([decidedBy.kind, decidedBy.fault], ["none", "cannot be read"]);
  await assert.rejects(ask("team/new.yaml", broken), { code: "E_CONFIG" });
  const link = { [`${LEAF}/users/gone`]: { link: "../../../../../../sops/users/gone" } };
  assert.match((await ask(LEAF, link)).decidedBy.fault ?? "", /link/);
});

test("a share of a split data key does not open it", async () => {
  const split = { "team/a.yaml": await sealed("yaml", "a: b\n", [[ada], [eve]], 2) };
  assert.equal((await ask("team/a.yaml", split, ada)).opens, false);
  assert.equal((await ask("team/a.yaml", split, ada, eve)).opens, true);
});
