/** The text of a new definition, for a person to go on with: what there is to say, with what holds if nothing is said. */
import { SecretsError } from "../../errors.ts";
import { KINDS, type Kind, type KindName, type KindOutput, type OptionRule } from "../../fleet/services/kinds.ts";
import { isServiceName } from "../../fleet/services/service-names.ts";

export interface NewDefinition {
  readonly name: string;
  /** Undefined: a script. */
  readonly kind: KindName | undefined;
  readonly share: boolean;
  /** Names, or `all` among them. */
  readonly machines: readonly string[];
  readonly groups: readonly string[];
}

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
    "# description: what this is for, and who else has to know when it changes",
    ...(share ? ["share: true"] : []),
    ...(machines.includes("all") ? ["machines: all"] : listLine("machines", machines)),
    ...listLine("groups", groups),
    ...(kind === undefined ? SCRIPT : kindLines(kind, share)),
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

function kindLines(name: KindName, share: boolean): string[] {
  const { brief, outputs, options }: Kind = KINDS[name];
  if (name === "prompt") {
    return [
      `kind: ${name}   # ${brief}`,
      "prompts:",
      "  value: { type: hidden, persist: true, description: What to type }",
    ];
  }
  const rules = Object.entries(options);
  const given = rules.filter(([, rule]) => hasToBeSaid(rule, share));
  const others = rules.filter(([, rule]) => !hasToBeSaid(rule, share));
  const depends = rules.flatMap(([, rule]) =>
    "example" in rule && rule.required ? [rule.example?.split("/")[0]] : [],
  );
  return [
    `kind: ${name}   # ${brief}`,
    ...(depends.length > 0 ? [`dependencies: [${depends.join(", ")}]`] : []),
    ...(given.length > 0 ? ["options:"] : others.length > 0 ? ["# options:"] : []),
    ...given.map(([option, rule]) => `  ${option}: ${exampleOf(rule)}   # ${rule.brief}`),
    ...others.map(([option, rule]) => `#   ${option}: ${standardOf(rule, share)}   # ${rule.brief}`),
    "files:",
    ...(name === "external"
      ? ["  value: {}"]
      : Object.entries(outputs).flatMap(([output, one]) => fileLines(output, one))),
  ];
}

/** What has no standard value; in a shared service, which has no machine, also what would have one otherwise. */
function hasToBeSaid(rule: OptionRule, share: boolean): boolean {
  return rule.required === true || (share && rule.type === "texts" && String(rule.standard).includes("{machine}"));
}

function exampleOf(rule: OptionRule): string {
  if (rule.type === "texts") return '["{service}"]';
  return "example" in rule ? (rule.example ?? "VALUE") : "VALUE";
}

function fileLines(output: string, { file, secret, optional, deploy }: KindOutput): string[] {
  const what = secret ? (deploy ? "secret" : "secret, for people alone") : "public";
  const line = `  ${file}: { output: ${output} }   # ${what}`;
  return [optional === true ? `#${line.slice(1)}` : line];
}

function standardOf(rule: OptionRule, share: boolean): string {
  if (!("standard" in rule) || rule.standard === undefined) return "VALUE";
  const standard = share && "shared" in rule ? rule.shared : rule.standard;
  return rule.type === "texts" ? `[${JSON.stringify(rule.standard.join(", "))}]` : JSON.stringify(standard);
}

/** Quoted where YAML would take the name for something else. */
function listLine(key: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const plain = (name: string) => /^[a-z_][\w.-]*$/i.test(name) && !/^(true|false|null|y|n|yes|no|on|off)$/i.test(name);
  return [`${key}: [${names.map((name) => (plain(name) ? name : JSON.stringify(name))).join(", ")}]`];
}
