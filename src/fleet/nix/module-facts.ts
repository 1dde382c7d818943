/** What one Nix file says of machines: the modules that it exports for them, and those that it makes known to clan. */
import { type NixAttribute, NixAttributeReader, type NixAttributes, type NixScope } from "./attributes.ts";
import { lineAt, lineStarts } from "./cursor.ts";
import { type Aliases, aliasesIn, type ModuleMention, mentionsIn } from "./mentions.ts";
import { isLikeMachineModule, type MachineClass, machineClass } from "./names-of-modules.ts";
import { parseNix } from "./parse.ts";
import { type NixExpression, nameOf, visit } from "./syntax.ts";

export interface ExportedModule {
  readonly class: MachineClass;
  readonly name: string;
  readonly line: number;
}

/** A machine as `clan.machines` or `clan.inventory.machines` names it. */
export interface RegisteredMachine {
  readonly name: string;
  readonly line: number;
  readonly tier: "machines" | "inventory";
  /** False below a condition. */
  readonly certain: boolean;
  /** As it is stated there. */
  readonly class: MachineClass | undefined;
  /** The modules that it is made of, among those of machines. */
  readonly modules: readonly MentionedModule[];
}

export type MentionedModule = Omit<ModuleMention, "at"> & { readonly line: number };

/** Lines where something is computed that would have to be known. */
export interface Uncertain {
  readonly exports?: number;
  readonly registry?: number;
  readonly mentions?: number;
}

export interface ModuleFacts {
  readonly exports: readonly ExportedModule[];
  readonly machines: readonly RegisteredMachine[];
  readonly mentions: readonly MentionedModule[];
  readonly uncertain: Uncertain;
  /** Names of attributes, and strings, wherever they stand. */
  words(): ReadonlySet<string>;
}

/** What a flake module may be made by, of which neither a machine nor the module of one comes but from files. */
const IMPORTS = /^import|OptionModule(?:With)?$/;

/** Without either word no module of a machine can be spoken of; most files of a fleet need not be gone through. */
const MAY_MENTION = /modules|machines/;

/**
 * @param bare whether `machines.x` and `inventory.machines.x` at the top are clan's too: in a file that clan itself imports
 * @throws SecretsError `E_NIX_SYNTAX`, `E_NIX_NESTING`, with the line
 */
export function readModuleFacts(text: string, bare = false): ModuleFacts {
  const root = parseNix(text);
  const reading = new Reading(text, root, bare);
  reading.module(root, undefined);
  return reading.facts();
}

class Reading {
  readonly #root: NixExpression;
  readonly #bare: boolean;
  readonly #starts: readonly number[];
  readonly #mayMention: boolean;
  readonly #aliases: Aliases;
  readonly #attributes = new NixAttributeReader();
  readonly #exports: ExportedModule[] = [];
  readonly #machines: RegisteredMachine[] = [];
  readonly #uncertain: { exports?: number; registry?: number; mentions?: number } = {};
  readonly #inside = new Map<NixExpression, Pick<RegisteredMachine, "class" | "modules">>();

  constructor(text: string, root: NixExpression, bare: boolean) {
    this.#root = root;
    this.#bare = bare;
    this.#starts = lineStarts(text);
    this.#mayMention = MAY_MENTION.test(text);
    this.#aliases = this.#mayMention ? aliasesIn(root) : new Map();
  }

