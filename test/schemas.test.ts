/** Every `--json` output against its schema, and every schema against what it is made from. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { renderSchemas } from "../scripts/schemas/render.ts";
import { sampleFleet } from "./cli/sample.ts";

const directory = new URL("../schemas/", import.meta.url);
const schemaOf = (command: string) => JSON.parse(readFileSync(new URL(`${command}.schema.json`, directory), "utf8"));

test("the committed schemas are the generated ones (npm run schemas)", () => {
  const generated = renderSchemas();
  assert.deepEqual(readdirSync(directory).sort(), [...generated.keys()].sort());
  for (const [file, text] of generated) assert.equal(readFileSync(new URL(file, directory), "utf8"), text, file);
});

const COMMANDS: readonly (readonly string[])[] = [
  ["status"],
  ["ls"],
  ["access"],
  ["access", "chiara"],
  ["explain", "secrets/services/mailer.env"],
  ["explain", "secrets/services/new.json"],
  ["explain", "vars/web01/wireguard/public-key"],
  ["doctor"],
  ["check"],
  ["check", "--deep"],
];

test("what the commands print is what their schemas say, and holds neither a key nor a value", async (t: TestContext) => {
  const fleet = await sampleFleet(t);
  const value = (await fleet.secrets(["get", "vars/web01/acme/dns-token"])).stdout.toString();
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  for (const [command = "", ...rest] of COMMANDS) {
    const { stdout, stderr } = await fleet.secrets([command, ...rest, "--json"]);
    const text = stdout.toString();
    const compiled = ajv.compile({ ...schemaOf(command), $id: `${command}-${rest.join("-")}` });
    const validate = (value: unknown): boolean => compiled(value) as boolean;
    const output: Record<string, unknown> = JSON.parse(text);
    assert.ok(validate(output), `${command} ${rest.join(" ")}: ${ajv.errorsText(compiled.errors)}\n${stderr}`);
    assert.equal(output.schemaVersion, 1);
    assert.ok(!text.includes("AGE-SECRET-KEY") && !text.includes(value), command);
    // A schema that takes anything would pass the above as well.
    assert.equal(validate({ ...output, more: 1 }), false, "an unknown field");
    assert.equal(validate({ ...output, schemaVersion: 2 }), false, "another version");
    for (const field of Object.keys(output).filter((name) => name !== "documents" || command !== "doctor")) {
      const { [field]: _gone, ...less } = output;
      assert.equal(validate(less), false, `${command} without ${field}`);
    }
  }
});
