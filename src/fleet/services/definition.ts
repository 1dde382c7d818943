import { suggest } from "../address.ts";
import { type Faults, Fields } from "./definition-fields.ts";
import type { DefinitionNode, TextNode } from "./definition-tree.ts";
import { KINDS, type Kind, type KindName, type KindOutput, type OptionRule, type OptionValue } from "./kinds.ts";
import type { Maker, ServiceFile, ServicePrompt } from "./service.ts";
import { isFileName, isServiceName } from "./service-names.ts";
import { validationHash } from "./validation-hash.ts";

export interface Definition {
  readonly share: boolean;
  readonly machines: readonly TextNode[] | "all" | undefined;
  readonly groups: readonly TextNode[];
  readonly readers: readonly TextNode[] | undefined;
  readonly files: readonly ServiceFile[];
  readonly prompts: readonly ServicePrompt[];
  readonly dependencies: readonly string[];
  readonly validation: string | undefined;
  /** Undefined for one that cannot be made: then a fault says why. */
  readonly maker: Maker | undefined;
  /** Of its first line. */
  readonly line: number;
}

export const DEFINITION_KEYS = [
  "description",
  "share",
  "machines",
  "groups",
  "readers",
  "files",
  "prompts",
  "dependencies",
  "validation",
  "script",
  "runtimeInputs",
  "kind",
  "options",
] as const;
export const FILE_KEYS = ["secret", "deploy", "owner", "group", "mode", "neededFor", "restartUnits", "output"] as const;
export const PROMPT_KEYS = ["type", "description", "persist"] as const;
export const NEEDED_FOR = ["partitioning", "activation", "users", "services"] as const;
export const PROMPT_TYPES = ["line", "hidden", "multiline", "multiline-hidden"] as const;
/** Attributes that consumers accept. */
const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/;
const UNIT = /^[A-Za-z0-9:_.@\\-]{1,255}$/;
const PROGRAM = /^[A-Za-z0-9][\w.+-]*$/;

/** @returns undefined when it is too wrong to go on; every fault is told either way */
export function readDefinition(tree: DefinitionNode, name: string, faults: Faults): Definition | undefined {
  if (tree.kind !== "map") {
    faults.tell(
      "a definition is a map: kind, machines, files, …",
      tree,
      [],
      "secrets service new writes one to begin with",
    );
    return undefined;
  }
  const fields = new Fields(tree, [], faults, DEFINITION_KEYS);
  fields.text("description");
  const prompts = readPrompts(fields);
  const maker = readMaker(fields, prompts);
  const files = withPersisted(readFiles(fields, maker), prompts);
  if (
    files.length === 0 &&
    maker !== undefined &&
    (maker.kind !== "built-in" || Object.keys(kindOf(maker)?.outputs ?? {}).length === 0)
  ) {
    fields.fault("files", "this service makes no file", "name what it makes: files: { NAME: {} }");
  }
  const validation = readValidation(fields);
  const dependencies = readDependencies(fields, name);
  checkKindDependencies(fields, maker, dependencies);
  const places = readPlaces(fields);
  return { ...places, files, prompts, dependencies, validation, maker, line: tree.line };
}

function readPlaces(
  fields: Fields,
): Pick<Definition, "share" | "machines" | "groups" | "readers"> & { share: boolean } {
  const share = fields.flag("share") ?? false;
  const node = fields.node("machines");
  const machines = node?.kind === "text" && node.text === "all" ? "all" : fields.texts("machines");
  const groups = fields.texts("groups") ?? [];
  if (machines === undefined && groups.length === 0 && (node === undefined || node.kind === "empty")) {
    fields.fault(
      "machines",
      "nothing says which machines have this service",
      "machines: [NAME, …], machines: all, or groups: [NAME]",
    );
  }
  return { share, machines, groups, readers: fields.texts("readers") };
}

