/** The schema of definitions against the reader of definitions: an editor must not praise what is refused for its shape. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import schema from "../../../schemas/service.schema.json" with { type: "json" };
import { KINDS, type Kind, type OptionRule } from "../../../src/fleet/services/kinds.ts";
import { read } from "./definitions.ts";

/** What one part of a definition says of another, or of the fleet, or which names are allowed: no matter of shape. */
const BEYOND = [
  /^there is no (machine|group|user) /,
  /^no machine has this service$/,
  /^nobody reads this service/,
  /^"?\S+ has to be among the dependencies$/,
  /^a service does not depend on itself$/,
  /goes into two files/,
  /^nothing says what goes into /,
  /^no file takes the /,
  /^nothing makes /,
  /^nothing would read the answer to /,
  /^the kind external asks nothing/,
  /^a public file lies in the repository in clear/,
  /^".*" cannot be a file and the folder of /,
  /^what is needed for users belongs to root/,
  /is no name of a/,
  /because it is shared/,
  /^a shared service has no \{machine\}/,
  /^this service makes no file$/,
  /^the script is empty$/,
  /^a reader is users\/NAME/,
  /a prompt that persists$/,
  /needs a prompt with persist: true$/,
];

const odd = fc.constantFrom<unknown>("x", "true", true, -1, 40, 1.5, [], ["web01"], [1], {}, { a: 1 });
const often = <T>(usual: fc.Arbitrary<T>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 60, arbitrary: usual }, { weight: 1, arbitrary: odd });

const names = (...some: string[]) => often(fc.subarray(some, { minLength: 1 }));

function optionOf(rule: OptionRule): fc.Arbitrary<unknown> {
  switch (rule.type) {
    case "integer":
      return often(fc.oneof(fc.integer({ min: rule.least, max: rule.most }), fc.constant(rule.most)));
    case "choice":
      return often(fc.constantFrom(...rule.choices));
    case "switch":
      return often(fc.boolean());
    case "text":
      return often(fc.constantFrom(rule.example ?? "a", "ca", "{service}"));
    case "texts":
      return often(fc.constant(["a.example"]));
  }
}

const fileOf = (outputs: readonly string[]) =>
  fc.record(
    {
      secret: often(fc.boolean()),
      deploy: often(fc.constant(true)),
      owner: often(fc.constantFrom("git", "root")),
      mode: fc.constantFrom<unknown>("0400", "0440", "44", "0888", 440),
      neededFor: fc.constantFrom("users", "services", "later"),
      restartUnits: names("a.service", "b.timer"),
      ...(outputs.length > 0 ? { output: often(fc.constantFrom(...outputs)) } : {}),
    },
    { requiredKeys: [] },
  );

const prompt = fc.record(
  { type: often(fc.constantFrom("line", "hidden", "multiline")), persist: often(fc.constant(true)) },
  { requiredKeys: ["persist"] },
);

const common = (outputs: readonly string[]) => ({
  share: often(fc.boolean()),
  machines: often(fc.constantFrom<unknown>("all", ["web01"], ["web01", "web02"])),
  groups: names("admins", "web"),
  readers: names("users/ada", "groups/admins"),
  dependencies: names("ca", "other"),
  description: often(fc.constant("what it is for")),
  validation: fc.constantFrom<unknown>(1, "v1", true, { a: 1, b: { c: "x" } }, { a: { b: { c: 1 } } }, [1], 1.5),
  files: often(
    fc.dictionary(fc.constantFrom("a", "b/c"), fc.option(often(fileOf(outputs)), { nil: null }), { maxKeys: 2 }),
  ),
});

const [ANSWERED, SCRIPT] = [
  fc.record({ ...common([]), prompts: often(fc.dictionary(fc.constantFrom("a", "p"), often(prompt), { maxKeys: 2 })) }),
  fc.record({ ...common([]), script: often(fc.constant("exit 0")), runtimeInputs: names("openssl", "jq") }),
].map((one) => one.chain((all) => fc.subarray(Object.entries(all)).map((some) => Object.fromEntries(some))));

const OF_KIND = Object.entries<Kind>(KINDS).map(([kind, { outputs, options }]) => {
  const rules = Object.entries(options).map(([key, rule]) => [key, optionOf(rule)] as const);
  const required = Object.entries(options).flatMap(([key, rule]) => (rule.required === true ? [key] : []));
  const given = fc.record(Object.fromEntries(rules), { requiredKeys: required });
  return fc
    .record({ ...common(Object.keys(outputs)), prompts: often(fc.dictionary(fc.constant("p"), often(prompt))) })
    .chain((all) => fc.subarray(Object.entries(all)))
    .chain((some) =>
      fc
        .record(
          { kind: fc.constant(kind), options: often(given) },
          { requiredKeys: required.length > 0 ? ["kind", "options"] : ["kind"] },
        )
        .map((made) => ({ ...Object.fromEntries(some), ...made })),
    );
});

test("the schema that editors have takes what is taken here, and refuses what is refused for its shape", async () => {
  const validate = new Ajv2020({ strict: false }).compile(schema);
  const definition = fc.oneof(...OF_KIND, ANSWERED ?? fc.constant({}), SCRIPT ?? fc.constant({}));
  const withExtra = fc
    .tuple(definition, fc.oneof({ weight: 20, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: odd }))
    .map(([made, extra]) => (extra === undefined ? made : { ...made, extra }));
  let [taken, refused] = [0, 0];
  await fc.assert(
    fc.asyncProperty(withExtra, async (made) => {
      const written = JSON.stringify(made);
      const { faults } = await read({ x: written });
      const valid = validate(JSON.parse(written)) === true;
      const shape = faults.map(({ message }) => message).filter((message) => !BEYOND.some((one) => one.test(message)));
      if (faults.length === 0) {
        assert.ok(valid, `${written}: ${JSON.stringify(validate.errors?.slice(0, 3))}`);
        taken++;
      }
      if (shape.length > 0) {
        assert.ok(!valid, `${written}: ${shape.join("; ")}`);
        refused++;
      }
    }),
    { numRuns: 500 },
  );
  assert.ok(taken > 40 && refused > 40, `${taken} taken, ${refused} refused`);
});

test("an editor completes the options of the kind that is named: each branch of the schema names one", () => {
  const kinds = schema.anyOf.flatMap(({ properties }) => {
    const reference = (properties as Record<string, { $ref?: string; const?: string }>)["kind"];
    if (reference === undefined) return [];
    const name = reference.$ref?.split("/").at(-1) ?? "";
    return [(schema.$defs as Record<string, { const?: string }>)[name]?.const ?? reference.const];
  });
  assert.deepEqual(kinds, Object.keys(KINDS));
});
