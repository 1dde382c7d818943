/** What makes the files of a definition: a script, a kind with its options, or the answers to prompts alone. */
import type { Fields } from "./definition-fields.ts";
import { quoted } from "./definition-tree.ts";
import { KINDS, type Kind, type KindName, type OptionRule, type OptionValue } from "./kinds.ts";
import type { Maker, ServicePrompt } from "./service.ts";

/** A name to be looked for on a PATH, and no argument. */
const PROGRAM = /^[A-Za-z0-9_][\w.+-]*$/;
const MACHINE = "{machine}";

/** Undefined for one that cannot be made: then a fault says why. */
export function readMaker(fields: Fields, prompts: readonly ServicePrompt[], share: boolean): Maker | undefined {
  if (fields.has("kind") && fields.has("script")) {
    return fields.fault("kind", "a service has a kind or a script, not both", "take one of them out");
  }
  if (fields.has("script")) return readScript(fields);
  if (fields.has("runtimeInputs")) fields.fault("runtimeInputs", "runtimeInputs belong to a script, and there is none");
  if (!fields.has("kind")) {
    if (fields.has("options")) fields.fault("options", "options belong to a kind, and there is none");
    if (prompts.some(({ persist }) => persist)) return { kind: "prompts" };
    return fields.fault("kind", "nothing says how it is made: a kind, a script, or a prompt that persists");
  }
  const name = fields.choice("kind", Object.keys(KINDS) as KindName[]);
  if (name === undefined) {
    return fields.isEmpty("kind") ? fields.fault("kind", "kind is empty", Object.keys(KINDS).join(", ")) : undefined;
  }
  const options = readOptions(fields, name, share);
  if (name === "prompt") {
    if (prompts.some(({ persist }) => persist)) return { kind: "prompts" };
    const hint = "prompts: { NAME: { persist: true } }";
    return fields.fault("prompts", "the kind prompt needs a prompt with persist: true", hint);
  }
  refuseUnheard(fields, prompts, name);
  return { kind: "built-in", name, options };
}

function readScript(fields: Fields): Maker | undefined {
  if (fields.has("options")) fields.fault("options", "options belong to a kind, and this service has a script");
  const programs = fields.texts("runtimeInputs") ?? [];
  for (const node of programs) {
    if (PROGRAM.test(node.text)) continue;
    fields.faults.tell(`${quoted(node.text)} is no name of a program`, node, ["runtimeInputs"]);
  }
  const script = fields.text("script");
  if (script === undefined || script.trim() === "") {
    return fields.isSound("script")
      ? fields.fault("script", "the script is empty", "it writes each file: … > $out/NAME")
      : undefined;
  }
  return { kind: "script", script, programs: programs.map(({ text }) => text) };
}

/** A person would type something, and it would be gone. */
function refuseUnheard(fields: Fields, prompts: readonly ServicePrompt[], kind: KindName): void {
  for (const { name, persist } of prompts) {
    if (kind === "external") {
      fields.fault("prompts", "the kind external asks nothing: its values are set by hand", "kind: prompt");
      return;
    }
    if (persist || (kind === "password-hash" && name === "password")) continue;
    fields.fault(
      "prompts",
      `nothing would read the answer to ${quoted(name)}`,
      "persist: true keeps it as a file, and a script reads it in $prompts",
    );
  }
}

function readOptions(fields: Fields, name: KindName, share: boolean): Record<string, OptionValue> {
  const rules: Kind["options"] = KINDS[name].options;
  const given = fields.below("options", Object.keys(rules));
  const options: Record<string, OptionValue> = {};
  for (const [option, rule] of Object.entries(rules)) {
    const value = given?.isEmpty(option) === false ? readOption(given, option, rule, share) : standardOf(rule, share);
    if (value !== undefined) options[option] = value;
    else if (given?.isEmpty(option) !== false && (rule.required === true || hasStandard(rule))) {
      const why = rule.required === true ? "" : ", because it is shared: no machine is filled in";
      fields.fault(
        "options",
        `the kind ${name} needs the option ${option}${why}`,
        `options: { ${option}: … }\n${rule.brief}`,
      );
    }
  }
  return options;
}

function readOption(fields: Fields, name: string, rule: OptionRule, share: boolean): OptionValue | undefined {
  switch (rule.type) {
    case "integer":
      return fields.integer(name, rule.least, rule.most);
    case "choice":
      return fields.choice(name, rule.choices);
    case "switch":
      return fields.flag(name);
    case "texts": {
      const texts = fields.texts(name)?.map(({ text }) => text);
      if (texts !== undefined && share && fillsIn(rule)) refuseMachine(fields, name, texts.join("\n"));
      return texts;
    }
    case "text": {
      const text = fields.text(name);
      if (text === undefined) return undefined;
      if (share && fillsIn(rule)) refuseMachine(fields, name, text);
      if (rule.pattern === undefined || rule.pattern.test(text)) return text;
      return fields.fault(name, `${name} is not of the form that it has to have`, rule.example);
    }
  }
}

function refuseMachine(fields: Fields, name: string, text: string): void {
  if (text.includes(MACHINE)) fields.fault(name, `a shared service has no ${MACHINE} to fill in`);
}

function standardOf(rule: OptionRule, share: boolean): OptionValue | undefined {
  if (!hasStandard(rule)) return undefined;
  if (!share || !fillsIn(rule)) return rule.standard;
  return "shared" in rule ? rule.shared : undefined;
}

function hasStandard(rule: OptionRule): rule is OptionRule & { readonly standard: OptionValue } {
  return "standard" in rule && rule.standard !== undefined;
}

/** Whether the name of the machine is put into it. */
function fillsIn(rule: OptionRule): boolean {
  return "shared" in rule || (hasStandard(rule) && String(rule.standard).includes(MACHINE));
}
