/**
 * A service: clan's generator, the thing that makes a set of files. One model for what clan's flake says and for what a
 * file of the repository says, so that nothing above needs to know where a definition came from.
 */
import type { KindOptions, OutputName } from "./kinds.ts";

/** When a secret has to be there on a machine, as clan has it. */
export const NEEDED_FOR = ["partitioning", "activation", "users", "services"] as const;
/** How a prompt is asked, as clan has it. */
export const PROMPT_TYPES = ["line", "hidden", "multiline", "multiline-hidden"] as const;

export interface Service {
  readonly name: string;
  /** `vars/<machine>/<name>` or `vars/shared/<name>`: names this service in this place, and is the start of its files' addresses. */
  readonly address: string;
  /** The machine that it makes values for; undefined: one set of values for all of `machines`. */
  readonly machine: string | undefined;
  /** Who has the service, sorted; of one that is not shared, that machine alone. */
  readonly machines: readonly string[];
  /** Sorted by name; each name once. */
  readonly files: readonly ServiceFile[];
  /** In the order of the definition. */
  readonly prompts: readonly ServicePrompt[];
  /** Names of services whose files this one reads; sorted. */
  readonly dependencies: readonly string[];
  /** SHA-256 of what the definition calls its `validation`, lower-case hex, as clan writes it into `.validation-hash`. */
  readonly validation: string | undefined;
  /** `groups/NAME` and `users/NAME` who read every secret of it beside its machines; undefined: nobody said, so as the secrets beside it. */
  readonly readers: readonly string[] | undefined;
  readonly maker: Maker;
  readonly origin: Origin;
}

export interface ServiceFile {
  /** As clan has it: may have slashes in it. */
  readonly name: string;
  /** Sealed; else a public value in clear. */
  readonly secret: boolean;
  /** Whether machines read it. */
  readonly deploy: boolean;
  readonly owner: string;
  readonly group: string;
  /** Four octal digits. */
  readonly mode: string;
  readonly neededFor: (typeof NEEDED_FOR)[number];
  readonly restartUnits: readonly string[];
  /** Which output of a built-in kind it takes; undefined with every other maker. */
  readonly output?: OutputName;
}

/** What holds of a file where its definition says nothing else, as clan's options have it. */
export const STANDARD_FILE: Omit<ServiceFile, "name" | "output"> = {
  secret: true,
  deploy: true,
  owner: "root",
  group: "root",
  mode: "0400",
  neededFor: "services",
  restartUnits: [],
};

export interface ServicePrompt {
  readonly name: string;
  readonly type: (typeof PROMPT_TYPES)[number];
  readonly description: string;
  /** The answer is kept as the file of the same name. */
  readonly persist: boolean;
}

export type Maker =
  /** The text of a bash script, and the programs it needs on its PATH. */
  | { readonly kind: "script"; readonly script: string; readonly programs: readonly string[] }
  /** Clan's: a script that Nix builds, as the first of `machines` has it. */
  | { readonly kind: "built-script" }
  | ({ readonly kind: "built-in" } & KindOptions)
  /** Nothing but the answers to its prompts: the kind `prompt`, or a definition without a script. */
  | { readonly kind: "prompts" };

/** Where a definition stands. */
export type Origin =
  | { readonly kind: "flake" }
  /** @see Location lines count from 1 */
  | { readonly kind: "file"; readonly path: string; readonly line: number };

/** Everything that is defined, whatever its source. */
export interface ServiceBook {
  /** Sorted by address; each address once. */
  readonly services: readonly Service[];
  /** Says why clan's definitions are not among them; undefined when they are, or when there is no flake. */
  readonly withoutFlake: string | undefined;
}
