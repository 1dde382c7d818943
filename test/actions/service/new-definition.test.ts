import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { parse } from "yaml";
import schema from "../../../schemas/service.schema.json" with { type: "json" };
import { newDefinition } from "../../../src/actions/service/new-definition.ts";
import { KINDS, type KindName, type OptionRule } from "../../../src/fleet/services/kinds.ts";
import { read } from "../../fleet/services/definitions.ts";

const names = [undefined, ...(Object.keys(KINDS) as KindName[])];

test("every kind, shared or not, and a script begin with a definition that is sound for the reader and for editors", async () => {
  const valid = new Ajv2020({ strict: false }).compile(schema);
  for (const kind of names) {
    for (const share of [false, true]) {
      const text = newDefinition({ name: "x", kind, share, machines: ["web01", "db01"], groups: ["admins"] });
      const { services, faults } = await read({ x: text });
      assert.deepEqual(
        faults.map(({ message }) => message),
        [],
        text,
      );
      assert.equal(services.length, share ? 1 : 2);
      assert.ok(valid(parse(text)), `${text}${JSON.stringify(valid.errors)}`);
    }
  }
});

test("what stands behind a # is what holds if nothing is said: taking the # away changes nothing", async () => {
  for (const kind of names) {
    const options = kind === undefined ? [] : Object.values<OptionRule>(KINDS[kind].options);
    if (options.every(({ required }) => required === true)) continue;
    for (const share of [false, true]) {
      const text = newDefinition({ name: "x", kind, share, machines: ["web01"], groups: [] });
      const said = text
        .replace("# options:", "options:")
        .split("\n")
        .filter((line) => !line.includes(": VALUE "))
        .map((line) => line.replace(/^# {3}(\w+: )/, "  $1"))
        .join("\n");
      assert.notEqual(said, text);
      const makers = await Promise.all([text, said].map(async (one) => (await read({ x: one })).services[0]?.maker));
      assert.ok(makers[0] !== undefined);
      assert.deepEqual(makers[1], makers[0], said);
    }
  }
});

test("a name that YAML would take for something else is quoted, and one that holds YAML stays a name", () => {
  const machines = ["web01", "12", "true", "no", "a, b]", "x: y", "#"];
  const text = newDefinition({ name: "x", kind: "random", share: false, machines, groups: ["0x1"] });
  assert.deepEqual(parse(text).machines, machines);
  assert.deepEqual(parse(text).groups, ["0x1"]);
});
