/** What is known of a place where keys may be, and the ports that lead there. */
import { SecretsError } from "../errors.ts";
import type { Identity } from "./identity.ts";
import type { PlacePorts, PlaceSpec } from "./places.ts";
import type { Plugins } from "./plugin/plugins.ts";

/** How the outside is reached. The buffers that `readFile` and `runCommand` return are wiped after use. */
export interface KeyringPorts extends PlacePorts {
  /** The bytes of a file, null if there is none. Rejects if it cannot be read. */
  readFile(path: string): Promise<Uint8Array | null>;
  /** Standard output of a program that is run without a shell. Rejects if it fails. */
  runCommand(argv: readonly string[]): Promise<Uint8Array>;
  /** What the person typed, or null if there is nobody to ask or they decline. `what` completes "Passphrase for …". */
  askPassphrase(what: string): Promise<string | null>;
  /** What runs `age-plugin-…`; without it their identities are recognised and not used. */
  readonly plugins?: Plugins;
}

/** A private key that is there: open, or behind a passphrase that is asked for when the key is needed. */
export interface Key {
  /** Public texts, as `Identity.recipients`. */
  readonly recipients: readonly string[];
  readonly locked: boolean;
  /** A program serves it, and may ask its person for a PIN or a touch. Tried after all others. */
  readonly plugin?: {
    /** `yubikey` */
    readonly name: string;
    /** Whether one of its identities states no public half: it may be any key of this plugin. */
    readonly nameless: boolean;
  };
  /** Null if nobody gave the passphrase, or a wrong one. Asks at most once. Rejects only if the person stops the run. */
  unlock(): Promise<Identity | null>;
}

/** What a place is known to hold. */
export interface Contents {
  readonly found: boolean;
  readonly keys: readonly Key[];
  /** Names of plugins whose identities are here. */
  readonly plugins: readonly string[];
  /** The first thing that is wrong here; a locked key adds it when it is asked for. What is right is used all the same. */
  problem?: SecretsError;
  /** More may be here, at the price of running a command or asking for a passphrase. `load` does so at most once. */
  readonly pending?: { readonly needs: "command" | "passphrase"; load(): Promise<Contents> };
}

/** A place with nothing in it. */
export const NOTHING: Contents = { found: false, keys: [], plugins: [] };

/** A place that gives no key because of what is said of it; `reason` is a predicate. */
export function broken(spec: PlaceSpec, reason: string, cause?: unknown): Contents {
  return { ...NOTHING, problem: problemOf(spec, reason, cause) };
}

/** What is wrong with a place. What another program or the system says is not repeated: it may quote what it read. */
export function problemOf(spec: PlaceSpec, reason: string, cause?: unknown): SecretsError {
  const why = cause instanceof SecretsError ? cause : undefined;
  return new SecretsError("E_IDENTITY", `${spec.name} ${reason}.${why === undefined ? "" : ` ${why.message}`}`, {
    kind: "identity",
    ...(why?.hint === undefined ? {} : { hint: why.hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}

/** A function that does its work at most once, however many ask for it and whenever. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
