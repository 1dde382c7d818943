/**
 * The schema of a definition, `vars/services/<service>.yaml`, for editors: what is allowed where, with its meaning. Made
 * of the same tables that definitions are checked by.
 */
import { z } from "zod";
import { KINDS, type Kind, type OptionRule } from "../../src/fleet/services/kinds.ts";
import { NEEDED_FOR, PROMPT_TYPES } from "../../src/fleet/services/service.ts";

const names = (what: string) => z.array(z.string().min(1)).describe(what);

const attributes = {
  secret: z.boolean().describe("sealed; false: a public value, in clear. Default: true").optional(),
  deploy: z.boolean().describe("whether its machines read it. Default: true").optional(),
  owner: z.string().describe("on the machine. Default: root").optional(),
  group: z.string().describe("on the machine. Default: root").optional(),
  mode: z
    .string()
    .regex(/^[0-7]{4}$/)
    .describe('four octal digits in quotes. Default: "0400"')
    .optional(),
  neededFor: z.enum(NEEDED_FOR).describe("users: before users are made. Default: services").optional(),
  restartUnits: names("systemd units that are restarted when it changes").optional(),
};

const file = (outputs: readonly string[]) =>
  z.strictObject({
    ...attributes,
    ...(outputs.length === 0
      ? {}
      : {
          output: z
            .enum(outputs as [string, ...string[]])
            .describe("what of this kind goes into the file")
            .optional(),
        }),
  });

const prompt = z.strictObject({
  type: z.enum(PROMPT_TYPES).describe("Default: line").optional(),
  description: z.string().describe("shown when it is asked").optional(),
  persist: z.boolean().describe("the answer is kept as the file of the same name. Default: false").optional(),
});

const validationLeaf = z.union([z.string(), z.number().int(), z.boolean(), z.null()]);

const prompts = z.record(z.string(), z.union([prompt, z.null()])).describe("what is asked before it runs");
const shared = {
  description: z.string().describe("what this is for").optional(),
  share: z.boolean().describe("one set of values for all machines. Default: each machine has its own").optional(),
  machines: z
    .union([z.literal("all"), names("machines of sops/machines")])
    .describe("which machines have this service")
    .optional(),
  groups: names(
    "groups of sops/groups: machines in them have this service, people in them read its secrets",
  ).optional(),
  readers: names("users/NAME and groups/NAME who read its secrets beside its machines").optional(),
  prompts: prompts.optional(),
  dependencies: names("services whose files it reads").optional(),
  validation: z
    .union([validationLeaf, z.record(z.string(), z.union([validationLeaf, z.record(z.string(), validationLeaf)]))])
    .describe("when it changes, the values are made anew")
    .optional(),
};

const files = (outputs: readonly string[]) =>
  z.record(z.string(), z.union([file(outputs), z.null()])).describe("what it makes, by name; a name may have slashes");

const common = (outputs: readonly string[]) => ({ ...shared, files: files(outputs).optional() });

/** One of them says where it is had. */
const placed = { anyOf: [{ required: ["machines"] }, { required: ["groups"] }] };

const script = z
  .strictObject({
    ...common([]),
    script: z.string().describe("bash: reads $in/SERVICE/FILE and $prompts/NAME, writes every file of files into $out"),
    runtimeInputs: names("programs that it finds beside bash and coreutils").optional(),
  })
  .describe("made by a script")
  .meta(placed);

const answers = z
  .strictObject({ ...common([]), prompts })
  .describe("nothing but the answers to its prompts")
  .meta(placed);

function option(rule: OptionRule): z.ZodType {
  const schema = (): z.ZodType => {
    switch (rule.type) {
      case "integer":
        return z.number().int().min(rule.least).max(rule.most);
      case "choice":
        return z.enum(rule.choices as [string, ...string[]]);
      case "switch":
        return z.boolean();
      case "texts":
        return z.array(z.string().min(1));
      case "text":
        return rule.pattern === undefined ? z.string() : z.string().regex(rule.pattern);
    }
  };
  const standard =
    "standard" in rule && rule.standard !== undefined ? `. Default: ${JSON.stringify(rule.standard)}` : "";
  const ofShared = "shared" in rule ? `, and ${JSON.stringify(rule.shared)} of a shared service` : "";
  const described = schema().describe(`${rule.brief}${standard}${ofShared}`);
  return rule.required === true ? described : described.optional();
}

const kinds = Object.entries<Kind>(KINDS).map(([name, { brief, outputs, options }]) => {
  const rules = z.strictObject(Object.fromEntries(Object.entries(options).map(([key, rule]) => [key, option(rule)])));
  const needsOptions = Object.values(options).some(({ required }) => required === true);
  return z
    .strictObject({
      ...common(Object.keys(outputs)),
      ...(name === "prompt" ? { prompts } : {}),
      ...(name === "external" ? { files: files([]) } : {}),
      kind: z.literal(name).describe(brief),
      options: needsOptions ? rules : rules.optional(),
    })
    .describe(brief)
    .meta(placed);
});

/** What a definition may say; what it may not say for what it says elsewhere is told by `secrets service check`. */
export const serviceSchema = z.union([script, answers, ...kinds]);
