/** One definition: from what a person wrote to what it means, with every fault told at its place. */
import { didYouMean } from "../address.ts";
import { type Faults, Fields } from "./definition-fields.ts";
import { readMaker } from "./definition-maker.ts";
import { readFiles } from "./definition-outputs.ts";
import { type DefinitionNode, quoted, type TextNode } from "./definition-tree.ts";
import { type Maker, PROMPT_TYPES, type ServiceFile, type ServicePrompt } from "./service.ts";
import { isServiceName } from "./service-names.ts";
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

const DEFINITION_KEYS = [
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
const PROMPT_KEYS = ["type", "description", "persist"] as const;

/** @returns undefined when it is too wrong to go on; every fault is told either way */
export function readDefinition(tree: DefinitionNode, name: string, faults: Faults): Definition | undefined {
  if (tree.kind !== "map") {
    const message = "a definition is a map: kind, machines, files, …";
    return faults.tell(message, tree, [], "secrets service new writes one to begin with");
  }
  const fields = new Fields(tree, [], faults, DEFINITION_KEYS);
  fields.text("description");
  const share = fields.flag("share") ?? false;
  const prompts = readPrompts(fields);
  const maker = readMaker(fields, prompts, share);
  const files = readFiles(fields, maker, prompts);
  const validation = readValidation(fields);
  const dependencies = readDependencies(fields, name);
  checkKindDependencies(fields, maker, dependencies);
  return { share, ...readPlaces(fields), files, prompts, dependencies, validation, maker, line: tree.line };
}

function readPlaces(fields: Fields): Pick<Definition, "machines" | "groups" | "readers"> {
  const node = fields.node("machines");
  const machines = node?.kind === "text" && node.text === "all" ? "all" : fields.texts("machines");
  const groups = fields.texts("groups") ?? [];
  const readers = fields.texts("readers");
  if (fields.isEmpty("machines") && fields.isEmpty("groups")) {
    const hint = "machines: [NAME, …], machines: all, or groups: [NAME]";
    fields.fault("machines", "nothing says which machines have this service", hint);
  }
  return { machines, groups, readers };
}

function readPrompts(fields: Fields): ServicePrompt[] {
  return (fields.maps("prompts", PROMPT_KEYS) ?? []).flatMap(({ key, fields: prompt }): ServicePrompt[] => {
    const type = prompt.choice("type", PROMPT_TYPES) ?? "line";
    const description = prompt.text("description") ?? key.text;
    const persist = prompt.flag("persist") ?? false;
    if (isServiceName(key.text)) return [{ name: key.text, type, description, persist }];
    fields.faults.tell("this is no name of a prompt", key, ["prompts", key.text]);
    return [];
  });
}

function readDependencies(fields: Fields, name: string): string[] {
  const names = (fields.texts("dependencies") ?? []).flatMap((node) => {
    if (node.text === name) fields.faults.tell("a service does not depend on itself", node, ["dependencies"]);
    else if (!isServiceName(node.text))
      fields.faults.tell(`${quoted(node.text)} is no name of a service`, node, ["dependencies"]);
    else return [node.text];
    return [];
  });
  return [...new Set(names)].sort();
}

/** What an option names is read like any other dependency. */
function checkKindDependencies(fields: Fields, maker: Maker | undefined, dependencies: readonly string[]): void {
  if (maker?.kind !== "built-in") return;
  const named = maker.name === "x509-cert" ? maker.options["ca"] : maker.options["from"];
  const [needed] = typeof named === "string" ? named.split("/") : [];
  if (needed === undefined || needed === "" || dependencies.includes(needed)) return;
  fields.fault(
    "dependencies",
    `${quoted(needed)} has to be among the dependencies`,
    () => didYouMean(needed, dependencies) ?? `dependencies: [${[...dependencies, needed].join(", ")}]`,
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
      "what is neither can stand in quotes",
    )
  );
}
