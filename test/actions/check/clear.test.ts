/** What stands in clear is told place by place, and very much of it in one finding. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkClear } from "../../../src/actions/check/clear.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";

const TEXT = await sealed("yaml", "a: b\n", [[makeAgeKey()]]);

async function found(added: readonly string[]) {
  const findings = checkClear(await loadFleet(memoryGround({ "a.yaml": `${added.join("\n")}\n${TEXT}` })));
  assert.doesNotMatch(JSON.stringify(findings), /hunter/);
  return findings.map(({ code, line, message, fix }) => ({ code, line, message, fix }));
}
const values = (count: number) => Array.from({ length: count }, (_, i) => `k${i}: hunter${i}`);

test("each of twenty is told, with its line", async () => {
  const findings = await found(values(20));
  assert.equal(findings.length, 20);
  const [first] = findings;
  assert.deepEqual([first?.code, first?.line, first?.fix], ["clear-value", 1, "$EDITOR +1 a.yaml"]);
  assert.match(first?.message ?? "", /^k0 stands in clear; /);
});

test("of a thousand, the others are told in one", async () => {
  const findings = await found(values(1000));
  assert.equal(findings.length, 21);
  assert.deepEqual(findings.at(-1), {
    code: "clear-value",
    line: 21,
    message: "from here on 980 more places stand in clear",
    fix: "$EDITOR +21 a.yaml",
  });
});

test("many comments are less grave than one value among them", async () => {
  const comments = Array.from({ length: 30 }, (_, i) => `# hunter${i}\nk${i}: ""`);
  assert.equal((await found(comments)).at(-1)?.code, "clear-comment");
  assert.equal((await found([...comments, "last: hunter"])).at(-1)?.code, "clear-value");
});
