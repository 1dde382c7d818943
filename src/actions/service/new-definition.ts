/** The text of a new definition, for a person to go on with. */
import { SecretsError } from "../../errors.ts";
import { KINDS, type Kind, type KindName, type KindOutput, type OptionRule } from "../../fleet/services/kinds.ts";
import { isServiceName } from "../../fleet/services/service-names.ts";

export interface NewDefinition {
  readonly name: string;
  /** Undefined: a script. */
  readonly kind: KindName | undefined;
  readonly share: boolean;
  readonly machines: readonly string[];
  readonly groups: readonly string[];
}

/** Beside the definitions, so that an editor finds it without a network and wherever this program is installed. */
export const SCHEMA_FILE = "vars/services/.schema.json";

/** @throws SecretsError `E_USAGE` for a name that is none, and for a definition that says of no machine that it has it */
export function newDefinition({ name, kind, share, machines, groups }: NewDefinition): string {
  if (!isServiceName(name)) {
    throw new SecretsError("E_USAGE", `${JSON.stringify(name)} is no name of a service: it becomes a folder's`, {
      kind: "usage",
    });
  }
  if (machines.length + groups.length === 0) {
    throw new SecretsError("E_USAGE", "nothing says which machines have this service", {
      kind: "usage",
      hint: "--machine NAME (repeatable), --machine all, or --group NAME",
    });
  }
  const lines = [
    "# yaml-language-server: $schema=.schema.json",
    `# What this is for, and who renews it: secrets service show ${name}`,
    ...(share ? ["share: true"] : []),
    ...(machines.includes("all")
      ? ["machines: all"]
      : machines.length > 0
        ? [`machines: [${machines.join(", ")}]`]
        : []),
    ...(groups.length > 0 ? [`groups: [${groups.join(", ")}]`] : []),
    ...(kind === undefined ? SCRIPT : kindLines(kind)),
  ];
  return `${lines.join("\n")}\n`;
}

const SCRIPT = [
  "# dependencies: [OTHER]   # their files are in $in/OTHER/",
  "# prompts: { question: { type: hidden, description: What to type } }   # the answer is in $prompts/question",
  "# runtimeInputs: [openssl]   # programs beside bash and coreutils",
  "files:",
  '  value: {}   # secret: true, deploy: true, owner: root, group: root, mode: "0400", neededFor: services',
  "script: |",
  "  head -c 32 /dev/urandom | base64 > $out/value",
];

function kindLines(name: KindName): string[] {
  const { brief, outputs, options }: Kind = KINDS[name];
  if (name === "prompt") {
    return [
      `kind: ${name}   # ${brief}`,
      "prompts:",
      "  value: { type: hidden, persist: true, description: What to type }",
    ];
  }
  const needed = Object.entries(options).filter(([, { required }]) => required === true);
  const optional = Object.entries(options).filter(([, { required }]) => required !== true);
  const example = ([option, rule]: [string, OptionRule]) => `${option}: ${"example" in rule ? rule.example : "VALUE"}`;
  const depends = needed.flatMap(([, rule]) => ("example" in rule && rule.example ? [rule.example.split("/")[0]] : []));
  return [
    `kind: ${name}   # ${brief}`,
    ...(depends.length > 0 ? [`dependencies: [${depends.join(", ")}]`] : []),
    ...(needed.length > 0
      ? ["options:", ...needed.map((one) => `  ${example(one)}`)]
      : optional.length > 0
        ? ["# options:"]
        : []),
    ...optional.map(([option, rule]) => `#   ${option}: ${standardOf(rule)}   # ${rule.brief}`),
    "files:",
    ...(name === "external"
      ? ["  value: {}"]
      : Object.entries(outputs).flatMap(([output, one]) => fileLines(output, one))),
  ];
}

function fileLines(output: string, { file, secret, optional, deploy }: KindOutput): string[] {
  const what = secret ? (deploy ? "secret" : "secret, for people alone") : "public";
  const line = `  ${file}: { output: ${output} }   # ${what}`;
  return [optional === true ? `#${line.slice(1)}` : line];
}

function standardOf(rule: OptionRule): string {
  if (!("standard" in rule) || rule.standard === undefined) return "VALUE";
  return rule.type === "texts" ? `[${JSON.stringify(rule.standard.join(", "))}]` : JSON.stringify(rule.standard);
}
