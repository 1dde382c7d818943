/** Every JSON that the program prints is as the committed Schema says, and that is the one the sources make. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import { schemaFiles } from "../../scripts/schemas.ts";
import { CATALOGUE } from "../../src/actions/check/catalogue.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";

const FOLDER = new URL("../../schemas/", import.meta.url);

function validator(name: string): ValidateFunction {
  return new Ajv2020({ strict: true, allErrors: true }).compile(
    JSON.parse(readFileSync(new URL(name, FOLDER), "utf8")),
  );
}

test("the committed Schemas are those that npm run schemas makes, and no others", () => {
  const made = schemaFiles();
  assert.deepEqual(readdirSync(FOLDER).sort(), [...made.keys()].sort());
  for (const [name, text] of made) assert.equal(readFileSync(new URL(name, FOLDER), "utf8"), text, name);
});

/** A Schema, and runs whose output has to be as it says. */
const RUNS: readonly (readonly [schema: string, ...runs: (readonly string[])[]])[] = [
  ["check.schema.json", ["check", "--json"], ["check", "--format", "json", "secrets"], ["check", "--json", "--deep"]],
];

test("what the program prints is as its Schema says", async (t) => {
  const fleet = await sampleFleet(t);
  for (const [schema, ...runs] of RUNS) {
    const validate = validator(schema);
    for (const argv of runs) {
      const output = await printed(fleet, argv);
      assert.ok(validate(output), `${argv.join(" ")}: ${JSON.stringify(validate.errors)}`);
    }
  }
});

test("every Schema has a run", () => {
  assert.deepEqual(RUNS.map(([schema]) => schema).sort(), [...schemaFiles().keys()].sort());
});

test("a Schema refuses what the program must not print", async (t) => {
  const validate = validator("check.schema.json");
  const report = (await printed(await sampleFleet(t), ["check", "--json"])) as { findings: object[] };
  const [finding] = report.findings;
  const broken: Record<string, unknown> = {
    "a field more": { ...report, fleet: "x" },
    "a value in a finding": { ...report, findings: [{ ...finding, value: "hunter2" }] },
    "a code that nobody knows": { ...report, findings: [{ ...finding, code: "x" }] },
    "a reader by name alone": { ...report, findings: [{ ...finding, missing: [{ name: "ada" }] }] },
    "another version": { ...report, schemaVersion: 2 },
    "no findings": { schemaVersion: 1, documents: { vars: 0, files: 0 } },
  };
  for (const [what, value] of Object.entries(broken)) assert.equal(validate(value), false, what);
  for (const code of Object.keys(CATALOGUE)) {
    assert.ok(validate({ ...report, findings: [{ ...finding, code }] }), code);
  }
});

async function printed(fleet: Sample, argv: readonly string[]): Promise<unknown> {
  const { stdout } = await fleet.secrets(argv);
  return JSON.parse(stdout.toString());
}
