import assert from "node:assert/strict";
import { test } from "node:test";
import { ruleForNewFile } from "../../src/actions/new-file.ts";
import type { Workplace } from "../../src/actions/workplace.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { memoryGround } from "../fleet/memory-ground.ts";
import { rules } from "../fleet/sopsnix/rule-cases.ts";

const ask = (yaml: string) => {
  const fleet = loadFleet(memoryGround({ ".sops.yaml": yaml }));
  return ruleForNewFile({ fleet: () => fleet } as unknown as Workplace, "x/y.yaml");
};
const KEY = "age146tazqu9th2vfm6k2hqdr8080zphg79x35n8a6j2gjunq30t6vrsrmh4lx";

test("the first rule that covers a new file says who will read it, and where it stands", async () => {
  const yaml = `keys:\n  - &ada ${KEY}\n${rules("- path_regex: ^x/", "  age: *ada", `- age: ${KEY}`)}`;
  const { place, readers } = await ask(yaml);
  assert.deepEqual([place, readers], [".sops.yaml:4", ["ada"]]);
});

test("a new file is refused without a rule, and with one that cannot be used", async () => {
  await assert.rejects(ask(rules("- path_regex: ^other/", `  age: ${KEY}`)), { code: "E_NO_RULE" });
  await assert.rejects(ask("creation_rules: {"), { code: "E_RULE", location: { file: ".sops.yaml" } });
  await assert.rejects(ask(rules("- age: age1nothing")), { code: "E_RULE" });
});
