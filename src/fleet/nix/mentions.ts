/** Where a Nix file speaks of the modules of machines: `config.flake.modules.nixos."machines/nixos/web01"`. */
import { isLikeMachineModule, type MachineClass, machineClass, mayBecomeMachineModule } from "./names-of-modules.ts";
import { type NixBinding, type NixExpression, type NixPart, type NixString, nameOf, visit } from "./syntax.ts";

export interface ModuleMention {
  /** Undefined: the text does not tell. */
  readonly class: MachineClass | undefined;
  readonly name: string;
  readonly at: number;
  /** Nix fails if there is no module of that name. */
  readonly needed: boolean;
}

export interface ModuleMentions {
  readonly known: readonly ModuleMention[];
  /** Modules are used here whose names are computed: it may be any. */
  readonly open: number | undefined;
}

/** Steps of a path, as far as they are the same whatever happens; undefined where one is computed. */
type Steps = readonly (string | undefined)[];

export type Aliases = ReadonlyMap<string, Steps>;

/** How far names of names are followed. */
const DEEPEST = 4;

/** What it says of modules that it uses; not of those that it defines. @param names what `aliasesIn` says of the file */
export function mentionsIn(root: NixExpression, names: Aliases): ModuleMentions {
  const known: ModuleMention[] = [];
  const open: number[] = [];
  const asked = new Set<NixExpression>();
  const take = (part: NixPart, before: Steps, needed: boolean) => {
    const mention = mentionOf(part, before, needed);
    if (mention === "open") open.push(part.at);
    else if (mention !== undefined) known.push(mention);
  };
  visit(root, (expression) => {
    if (asked.has(expression)) return;
    switch (expression.kind) {
      case "select": {
        let before = stepsOf(expression.base, names) ?? [undefined];
        for (const part of expression.path) {
          take(part, before, expression.fallback === undefined);
          before = [before.at(-1), part.text];
        }
        break;
      }
      case "set":
      case "let":
        for (const binding of expression.bindings) {
          if (binding.kind === "inherit") {
            const before = binding.from === undefined ? [] : (stepsOf(binding.from, names) ?? []);
            for (const part of binding.names) take(part, before, true);
          } else if (expression.kind === "set" && isAllModules(binding.value, names)) {
            open.push(binding.value.at);
          }
        }
        break;
      case "string":
        if (mayBeAnyModule(expression)) open.push(expression.at);
        else if (expression.inner.length === 0 && isLikeMachineModule(expression.text)) {
          known.push({ class: undefined, name: expression.text, at: expression.at, needed: false });
        }
        break;
      case "call":
        // To ask whether there is one is not to use it.
        if (nameOf(expression.head) === "hasAttr") for (const arg of expression.args) asked.add(arg);
        else if (expression.args.some((arg) => isAllModules(arg, names))) open.push(expression.at);
        break;
      case "operation":
        if (expression.operators[0] !== "?" && expression.operands.some((one) => isAllModules(one, names))) {
          open.push(expression.at);
        }
        break;
    }
  });
  return { known, open: open[0] };
}

/** Something is put behind it, or names are picked by it. */
function mayBeAnyModule({ text, inner }: NixString): boolean {
  return inner.length > 0 ? text.startsWith("machines/") : /^machines\/(?:(?:nixos|darwin)\/)?$/.test(text);
}

/** @param before the last steps before it */
function mentionOf(part: NixPart, before: Steps, needed: boolean): ModuleMention | "open" | undefined {
  const [last, last2] = [before.at(-1), before.at(-2)];
  const of = machineClass(last);
  if (part.text !== undefined) {
    // Without the word `modules` before it, only the real form is one.
    const isOne = last2 === "modules" ? isLikeMachineModule(part.text) : part.text.startsWith("machines/");
    return isOne ? { class: of, name: part.text, at: part.at, needed: needed && of !== undefined } : undefined;
  }
  const inModules = last === "modules" || (last2 === "modules" && (of !== undefined || last === undefined));
  return inModules && mayBecomeMachineModule(part.start) ? "open" : undefined;
}

/** `config.flake.modules`, `self.modules.nixos`: given away whole, any module of it may be used. */
function isAllModules(expression: NixExpression, names: ReadonlyMap<string, Steps>): boolean {
  const steps = stepsOf(expression, names);
  const [last, last2] = [steps?.at(-1), steps?.at(-2)];
  if (last === "modules") return last2 === "flake" || last2 === "self";
  return last2 === "modules" && machineClass(last) !== undefined;
}

/** The last two steps of a path; undefined for what is no path. */
function stepsOf(expression: NixExpression, names: Aliases): Steps | undefined {
  if (expression.kind === "name") return names.get(expression.name) ?? [expression.name];
  if (expression.kind !== "select") return undefined;
  const own = expression.path.slice(-2).map(({ text }) => text);
  return own.length > 1 ? own : [...(stepsOf(expression.base, names) ?? [undefined]), ...own].slice(-2);
}

/** What the names of a file stand for that `let` gives to paths: `let all = config.flake.modules.nixos; in …`. */
export function aliasesIn(root: NixExpression): Aliases {
  // A name with two meanings has none.
  const given = new Map<string, NixExpression | undefined>();
  visit(root, (expression) => {
    if (expression.kind !== "let") return;
    for (const { name, value } of expression.bindings.flatMap(namesGiven)) {
      given.set(name, given.has(name) ? undefined : value);
    }
  });
  const names = new Map<string, Steps>();
  // Names of names: each round follows them one step further.
  for (let round = 0; round < DEEPEST; round++) {
    for (const [name, value] of given) {
      const steps = value === undefined ? undefined : stepsOf(value, names);
      if (steps !== undefined) names.set(name, steps);
    }
  }
  return names;
}

function namesGiven(binding: NixBinding): { readonly name: string; readonly value: NixExpression }[] {
  if (binding.kind === "attribute") {
    const [part] = binding.path;
    return binding.path.length === 1 && part?.text !== undefined ? [{ name: part.text, value: binding.value }] : [];
  }
  const { from } = binding;
  if (from === undefined) return [];
  return binding.names.flatMap((part) =>
    part.text === undefined
      ? []
      : [
          {
            name: part.text,
            value: { kind: "select", at: part.at, base: from, path: [part], fallback: undefined } as const,
          },
        ],
  );
}
