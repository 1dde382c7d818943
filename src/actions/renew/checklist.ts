/**
 * Values that wait for a new one by hand: `sops/renewals/<date>-<why>.yaml`, for people to read and for git to keep. It holds
 * addresses and traces of ciphertext, so that anybody can tell without a key what is still as it was; nothing in it is secret.
 */
import { SecretsError } from "../../errors.ts";
import type { Ground } from "../../fleet/ground.ts";
import { type DefinitionNode, readDefinitionTree } from "../../fleet/services/definition-tree.ts";
import { formatTraces, parseTraces, type Traces } from "./sealed-values.ts";

export interface Checklist {
  readonly path: string;
  /** For a person: who could read these, or that it was asked for. */
  readonly reason: string;
  /** A day, as `2026-11-23`. */
  readonly since: string;
  readonly entries: readonly ChecklistEntry[];
}

export interface ChecklistEntry {
  readonly address: string;
  readonly traces: Traces;
  /** In its file, from 1; 0 for one that is in none yet. */
  readonly line: number;
}

/** Where they lie. */
export const CHECKLISTS = "sops/renewals";
const PLACE = /^sops\/renewals\/[^/]+\.yaml$/;
/** What one file holds: readers of YAML, and people, have limits. */
export const MAX_ENTRIES = 300;

/** All of them, in the order of their paths; what is none is told instead of thrown. */
export async function readChecklists(
  ground: Ground,
): Promise<{ lists: readonly Checklist[]; faults: readonly SecretsError[] }> {
  const lists: Checklist[] = [];
  const faults: SecretsError[] = [];
  for (const { path, kind } of await ground.list()) {
    if (!PLACE.test(path)) continue;
    try {
      if (kind === "link") throw fault("this is a link", path);
      lists.push(parseChecklist(await ground.read(path), path));
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      faults.push(error);
    }
  }
  return { lists, faults };
}

/** @throws SecretsError `E_RENEWAL_LIST` with its line */
export function parseChecklist(bytes: Uint8Array, path: string): Checklist {
  const tree = readTree(bytes, path);
  if (tree.kind !== "map") throw fault("its top is no map", path);
  const fields = new Map(tree.entries.map(({ key, value }) => [key.text, value]));
  const text = (name: string): string => {
    const node = fields.get(name);
    if (node?.kind !== "text") throw fault(`${name} is missing, or no text`, path, node?.line);
    return node.text;
  };
  if (text("version") !== "1") throw fault("it was written by a newer release", path, fields.get("version")?.line);
  const values = fields.get("values");
  if (values?.kind !== "map") throw fault("values is missing, or no map", path, values?.line);
  const entries = values.entries.map(({ key, value }): ChecklistEntry => {
    const traces = value.kind === "text" ? parseTraces(value.text) : undefined;
    if (traces === undefined) throw fault("what stands behind this address says nothing of a value", path, key.line);
    return { address: key.text, traces, line: key.line };
  });
  return { path, reason: text("reason"), since: text("since"), entries };
}

/** Strings as JSON has them, which YAML reads alike once all that no screen shows is written as its number. */
function quote(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e\p{L}\p{N}]/gu, (sign) =>
    sign
      .split("")
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
      .join(""),
  );
}

export function formatChecklist({ reason, since, entries }: Omit<Checklist, "path">): Uint8Array {
  const lines = [
    "# Values that need new ones, made by hand where they are used. `secrets check` names each until it has",
    "# changed, and `secrets set` and `secrets edit` take it off this list. Nothing here is secret.",
    "version: 1",
    `reason: ${quote(reason)}`,
    `since: ${quote(since)}`,
    "values:",
    ...entries.map(({ address, traces }) => `  ${quote(address)}: ${formatTraces(traces)}`),
  ];
  return Buffer.from(`${lines.join("\n")}\n`, "utf8");
}

function readTree(bytes: Uint8Array, path: string): DefinitionNode {
  try {
    return readDefinitionTree(bytes, path);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw fault("this is no YAML that could be such a list", path, error.location?.line);
  }
}

function fault(message: string, file: string, line?: number): SecretsError {
  return new SecretsError("E_RENEWAL_LIST", `this list of renewals cannot be read: ${message}`, {
    location: { file, ...(line === undefined ? {} : { line }) },
    hint: "take it out of git history as it was; secrets renew writes such lists",
  });
}
