import assert from "node:assert/strict";
import { test } from "node:test";
import { compareModels } from "../../../../src/fleet/sopsnix/edit/expect.ts";
import { Residues, readModel } from "../../../../src/fleet/sopsnix/edit/model.ts";
import { A, B } from "../rule-cases.ts";

const BASE = `keys:
  - &ada ${A}
  - &team [${A}, ${B}]
stores: {yaml: {indent: 2}}
creation_rules:
  - path_regex: ^a
    encrypted_regex: ^data$
    shamir_threshold: 1
    key_groups:
      - age: [*ada]
        kms:
          - arn: arn:aws:kms:eu:1:key/2
            role: one
      - age: [${B}]
  - path_regex: ^b
    age: *team
    note: unknown to sops
destination_rules:
  - path_regex: ^c
    vault_path: c/
`;

/** Everything else that a slip of an edit could change, with no edit asked for. */
const SLIPS: readonly (readonly [what: string, from: string, to: string])[] = [
  ["a path", "^b", "^bb"],
  ["a selector", "^data$", "^date$"],
  ["the kind of a selector", "encrypted_regex", "unencrypted_regex"],
  ["a threshold", "threshold: 1", "threshold: 2"],
  ["a setting that was not there", "    age: *team", "    age: *team\n    mac_only_encrypted: true"],
  ["a field that sops does not know", "unknown to sops", "known"],
  ["a role", "role: one", "role: two"],
  ["another kind of key", "key/2", "key/3"],
  ["a key", "age: [*ada]", `age: [${B}]`],
  ["a key more", "age: [*ada]", `age: [*ada, ${B}]`],
  ["a key in another group", `age: [${B}]`, "age: [*ada]"],
  ["a group more", `      - age: [${B}]`, `      - age: [${B}]\n      - age: [${B}]`],
  ["a rule more", "destination_rules:", `  - age: ${A}\ndestination_rules:`],
  ["an anchor less", "- &team [", "- &teem ["],
  ["an anchor more", "stores:", `more: &more ${B}\nstores:`],
  ["the key of an anchor that no rule uses", "stores:", `more: &ada ${B}\nstores:`],
  ["the stores", "indent: 2", "indent: 4"],
  ["where files are published", "vault_path: c/", "vault_path: d/"],
  ["a fault", "age: *team", "age: *team\n    unencrypted_suffix: x\n    encrypted_suffix: y"],
];

const model = (yaml: string, residues: Residues) => readModel(Buffer.from(yaml), ".sops.yaml", residues);
const unchanged = (yaml: string, residues: Residues) => ({
  ...model(yaml, residues),
  mayGo: new Set<string>(),
  mayBeListed: new Set<string>(),
});

for (const [what, from, to] of SLIPS) {
  test(`a result that differs is refused: ${what}`, () => {
    const residues = new Residues();
    const changed = BASE.replace(from, to);
    assert.notEqual(changed, BASE);
    assert.throws(() => compareModels(unchanged(BASE, residues), model(changed, residues)), { code: "E_CONFIG_EDIT" });
  });
}

test("layout and spelling make no difference", () => {
  const residues = new Residues();
  const other = `# c\n${BASE.replace(`&ada ${A}`, `&ada "${A}"`).replace("[*ada]", "\n        - *ada # x")}\n\n`;
  compareModels(unchanged(BASE, residues), model(other, residues));
});

test("aliases of aliased lists are looked at once each", () => {
  const lists = ["l0: &l0 [x, y]"];
  for (let i = 1; i < 60; i++) lists.push(`l${i}: &l${i} [*l${i - 1}, *l${i - 1}]`);
  const yaml = `${lists.join("\n")}\ncreation_rules:\n  - age: ${A}\n`;
  const residues = new Residues();
  compareModels(unchanged(yaml, residues), model(yaml, residues));
});
