import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../memory-ground.ts";
import { A, B, C, FAULTS, KEYS, MATCHES, rules, SSH } from "./rule-cases.ts";

/** What a `.sops.yaml` decides for a path: the line of the rule, and its groups. */
async function decide(yaml: string | MemoryFiles, path: string) {
  const files = typeof yaml === "string" ? { ".sops.yaml": yaml } : yaml;
  const { rules, anomalies } = await loadFleet(memoryGround(files));
  const { config, rule, fault } = rules.decide(path);
  return {
    config,
    line: rule?.line,
    groups: rule?.keyGroups.map((group) => group.map(({ id }) => id)),
    fault,
    anomalies,
  };
}

for (const [title, yaml, path, line] of MATCHES) {
  test(`rule: ${title}`, async () => {
    const decision = await decide(yaml, path);
    assert.deepEqual([decision.line, decision.fault, decision.anomalies], [line, undefined, []]);
  });
}

for (const [title, yaml, groups] of KEYS) {
  test(`keys: ${title}`, async () => {
    const decision = await decide(yaml, "x.yaml");
    assert.deepEqual([decision.groups, decision.fault, decision.anomalies], [groups, undefined, []]);
  });
}

for (const [title, yaml, code, line] of FAULTS) {
  test(`refused: ${title}`, async () => {
    const { fault, anomalies } = await decide(yaml, "x");
    assert.ok(fault !== undefined);
    assert.deepEqual(
      anomalies.map((anomaly) => [anomaly.code, anomaly.path, anomaly.line]),
      [[code, ".sops.yaml", line]],
    );
    assert.doesNotMatch(anomalies[0]?.message ?? "", /SECRET-KEY/);
  });
}

test("a bad expression stops the search where sops would stop, and is told", async () => {
  const yaml = rules("- path_regex: ^first$", `  age: ${A}`, "- path_regex: (?=x)", `  age: ${A}`, `- age: ${B}`);
  assert.equal((await decide(yaml, "first")).line, 2);
  const { line, fault, anomalies } = await decide(yaml, "other");
  assert.deepEqual([line, typeof fault], [undefined, "string"]);
  assert.deepEqual(
    anomalies.map((anomaly) => [anomaly.code, anomaly.line]),
    [["rule", 4]],
  );
});

test("alias bombs end in bounded time", async () => {
  const merges = ["a0: &a0 {age: [x]}"];
  for (let i = 1; i < 60; i++) merges.push(`a${i}: &a${i} {merge: [*a${i - 1}, *a${i - 1}]}`);
  const groups = await decide(`${merges.join("\n")}\n${rules("- key_groups: [*a59]")}`, "x");
  assert.equal(groups.anomalies[0]?.code, "config");
  const maps = ["b0: &b0 {k: v}"];
  for (let i = 1; i < 3000; i++) maps.push(`b${i}: &b${i} {<<: *b${i - 1}, k${i}: v}`);
  assert.equal((await decide(maps.join("\n"), "x")).anomalies[0]?.code, "config");
});

test("an expression that other engines choke on is matched in linear time", async () => {
  const { line } = await decide(rules("- path_regex: (a+)+$", `  age: ${A}`), `${"a".repeat(4000)}!`);
  assert.equal(line, undefined);
});

test("the nearest .sops.yaml decides alone, for paths as it sees them", async () => {
  const files = {
    ".sops.yaml": rules(`- age: ${A}`),
    "team/.sops.yaml": rules("- path_regex: ^x\\.yaml$", `  age: ${B}`),
    "team/none/.sops.yaml": "keys: []",
  };
  const at = async (path: string) => {
    const { config, groups } = await decide(files, path);
    return [config?.path, groups];
  };
  assert.deepEqual(await at("x.yaml"), [".sops.yaml", [[A]]]);
  assert.deepEqual(await at("team/x.yaml"), ["team/.sops.yaml", [[B]]]);
  assert.deepEqual(await at("team/deep/x.yaml"), ["team/.sops.yaml", undefined]);
  assert.deepEqual(await at("team/none/x.yaml"), ["team/none/.sops.yaml", undefined]);
});

test("where a key is stated: the line and name of its anchor", async () => {
  const yaml = `keys:\n  - &ada ${A}\n  - &team\n    - ${B}\n${rules("- age:", "    - *ada", `    - ${C}`)}`;
  const { configs } = await loadFleet(memoryGround({ ".sops.yaml": yaml }));
  const stated = configs[0]?.rules?.[0]?.keyGroups[0]?.map(({ id, line, anchor }) => [id, line, anchor]);
  assert.deepEqual(stated, [
    [A, 2, "ada"],
    [C, 8, undefined],
  ]);
  assert.deepEqual(
    configs[0]?.anchors.map(({ id, anchor, list }) => [id, anchor, list]),
    [
      [A, "ada", undefined],
      [B, undefined, "team"],
    ],
  );
});

test("a new file gets everything that its rule says", async () => {
  const yaml = `stores: {yaml: {indent: 2}}\n${rules(
    "- path_regex: ^a",
    "  encrypted_regex: ^data$",
    "  mac_only_encrypted: true",
    "  shamir_threshold: 2",
    "  key_groups:",
    `  - age: [${A}]`,
    `  - age: [${SSH} ada@desk]`,
  )}`;
  const { rules: made, configs } = await loadFleet(memoryGround({ ".sops.yaml": yaml }));
  const { rule } = made.decide("a.yaml");
  assert.deepEqual(
    rule?.keyGroups.map((group) => group.map(({ type, text }) => [type, text])),
    [[["age", A]], [["age", `${SSH} ada@desk`]]],
  );
  assert.equal(rule?.shamirThreshold, 2);
  assert.deepEqual(rule?.selector, { kind: "encrypted_regex", pattern: "^data$" });
  assert.equal(rule?.macOnlyEncrypted, true);
  assert.equal(configs[0]?.indents.get("yaml"), 2);
  assert.equal(made.decide("b.yaml").rule, undefined);
});
