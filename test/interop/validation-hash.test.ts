/** The hash of a validation against what Nix itself prints, which clan hashes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { read } from "../fleet/services/definitions.ts";
import { nixEvaluator, nixOf } from "./nix-evaluator.ts";

const text = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 12 }),
  fc.constantFrom('"', "\\", "\n\t\r", "${x}", "\u00e9", "\u007f", "\ufffd\u{10000}", "</&>", "true", "1", "null", ""),
);
const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
const key = text.filter((name) => name !== "");
const inner = fc.dictionary(key, leaf, { maxKeys: 5, noNullPrototype: true });
const validation = fc.oneof(leaf, fc.dictionary(key, fc.oneof(leaf, inner), { maxKeys: 5, noNullPrototype: true }));

test("whatever validation we take is hashed as Nix prints it", async (t) => {
  const samples = fc.sample(validation, { numRuns: 300, seed: 20261123 }).filter((one) => one !== null);
  const nix = await nixEvaluator(t);
  const printed = nix.value(`map builtins.toJSON ${nixOf(samples)}`) as string[];
  let compared = 0;
  for (const [i, sample] of samples.entries()) {
    const { services } = await read({ x: `machines: [web01]\nkind: random\nvalidation: ${JSON.stringify(sample)}\n` });
    // Names of keys and texts that Nix and we could print in two ways are refused.
    const hash = services[0]?.validation;
    if (hash === undefined) continue;
    compared++;
    const wanted = createHash("sha256")
      .update(printed[i] ?? "")
      .digest("hex");
    assert.equal(hash, wanted, `${JSON.stringify(sample)} ${printed[i]}`);
  }
  assert.ok(compared > 200, `${compared} compared`);
});
