/** Who can open a document, against who should: where nobody can tell, nothing is claimed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkReaders } from "../../../src/actions/check/readers.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson, sealed } from "../in-memory.ts";

const [ada, eve, web01] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
const [ADA, EVE, WEB] = [ada.recipient, eve.recipient, web01.recipient];
const FOR_ADA = await sealed("yaml", "a: b\n", [[ada]]);
const FOR_WEB = await sealed("yaml", "a: b\n", [[web01]]);
const PAIRS = await sealed("yaml", "a: b\n", [[eve, ada], [web01]]);
const SPLIT = await sealed("yaml", "a: b\n", [[ada], [eve], [web01]], 2);
/** What sops writes for a key in a cloud, instead of age entries. */
const FOR_CLOUD = FOR_ADA.replace(
  /^ {4}age:\n(?: {8}.*\n)+/m,
  "    kms:\n        - arn: arn:aws:kms:eu-west-1:1:key/a\n          created_at: '2026-03-01T12:00:00Z'\n          enc: aGVsbG8=\n",
);
const rule = (...lines: string[]) => `creation_rules:\n  - ${lines.join("\n    ")}\n`;
const groups = (...ids: string[]) => ["key_groups:", ...ids.map((id) => `  - age: [${id}]`)];
const MACHINE = { "sops/machines/web01/key.json": keyJson(web01) };

const CASES: readonly (readonly [what: string, files: MemoryFiles, ...codes: string[]])[] = [
  ["a rule that states keys without names", { ".sops.yaml": rule(`age: ${ADA}`), "a.yaml": FOR_ADA }],
  ["a fleet that states no key at all", { "a.yaml": FOR_ADA }, "no-rule"],
  [
    "a stranger's document beside others",
    { ".sops.yaml": rule("path_regex: ^b", `age: ${EVE}`), "a.yaml": FOR_ADA },
    "locked-out",
    "no-rule",
  ],
  [
    "a key that another rule states",
    { ".sops.yaml": rule("path_regex: ^b", `age: ${ADA}`), "a.yaml": FOR_ADA },
    "no-rule",
  ],
  ["a key in a cloud", { ".sops.yaml": rule("kms: arn:aws:kms:eu-west-1:1:key/a"), "a.yaml": FOR_CLOUD }],
  ["a key in a cloud that no rule states", { ...MACHINE, "a.yaml": FOR_CLOUD }, "no-rule"],
  ["a machine alone", { ...MACHINE, ".sops.yaml": rule(`age: ${WEB}`), "a.yaml": FOR_WEB }, "no-person"],
  [
    "an anchor that does not tell a person from a machine",
    { ".sops.yaml": `keys: [&k ${ADA}]\n${rule("age: *k")}`, "a.yaml": FOR_ADA },
  ],
  [
    "a split key as the rule splits it, in whatever order",
    { ".sops.yaml": rule("shamir_threshold: 2", ...groups(WEB, ADA, EVE)), "a.yaml": SPLIT },
  ],
  [
    "a rule without a threshold: it takes all groups, and the order in one means nothing",
    { ".sops.yaml": rule(...groups(`${ADA}, ${EVE}`, WEB)), "a.yaml": PAIRS },
  ],
  [
    "another number of groups that it takes",
    { ".sops.yaml": rule(...groups(ADA, EVE, WEB)), "a.yaml": SPLIT },
    "group-drift",
  ],
  [
    "other groups of the same keys",
    { ".sops.yaml": rule("shamir_threshold: 2", ...groups(`${ADA}, ${EVE}`, WEB)), "a.yaml": SPLIT },
    "group-drift",
  ],
  [
    "a split key where one group is meant",
    { ".sops.yaml": rule(`age: ${ADA},${EVE},${WEB}`), "a.yaml": SPLIT },
    "group-drift",
  ],
  [
    "other readers and other groups are one finding",
    { ".sops.yaml": rule(...groups(ADA, EVE)), "a.yaml": SPLIT },
    "reader-drift",
  ],
];