function readMaker(fields: Fields, prompts: readonly ServicePrompt[]): Maker | undefined {
  if (fields.has("kind") && fields.has("script")) {
    return fields.fault("kind", "a service has a kind or a script, not both");
  }
  if (fields.has("script")) {
    if (fields.has("options")) fields.fault("options", "options belong to a kind, and this service has a script");
    const script = fields.text("script");
    const programs = fields.texts("runtimeInputs") ?? [];
    for (const { text } of programs) {
      if (!PROGRAM.test(text)) fields.fault("runtimeInputs", `${JSON.stringify(text)} is no name of a program`);
    }
    return script === undefined ? undefined : { kind: "script", script, programs: programs.map(({ text }) => text) };
  }
  if (fields.has("runtimeInputs")) fields.fault("runtimeInputs", "runtimeInputs belong to a script, and there is none");
  if (!fields.has("kind")) {
    if (prompts.some(({ persist }) => persist)) return { kind: "prompts" };
    return fields.fault("kind", "nothing says how it is made: a kind, a script, or a prompt that persists");
  }
  const name = fields.choice("kind", Object.keys(KINDS) as KindName[]);
  if (name === undefined) return undefined;
  if (name === "prompt") {
    if (!prompts.some(({ persist }) => persist))
      fields.fault("prompts", "the kind prompt needs a prompt with persist: true");
    return { kind: "prompts" };
  }
  return { kind: "built-in", name, options: readOptions(fields, name) };
}

function kindOf(maker: Maker | undefined): Kind | undefined {
  return maker?.kind === "built-in" ? KINDS[maker.name] : undefined;
}

function readOptions(fields: Fields, name: KindName): Record<string, OptionValue> {
  const rules: Kind["options"] = KINDS[name].options;
  const given = fields.below("options", Object.keys(rules));
  const options: Record<string, OptionValue> = {};
  for (const [option, rule] of Object.entries(rules)) {
    const value = given?.has(option) === true ? readOption(given, option, rule) : undefined;
    const standard = "standard" in rule ? rule.standard : undefined;
    if (value !== undefined) options[option] = value;
    else if (standard !== undefined) options[option] = standard;
    else if (rule.required === true && given?.has(option) !== true) {
      fields.fault("options", `the kind ${name} needs the option ${option}: ${rule.brief.toLowerCase()}`);
    }
  }
  return options;
}

function readOption(fields: Fields, name: string, rule: OptionRule): OptionValue | undefined {
  switch (rule.type) {
    case "integer":
      return fields.integer(name, rule.least, rule.most);
    case "choice":
      return fields.choice(name, rule.choices);
    case "switch":
      return fields.flag(name);
    case "texts":
      return fields.texts(name)?.map(({ text }) => text);
    case "text": {
      const text = fields.text(name);
      if (text === undefined || rule.pattern === undefined || rule.pattern.test(text)) return text;
      return fields.fault(name, `${name} is not of the form that it has to have`, rule.example);
    }
  }
}

function readPrompts(fields: Fields): ServicePrompt[] {
  return (fields.maps("prompts", PROMPT_KEYS) ?? []).flatMap(({ key, fields: prompt }): ServicePrompt[] => {
    if (!isServiceName(key.text)) {
      fields.faults.tell("this is no name of a prompt", key, [...fields.path, "prompts", key.text]);
      return [];
    }
    return [
      {
        name: key.text,
        type: prompt.choice("type", PROMPT_TYPES) ?? "line",
        description: prompt.text("description") ?? key.text,
        persist: prompt.flag("persist") ?? false,
      },
    ];
  });
}

function readFiles(fields: Fields, maker: Maker | undefined): ServiceFile[] {
  const kind = kindOf(maker);
  const outputs = Object.entries<KindOutput>(kind?.outputs ?? {});
  const given = fields.maps("files", FILE_KEYS);
  if (given === undefined) {
    return outputs.flatMap(([output, standard]) =>
      standard.optional === true ? [] : [fileOf(standard.file, standard, output)],
    );
  }
  const [only] = outputs;
  const files = given.flatMap(({ key, fields: file }): ServiceFile[] => {
    if (!isFileName(key.text)) {
      fields.faults.tell(
        "this is no name of a file: parts between slashes, none of them empty, . or .., or with a - in front",
        key,
        [...fields.path, "files", key.text],
      );
      return [];
    }
    const named = readOutput(file, kind, outputs);
    const byName = outputs.find(([, standard]) => standard.file === key.text);
    const lone = outputs.length === 1 && given.length === 1 ? only : undefined;
    const output = named ?? byName ?? lone;
    return [readFile(file, key.text, output)];
  });
  checkOutputs(fields, kind, files, maker);
  return files;
}

function readOutput(file: Fields, kind: Kind | undefined, outputs: readonly [string, KindOutput][]) {
  if (!file.has("output")) return undefined;
  if (kind === undefined)
    return file.fault("output", "output says what of a kind goes into this file, and there is no kind");
  const name = file.choice(
    "output",
    outputs.map(([output]) => output),
  );
  return outputs.find(([output]) => output === name);
}

