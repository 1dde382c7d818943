/** Lists of values to renew: written, read back, and refused when they are none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatChecklist, MAX_ENTRIES, parseChecklist, readChecklists } from "../../../src/actions/renew/checklist.ts";
import { SecretsError } from "../../../src/errors.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";

const PATH = "sops/renewals/2026-03-01-bruno.yaml";
const TRACES = { sealed: "a".repeat(64), nonce: "b".repeat(16), size: 7, dataKey: ["c".repeat(16)] };
const LINE = `${TRACES.sealed} ${TRACES.nonce} 7 ${TRACES.dataKey.join(",")}`;

test("a list reads back as it was written, whatever the addresses", () => {
  const address = fc
    .string({ minLength: 1, maxLength: 40, unit: "grapheme" })
    .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
  const addresses = fc.uniqueArray(address, { maxLength: 5 });
  fc.assert(
    fc.property(addresses, address, (some, reason) => {
      const list = {
        reason,
        since: "2026-03-01",
        entries: some.map((one) => ({ address: one, traces: TRACES, line: 0 })),
      };
      if (some.length === 0) return;
      const read = parseChecklist(formatChecklist(list), PATH);
      assert.deepEqual([read.reason, read.since], [reason, "2026-03-01"]);
      assert.deepEqual(
        read.entries.map(({ address: one, traces }) => [one, traces]),
        some.map((one) => [one, TRACES]),
      );
    }),
  );
});

test("each entry knows its line", () => {
  const text = formatChecklist({
    reason: "r",
    since: "2026-03-01",
    entries: ["a", "b"].map((address) => ({ address, traces: TRACES, line: 0 })),
  });
  const lines = Buffer.from(text).toString().split("\n");
  for (const { address, line } of parseChecklist(text, PATH).entries)
    assert.ok(lines[line - 1]?.includes(`"${address}":`));
});

test("a full list of the longest addresses can be read", () => {
  const entries = Array.from({ length: MAX_ENTRIES }, (_, i) => ({
    address: `vars/web01/service/${"x".repeat(480)}${i}`,
    traces: { ...TRACES, dataKey: Array.from({ length: 3 }, () => "c".repeat(16)) },
    line: 0,
  }));
  const text = formatChecklist({ reason: "r", since: "2026-03-01", entries });
  assert.equal(parseChecklist(text, PATH).entries.length, MAX_ENTRIES);
});

test("what is no list is told with its place, and the others are read", async () => {
  const good = `version: 1\nreason: r\nsince: s\nvalues:\n  a: ${LINE}\n`;
  for (const [text, line] of [
    ["", undefined],
    ["- a\n", undefined],
    ["a: [\n", 2],
    ["version: 2\nreason: r\nsince: s\nvalues: {}\n", 1],
    ["version: 1\nsince: s\nvalues: {}\n", undefined],
    ["version: 1\nreason: r\nsince: s\nvalues: []\n", 4],
    ["version: 1\nreason: r\nsince: s\nvalues:\n  a: b\n", 5],
    [`version: 1\nreason: r\nsince: s\nvalues:\n  a: ${LINE}\n  a: ${LINE}\n`, 6],
    [good.replace("values", "x: &a b\nvalues"), 4],
  ] as const) {
    const { lists, faults } = await readChecklists(
      memoryGround({
        [PATH]: text,
        "sops/renewals/good.yaml": good,
        "sops/renewals/deeper/bad.yaml": "x",
        "renewals/x.yaml": "x",
      }),
    );
    assert.deepEqual(
      lists.map(({ path }) => path),
      ["sops/renewals/good.yaml"],
      text,
    );
    const [fault] = faults;
    assert.ok(fault instanceof SecretsError && fault.code === "E_RENEWAL_LIST", text);
    assert.deepEqual([fault.location?.file, fault.location?.line], [PATH, line], text);
  }
  const linked = await readChecklists(memoryGround({ [PATH]: { link: "../../x" } }));
  assert.equal(linked.faults[0]?.code, "E_RENEWAL_LIST");
});