for (const [what, files, ...codes] of CASES) {
  test(what, async () => {
    const fleet = await loadFleet(memoryGround(files));
    assert.deepEqual(fleet.anomalies, []);
    assert.deepEqual(
      checkReaders(fleet)
        .map(({ code }) => code)
        .sort(),
      codes,
    );
  });
}

test("an extra reader is not told while a part of what decides cannot be read; a missing one is", async () => {
  const files = {
    "sops/users/ada/key.json": keyJson(ada),
    "sops/users/eve/key.json": "{}",
    "vars/shared/g/f/secret": await sealed("binary", "x", [[eve]]),
    "vars/shared/g/f/users/ada": { link: "../../../../../sops/users/ada" },
    "vars/shared/g/f/users/eve": { link: "../../../../../sops/users/eve" },
  };
  const [drift] = checkReaders(await loadFleet(memoryGround(files)));
  assert.deepEqual([drift?.missing, drift?.extra], [[{ recipient: ADA, name: "ada" }], undefined]);
});

test("groups are not compared with a rule that sops would refuse", async () => {
  const files = {
    ".sops.yaml": rule(`age: ${ADA},${EVE},${WEB}`, "encrypted_regex: a", "encrypted_suffix: b"),
    "a.yaml": SPLIT,
  };
  const fleet = await loadFleet(memoryGround(files));
  assert.equal(fleet.documents[0]?.policy.complete, false);
  assert.deepEqual(checkReaders(fleet), []);
});

test("the command that mends takes away nobody who may only be misunderstood", async () => {
  const folder = "vars/per-export/site/g/f";
  const link = (name: string) => ({ link: `../../../../../../sops/users/${name}` });
  const files = {
    "sops/users/ada/key.json": keyJson(ada),
    [`${folder}/secret`]: await sealed("binary", "x", [[eve]]),
    [`${folder}/users/ada`]: link("ada"),
    [`${folder}/users/gone`]: link("gone"),
  };
  const found = checkReaders(await loadFleet(memoryGround(files)));
  const fix = found.find(({ code }) => code === "reader-drift")?.fix;
  assert.equal(fix, `secrets sync ${folder}/secret`);
});

const FOLDERS = ["vars/per-machine/web01/g/f", "vars/shared/g/f", "sops/secrets/legacy", "vars/per-export/site/g/f"];

for (const folder of FOLDERS) {
  test(`drift of ${folder} is mended by a sync of it`, async () => {
    const up = folder.replaceAll(/[^/]+/g, "..");
    const fleet = await loadFleet(
      memoryGround({
        "sops/users/ada/key.json": keyJson(ada),
        "sops/users/eve/key.json": keyJson(eve),
        [`${folder}/secret`]: await sealed("binary", "x", [[eve]]),
        [`${folder}/users/ada`]: { link: `${up}/../sops/users/ada` },
      }),
    );
    assert.deepEqual(
      checkReaders(fleet).map((finding) => [finding.code, finding.fix]),
      [["reader-drift", `secrets sync ${folder}/secret`]],
    );
  });
}

test("of very many readers a few are named, and all are in the lists", async () => {
  const keys = Array.from({ length: 40 }, () => makeAgeKey());
  const config = rule(`age: ${keys.map(({ recipient }) => recipient).join(",")}`);
  const [drift] = checkReaders(await loadFleet(memoryGround({ ".sops.yaml": config, "a.yaml": FOR_ADA })));
  assert.equal(drift?.missing?.length, 40);
  assert.match(drift?.message ?? "", / and 35 more should read it and cannot; /);
});

test("rules that cannot be used are not told again for every document", async () => {
  const fleet = await loadFleet(memoryGround({ ".sops.yaml": "creation_rules: [", "a.yaml": FOR_ADA }));
  assert.deepEqual(checkReaders(fleet), []);
});