  facts(): ModuleFacts {
    const { known, open } = this.#mayMention ? mentionsIn(this.#root, this.#aliases) : { known: [], open: undefined };
    if (open !== undefined) this.#uncertain.mentions = this.#line(open);
    return {
      exports: this.#exports,
      machines: this.#machines,
      mentions: known.map((mention) => this.#placed(mention)),
      uncertain: this.#uncertain,
      words: () => wordsOf(this.#root),
    };
  }

  /** A flake module, or what it has under `config`. */
  module(expression: NixExpression, scope: NixScope): void {
    const { known, open } = this.#attributes.of(expression, scope);
    for (const one of open) {
      if (speaksOf(one, /^modules$/)) this.#doubt("exports", one);
      if (speaksOf(one, /^(?:clan|machines|inventory)$/)) this.#doubt("registry", one);
    }
    for (const attribute of known) {
      const { name, value } = attribute;
      if (name === "config") this.module(value, attribute.scope);
      else if (name === "imports") this.#imports(attribute, (one) => this.module(one, attribute.scope));
      else if (name === "clan") this.#clan(attribute);
      else if (name === "flake") {
        for (const inner of this.#of(attribute, "exports").known) {
          if (inner.name === "modules") this.#modules(inner);
          else if (inner.name === "clan") this.#clan(inner);
        }
      } else if (this.#bare && name === "machines") this.#registry(attribute, "machines");
      else if (this.#bare && name === "inventory") this.#inventory(attribute);
    }
  }

  #clan(clan: NixAttribute): void {
    for (const attribute of this.#of(clan, "registry").known) {
      if (attribute.name === "machines") this.#registry(attribute, "machines");
      else if (attribute.name === "inventory") this.#inventory(attribute);
      else if (attribute.name === "imports") {
        this.#imports(attribute, (value) => this.#clan({ ...attribute, value }));
      }
    }
  }

  #inventory(inventory: NixAttribute): void {
    for (const attribute of this.#of(inventory, "registry").known) {
      if (attribute.name === "machines") this.#registry(attribute, "inventory");
    }
  }

  #registry(machines: NixAttribute, tier: RegisteredMachine["tier"]): void {
    for (const { name, at, value, scope, certain } of this.#of(machines, "registry").known) {
      const inside = this.#inside.get(value) ?? {
        class: this.#statedClass(value, scope),
        modules: mentionsIn(value, this.#aliases).known.map((mention) => this.#placed(mention)),
      };
      this.#inside.set(value, inside);
      this.#machines.push({ name, line: this.#line(at), tier, certain, ...inside });
    }
  }

  #statedClass(machine: NixExpression, scope: NixScope): MachineClass | undefined {
    const stated = this.#attributes.of(machine, scope).known.find(({ name }) => name === "machineClass")?.value;
    return stated?.kind === "string" && stated.inner.length === 0 ? machineClass(stated.text) : undefined;
  }

  #modules(modules: NixAttribute): void {
    for (const attribute of this.#of(modules, "exports").known) {
      const of = machineClass(attribute.name);
      if (of === undefined) continue;
      for (const { name, at } of this.#of(attribute, "exports").known) {
        if (isLikeMachineModule(name)) this.#exports.push({ class: of, name, line: this.#line(at) });
      }
    }
  }

  /** Modules that stand in the list itself; what is in other files is read there. */
  #imports({ value }: NixAttribute, read: (module: NixExpression) => void): void {
    if (value.kind !== "list") return;
    for (const item of value.items) {
      if (item.kind === "set" || item.kind === "function" || item.kind === "let") read(item);
      else if (item.kind === "call" && !IMPORTS.test(nameOf(item.head) ?? "")) {
        this.#doubt("exports", item);
        this.#doubt("registry", item);
      }
    }
  }

  /** What an attribute holds; where that cannot be told, it is uncertain what there is. */
  #of(attribute: NixAttribute, what: keyof Uncertain): NixAttributes {
    const found = this.#attributes.of(attribute.value, attribute.scope);
    for (const one of found.open) this.#doubt(what, one);
    return attribute.certain ? found : { ...found, known: found.known.map((one) => ({ ...one, certain: false })) };
  }

  #doubt(what: keyof Uncertain, { at }: NixExpression): void {
    this.#uncertain[what] ??= this.#line(at);
  }

  #placed({ at, ...mention }: ModuleMention): MentionedModule {
    return { ...mention, line: this.#line(at) };
  }

  #line(at: number): number {
    return lineAt(this.#starts, at);
  }
}

function speaksOf(root: NixExpression, word: RegExp): boolean {
  for (const one of wordsOf(root)) if (word.test(one)) return true;
  return false;
}

function wordsOf(root: NixExpression): ReadonlySet<string> {
  const words = new Set<string>();
  visit(root, (expression) => {
    if (expression.kind === "string" && expression.inner.length === 0) words.add(expression.text);
    else if (expression.kind === "select") addNames(words, expression.path);
    else if (expression.kind === "set" || expression.kind === "let") {
      for (const binding of expression.bindings) {
        addNames(words, binding.kind === "attribute" ? binding.path : binding.names);
      }
    }
  });
  return words;
}

function addNames(words: Set<string>, parts: readonly { readonly text: string | undefined }[]): void {
  for (const { text } of parts) if (text !== undefined) words.add(text);
}
