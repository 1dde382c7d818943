/** The schema of definitions against the reader of definitions: an editor must not praise what is refused for its shape. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { readRegistry } from "../../../src/fleet/clan/registry.ts";
import { PathIndex } from "../../../src/fleet/path-index.ts";
import { readServiceFiles } from "../../../src/fleet/services/definition-files.ts";
import { memoryGround } from "../memory-ground.ts";

const KEY = JSON.stringify([{ publickey: makeAgeKey().recipient, type: "age" }]);

async function faultsOf(text: string): Promise<string[]> {
  const machines = { "sops/machines/web01/key.json": KEY, "sops/machines/web02/key.json": KEY };
  const ground = memoryGround({ ...machines, "vars/services/x.yaml": text });
  const { faults } = await readServiceFiles(ground, await readRegistry(ground, new PathIndex(await ground.list())));
  return faults.map(({ message }) => message);
}

test("the schema that editors have takes what is taken here, and refuses what is refused for its shape", async () => {
  const schema = JSON.parse(readFileSync(new URL("../../../schemas/service.schema.json", import.meta.url), "utf8"));
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const odd = fc.constantFrom<unknown>("x", "true", true, -1, 40, [], ["web01"], {});
  const often = <T>(usual: fc.Arbitrary<T>) =>
    fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd });
  const file = fc.record(
    { secret: often(fc.boolean()), mode: fc.constantFrom("0400", "0440", "44"), owner: fc.constant("git") },
    { requiredKeys: [] },
  );
  const made = fc.constantFrom(
    { kind: "random" },
    { kind: "random", options: { bytes: 12, encoding: "hex" } },
    { kind: "random", options: { bytes: 0 } },
    { kind: "password", options: { length: 30 } },
    { kind: "password", options: { bytes: 30 } },
    { kind: "passphrase", options: { words: 8 } },
    { kind: "phrase" },
  );
  const definition = fc.record(
    {
      machines: often(fc.constantFrom("all", ["web01"], ["web01", "web02"])),
      share: often(fc.boolean()),
      files: often(
        fc.dictionary(fc.constantFrom("a", "b/c"), fc.option(file, { nil: null }), { minKeys: 1, maxKeys: 1 }),
      ),
      // Numbers are texts here to the reader, which sees how they are written.
      description: fc.constant("what it is for"),
    },
    { requiredKeys: ["machines"] },
  );
  const withExtra = fc
    .tuple(definition, made, fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: odd }))
    .map(([said, kind, extra]) => (extra === undefined ? { ...said, ...kind } : { ...said, ...kind, extra }));
  let [taken, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(withExtra, async (made) => {
      const written = JSON.stringify(made);
      const faults = await faultsOf(written);
      const valid = validate(JSON.parse(written)) === true;
      // What one part says of another is no matter of shape.
      if (faults.length === 0) assert.ok(valid, `${written}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
      if (faults.some((message) => /^there is no "(extra|\w+)" here|has to be/.test(message)))
        assert.ok(!valid, written);
      if (faults.length === 0) taken++;
      else refused++;
    }),
    { numRuns: 400 },
  );
  assert.ok(taken > 50 && refused > 50, `${taken} taken, ${refused} refused`);
});