function readFile(fields: Fields, name: string, output: readonly [string, KindOutput] | undefined): ServiceFile {
  const standard = fileOf(name, output?.[1], output?.[0]);
  const secret = fields.flag("secret") ?? standard.secret;
  const mode = fields.text("mode") ?? standard.mode;
  if (!/^[0-7]{4}$/.test(mode))
    fields.fault("mode", "mode has to be four octal digits in quotes", 'for example: mode: "0440"');
  const owner = fields.text("owner") ?? standard.owner;
  const group = fields.text("group") ?? standard.group;
  if (!ACCOUNT.test(owner)) fields.fault("owner", "this is no name of a user");
  if (!ACCOUNT.test(group)) fields.fault("group", "this is no name of a group");
  const deploy = fields.flag("deploy") ?? standard.deploy;
  if (!secret && fields.has("deploy") && !deploy) {
    fields.fault("deploy", "a public file lies in the repository in clear: deploy says nothing of it");
  }
  const restartUnits = (fields.texts("restartUnits") ?? []).map(({ text }) => text);
  if (restartUnits.some((unit) => !UNIT.test(unit)))
    fields.fault("restartUnits", "an entry of restartUnits is no name of a unit");
  const neededFor = fields.choice("neededFor", NEEDED_FOR) ?? standard.neededFor;
  return { ...standard, secret, deploy, owner, group, mode, neededFor, restartUnits };
}

/** As clan's options have them by default. */
function fileOf(name: string, standard: KindOutput | undefined, output: string | undefined): ServiceFile {
  return {
    name,
    secret: standard?.secret ?? true,
    deploy: standard?.deploy ?? true,
    owner: "root",
    group: "root",
    mode: "0400",
    neededFor: standard?.neededFor ?? "services",
    restartUnits: [],
    ...(output === undefined ? {} : { output }),
  };
}

function checkOutputs(
  fields: Fields,
  kind: Kind | undefined,
  files: readonly ServiceFile[],
  maker: Maker | undefined,
): void {
  if (kind === undefined || maker?.kind !== "built-in") return;
  const names = Object.keys(kind.outputs);
  const taken = new Set<string>();
  for (const { name, output } of files) {
    if (output === undefined) {
      if (names.length > 0)
        fields.fault("files", `nothing says what goes into ${name}`, `output: ${names.join(" or ")}`);
    } else if (taken.has(output)) fields.fault("files", `${output} goes into two files`);
    else taken.add(output);
  }
  const missing = Object.entries<KindOutput>(kind.outputs).filter(
    ([output, { optional }]) => optional !== true && !taken.has(output),
  );
  for (const [output, { file }] of missing) {
    fields.fault(
      "files",
      `no file takes the ${output} that the kind ${maker.name} makes`,
      `files: { ${file}: { output: ${output} } }`,
    );
  }
}

function withPersisted(files: readonly ServiceFile[], prompts: readonly ServicePrompt[]): ServiceFile[] {
  const all = new Map(files.map((file) => [file.name, file]));
  for (const { name, persist } of prompts)
    if (persist && !all.has(name)) all.set(name, fileOf(name, undefined, undefined));
  return [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function readDependencies(fields: Fields, name: string): string[] {
  const names = (fields.texts("dependencies") ?? []).map(({ text }) => text);
  if (names.includes(name)) fields.fault("dependencies", "a service does not depend on itself");
  return [...new Set(names)].sort();
}

function checkKindDependencies(fields: Fields, maker: Maker | undefined, dependencies: readonly string[]): void {
  if (maker?.kind !== "built-in") return;
  const named = { "x509-cert": maker.options["ca"], copy: String(maker.options["from"] ?? "").split("/")[0] };
  const needed = named[maker.name as keyof typeof named];
  if (typeof needed !== "string" || needed === "" || dependencies.includes(needed)) return;
  const near = suggest(needed, dependencies);
  fields.fault(
    "dependencies",
    `${needed} has to be among the dependencies`,
    near.length > 0 ? `did you mean ${near.join(" or ")}?` : `dependencies: [${[...dependencies, needed].join(", ")}]`,
  );
}

function readValidation(fields: Fields): string | undefined {
  const node = fields.node("validation");
  if (node === undefined || node.kind === "empty") return undefined;
  return (
    validationHash(node) ??
    fields.fault(
      "validation",
      "validation is a text, a whole number, true, false, or a map of these in two levels at most",
    )
  );
}
