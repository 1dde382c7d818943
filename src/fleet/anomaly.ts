/** Something odd that was met while the fleet was read. Loading goes on; `check` turns these into findings. */

/** Stable: findings and their documentation are named after them. */
export type AnomalyCode =
  /** A reader's link points at nothing. */
  | "link-dangling"
  | "link-loop"
  /** A reader's link leads to something that is not the user, machine or group that it is named after. */
  | "link-misdirected"
  | "link-escapes"
  /** A file or folder stands where a link should be; clan ignores it without a word. */
  | "link-expected"
  /** A link stands where clan keeps a file or folder. It is not followed. */
  | "link-unexpected"
  /** Links of readers beside no secret. */
  | "links-without-secret"
  | "key-json"
  /** A user or machine folder without `key.json`. */
  | "key-missing"
  | "name"
  /** A clear `value` beside a `secret`. */
  | "value-beside-secret"
  /** A file that has to be read cannot be. */
  | "unreadable"
  /** `.sops.yaml` cannot be used. */
  | "config"
  /** One rule of `.sops.yaml` cannot be used as sops would use it. */
  | "rule"
  /** A file looks like a sops document and cannot be read as one. */
  | "document"
  /** A secret of clan that lies there in clear. */
  | "not-encrypted";

export interface Anomaly {
  readonly code: AnomalyCode;
  /** Relative to the root. */
  readonly path: string;
  readonly line?: number;
  /** One sentence; names and places, never content. */
  readonly message: string;
}
