/** Readers that were never approved on this clone: who they are, where they are stated, and who brought them in. */
import type { Fleet } from "../../fleet/fleet.ts";
import { isRepoPath } from "../../repo/path.ts";
import { introducedBy, type Provenance } from "../../repo/provenance.ts";
import type { Root } from "../../repo/root.ts";
import type { PlannedReader } from "../rekey/access-plan.ts";

export interface Newcomer extends PlannedReader {
  /** Every place that states the key, with its line from 1. */
  readonly places: readonly { readonly path: string; readonly line: number }[];
  readonly provenance: Provenance;
}

export async function describeNewcomer(root: Root, fleet: Fleet, reader: PlannedReader): Promise<Newcomer> {
  const statements = statementsOf(fleet, reader.id);
  const paths = [...new Set(statements.map(({ path }) => path))].filter(isRepoPath);
  const text = statements[0]?.text ?? reader.id;
  const provenance: Provenance = paths.length === 0 ? { kind: "uncommitted" } : await introducedBy(root, text, paths);
  return { ...reader, places: statements.map(({ path, line }) => ({ path, line })), provenance };
}

/** One line for a person. */
export function tellProvenance(provenance: Provenance): string {
  switch (provenance.kind) {
    case "commit":
      return `brought in by commit ${provenance.id} of ${provenance.author}, ${provenance.date.slice(0, 10)}: ${provenance.subject}`;
    case "uncommitted":
      return "not committed yet";
    case "cut-off":
      return "who brought it in cannot be told: the history of this clone is cut off (git fetch --unshallow)";
  }
}

function statementsOf({ principals, configs }: Fleet, id: string) {
  const origins = principals.all.flatMap(({ keys }) => keys.flatMap((key) => (key.id === id ? key.origins : [])));
  const rules = configs.flatMap(({ path, rules: all }) =>
    (all ?? []).flatMap(({ keyGroups }) =>
      keyGroups.flat().flatMap((key) => (key.id === id ? [{ path, line: key.line, text: key.text }] : [])),
    ),
  );
  const all = [...origins.map(({ path, line, text }) => ({ path, line, text })), ...rules];
  return [...new Map(all.map((one) => [`${one.path}:${one.line}`, one])).values()];
}
