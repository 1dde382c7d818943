/**
 * The one error of the house. It is built where the fault is known and turned into text only at the roof
 * (`cli/report/`), so no floor below needs to know what a terminal is.
 *
 * The rule for every message: say *what* is wrong in one plain sentence, put the *place* in `location`, *why* it
 * matters in `cause` or the message, and *what to type next* in `hint`. A message never carries a secret value and
 * never a line of a file that could hold one.
 */

/** How a run ends when this error reaches the roof; the table is printed by `secrets help exit-codes`. */
export type ErrorKind =
  /** It could not be done: corrupt file, bad configuration, input or output failed. Exit 2. */
  | "failed"
  /** The command line is wrong, or a question could not be asked here. Exit 3. */
  | "usage"
  /** No identity of this person opens what has to be opened. Exit 4. */
  | "identity"
  /** The repository moved under us or another writer holds the lock; trying again is right. Exit 5. */
  | "conflict"
  /** Something was left half-way and undone, or needs `secrets recover`. Exit 6. */
  | "recovery"
  /** The person stopped it. Exit 130. */
  | "interrupted";

/** A place in the fleet: `file` is relative to the fleet's root where there is one. Lines and columns count from 1. */
export interface Location {
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  /** Key path inside the document, map keys and list indexes. */
  readonly keyPath?: readonly (string | number)[];
}

/** Stable, documented, machine-readable: `E_MAC_MISMATCH`, `E_YAML_NESTING`, … */
export type ErrorCode = `E_${string}`;

export interface SecretsErrorOptions {
  readonly kind?: ErrorKind;
  readonly hint?: string;
  readonly location?: Location;
  readonly cause?: unknown;
}

export class SecretsError extends Error {
  override readonly name = "SecretsError";
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;
  readonly location: Location | undefined;

  constructor(code: ErrorCode, message: string, options: SecretsErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.kind = options.kind ?? "failed";
    this.hint = options.hint;
    this.location = options.location;
  }

  /** The same error, told from further up, where more of the place is known; what is known already stays. */
  at(location: Location): SecretsError {
    return new SecretsError(this.code, this.message, {
      kind: this.kind,
      location: { ...location, ...this.location },
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(this.cause === undefined ? {} : { cause: this.cause }),
    });
  }
}
