import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { decidingRule, ownRuleFor, sharedRules } from "../../../src/actions/rekey/rule-scope.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";
import { ada, OWN, RULES, smallFleet, TEAM, TEAM_TOO } from "../planned.ts";

const load = async (more = {}) => loadFleet(memoryGround({ ...(await smallFleet()), ...more }));

test("each rule comes once, with the documents that were named and those that were not", async () => {
  const fleet = await load();
  const files = fleet.documents.filter(({ tier }) => tier === "files");
  const told = (named: readonly string[]) =>
    sharedRules(
      fleet,
      files.filter(({ path }) => named.includes(path)),
    ).map(({ config, line, documents, others }) => [
      `${config}:${line}`,
      documents.map(({ path }) => path),
      others.map(({ path }) => path),
    ]);
  assert.deepEqual(told([TEAM, OWN]), [
    [".sops.yaml:11", [OWN], []],
    [".sops.yaml:8", [TEAM], [TEAM_TOO]],
  ]);
  assert.deepEqual(told([TEAM, TEAM_TOO]), [[".sops.yaml:8", [TEAM, TEAM_TOO], []]]);
  assert.deepEqual(told([]), []);
});

test("a document that nothing decides for, or a faulty rule, is no document to change rules for", async () => {
  const document = await sealed("yaml", "x: 1", [[ada]]);
  for (const [rules, code, place] of [
    [RULES, "E_NO_RULE", ".sops.yaml"],
    [`${RULES}  - path_regex: "("\n    age: ${ada.recipient}\n`, "E_POLICY_UNCLEAR", ".sops.yaml"],
    [`${RULES}  - path_regex: lone\n`, "E_POLICY_UNCLEAR", ".sops.yaml"],
    ["[", "E_POLICY_UNCLEAR", ".sops.yaml"],
  ] as const) {
    const fleet = await load({ ".sops.yaml": rules, "lone.sops.yaml": document });
    const lone = fleet.documents.filter(({ path }) => path === "lone.sops.yaml");
    assert.throws(
      () => sharedRules(fleet, lone),
      { code, location: { file: "lone.sops.yaml" }, hint: new RegExp(place) },
      rules,
    );
  }
});

test("a rule of its own fits the one path and nothing else, whatever signs are in it, and is made once", async () => {
  const path = "secrets/team/a+b (1).yaml";
  const fleet = { ...(await smallFleet()), [path]: await sealed("yaml", "x: 1", [[ada]]) };
  const draft = new PolicyDraft(memoryGround(fleet));
  await ownRuleFor(draft, ".sops.yaml", path, "own");
  const text = Buffer.from(await draft.ground.read(".sops.yaml")).toString("utf8");
  assert.match(text, /path_regex: \^secrets\/team\/a\\\+b \\\(1\\\)\\\.yaml\$/);
  const [rule, other] = [await decidingRule(draft, ".sops.yaml", path), await decidingRule(draft, ".sops.yaml", TEAM)];
  assert.notEqual(rule.line, other.line);
  assert.deepEqual(
    rule.keyGroups.flat().map(({ id }) => id),
    other.keyGroups.flat().map(({ id }) => id),
  );
  await ownRuleFor(draft, ".sops.yaml", path, "own");
  assert.equal(Buffer.from(await draft.ground.read(".sops.yaml")).toString("utf8"), text);
  await assert.rejects(decidingRule(draft, ".sops.yaml", "nowhere.yaml"), { code: "E_NO_RULE" });
});
