/** What the Nix files of a fleet say of its machines, as the checks of it ask: each question with what its answer rests on. */
import type { MachineLayout, NixFile, UnreadNixFile } from "../../fleet/nix/machine-layout.ts";
import type { ExportedModule, MentionedModule, RegisteredMachine, Uncertain } from "../../fleet/nix/module-facts.ts";
import { type MachineClass, machineModule, nearest } from "../../fleet/nix/names-of-modules.ts";
import type { Finding } from "./finding.ts";

/** A finding that holds only if nothing that was computed says otherwise. */
export interface Suspicion {
  readonly finding: Finding;
  /** What would have to be known in full; nothing for what is written there for certain. */
  readonly restsOn?: keyof Uncertain;
  /** What it is about, for the note that stands in for it. */
  readonly about: string;
}

export interface Placed<T> {
  readonly path: string;
  readonly what: T;
}

/** More than a fleet has; who writes more gets no guesses. */
const MOST_NAMES = 500;
const MOST_GUESSES = 10;

export class NixView {
  readonly layout: MachineLayout;
  /** Those that findings are about. */
  readonly own: readonly NixFile[];
  readonly #all: readonly NixFile[];
  readonly #unread: readonly UnreadNixFile[];
  readonly #exported: ReadonlySet<string>;
  readonly #mentioned: ReadonlySet<string>;
  readonly #folders: ReadonlySet<string>;
  readonly #names: readonly string[];
  #words: ReadonlySet<string> | undefined;
  #vain: ReadonlySet<string> | undefined;
  #guesses = 0;

  /** @param others further files that may say what those of the layout do not */
  constructor(layout: MachineLayout, others: Pick<MachineLayout, "files" | "unread"> = { files: [], unread: [] }) {
    this.layout = layout;
    this.own = layout.files;
    this.#all = [...layout.files, ...others.files];
    this.#unread = [...layout.unread, ...others.unread];
    this.#folders = new Set(layout.folders.map((one) => keyOf(one.class, machineModule(one.class, one.host))));
    const folders = layout.folders.map((one) => machineModule(one.class, one.host));
    const exported = this.#all.flatMap(({ facts }) => facts.exports.map(({ name }) => name));
    this.#names = [...new Set([...folders, ...exported])].slice(0, MOST_NAMES);
    this.#exported = new Set(this.#all.flatMap(({ facts }) => facts.exports.map((one) => keyOf(one.class, one.name))));
    this.#mentioned = new Set(
      this.#all.flatMap(({ facts }) => facts.mentions.map((one) => keyOf(one.class, one.name))),
    );
  }

  exports(): readonly Placed<ExportedModule>[] {
    return this.own.flatMap(({ path, facts }) => facts.exports.map((what) => ({ path, what })));
  }

  mentions(): readonly Placed<MentionedModule>[] {
    return this.own.flatMap(({ path, facts }) => facts.mentions.map((what) => ({ path, what })));
  }

  /** Who is registered in the layout's own files. */
  machines(): readonly Placed<RegisteredMachine>[] {
    return this.own.flatMap(({ path, facts }) => facts.machines.map((what) => ({ path, what })));
  }

  /** Names that are registered anywhere. */
  registered(): ReadonlySet<string> {
    return new Set(this.#all.flatMap(({ facts }) => facts.machines.map(({ name }) => name)));
  }

  isExported(of: MachineClass, name: string): boolean {
    return this.#exported.has(keyOf(of, name));
  }

  isMentioned(of: MachineClass, name: string): boolean {
    return this.#mentioned.has(keyOf(of, name)) || this.#mentioned.has(keyOf(undefined, name));
  }

  /** Whether the entry of a machine refers to a module that no file exports. */
  asksInVain(machine: string): boolean {
    this.#vain ??= new Set(
      this.#all.flatMap(({ facts }) =>
        facts.machines.filter(({ modules }) => this.#lacks(modules)).map(({ name }) => name),
      ),
    );
    return this.#vain.has(machine);
  }

  #lacks(modules: readonly MentionedModule[]): boolean {
    return modules.some(({ class: of, name, needed }) => needed && of !== undefined && !this.isExported(of, name));
  }

  /** Whether a folder of the layout is there for a module of that name. */
  hasFolder(of: MachineClass, name: string): boolean {
    return this.#folders.has(keyOf(of, name));
  }

  /** What may have been meant by the name of a module that is nowhere. */
  nearestTo(name: string): string | undefined {
    if (this.#guesses++ > MOST_GUESSES) return undefined;
    return nearest(name, this.#names);
  }

  /** Whether any Nix file, or the name of one, has that word. */
  speaksOf(word: string): boolean {
    this.#words ??= new Set(this.#all.flatMap(({ facts }) => [...facts.words()]));
    return this.#words.has(word) || this.layout.hasPathNamed(word);
  }

  /** Where something is computed or cannot be read that an answer would rest on. */
  doubt(what: keyof Uncertain): UnreadNixFile | undefined {
    for (const { path, facts } of this.#all) {
      const line = facts.uncertain[what];
      if (line !== undefined) return { path, line, reason: COMPUTED[what] };
    }
    return this.#unread[0];
  }
}

const COMPUTED: Readonly<Record<keyof Uncertain, string>> = {
  exports: "names of modules are computed here",
  registry: "the names of machines are computed here",
  mentions: "modules are used here by computed names",
};

function keyOf(of: MachineClass | undefined, name: string): string {
  return `${of ?? "?"} ${name}`;
}
