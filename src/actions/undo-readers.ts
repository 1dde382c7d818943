/** Whose documents they are again when a change is taken back, told from the ciphertext that comes back. */
import { SecretsError } from "../errors.ts";
import { ReaderTable } from "../fleet/document.ts";
import { loadFleet } from "../fleet/fleet.ts";
import { overlayGround } from "../fleet/overlay.ts";
import { baseOf } from "../fleet/path-index.ts";
import { looksEncrypted } from "../fleet/sopsnix/discover.ts";
import type { FileChange } from "../repo/change.ts";
import { formatOfPath } from "../sops/format.ts";
import { recipientsOf } from "../sops/metadata.ts";
import { parseSopsFile } from "../sops/sops-file.ts";
import { dataKeyMarks, shareMark } from "./data-key-marks.ts";
import type { Workplace } from "./workplace.ts";

export interface UndoneDocument {
  readonly path: string;
  /** `earlier`: the data key that the change had replaced seals the document again. */
  readonly dataKey: "same" | "earlier";
  /** Who can read the document again. */
  readonly gains: readonly NamedReader[];
  /** Who can read it no more. */
  readonly loses: readonly NamedReader[];
}

export interface NamedReader {
  /** Canonical. */
  readonly recipient: string;
  readonly name?: string;
}

/**
 * The documents among the files that come back: those whose readers differ from what lies there now, and those that get
 * another data key back. Names are those of the fleet as it is and as it will be.
 */
export async function compareReaders(workplace: Workplace, reverse: readonly FileChange[]): Promise<UndoneDocument[]> {
  const writes = reverse.filter((change) => change.kind === "write").filter(({ bytes }) => looksEncrypted(bytes));
  if (writes.length === 0) return [];
  const table = new ReaderTable(await namesOf(workplace, reverse));
  const documents: UndoneDocument[] = [];
  for (const { path, bytes, expect } of writes) {
    const there = expect === "absent" ? undefined : await workplace.ground.read(path);
    const before = readersOf(table, path, bytes);
    const now = there === undefined ? [] : readersOf(table, path, there);
    const gains = without(before, now);
    const loses = without(now, before);
    const marks = there === undefined ? new Set<string>() : dataKeyMarks(there, formatOfPath(path));
    const earlier = marks.size > 0 && !shareMark(marks, dataKeyMarks(bytes, formatOfPath(path)));
    if (!earlier && gains.length + loses.length === 0) continue;
    documents.push({ path, dataKey: earlier ? "earlier" : "same", gains, loses });
  }
  return documents;
}

/** The names of keys now and afterwards: whoever comes back may be known only to the policy that comes back. */
async function namesOf(
  workplace: Workplace,
  reverse: readonly FileChange[],
): Promise<(id: string) => string | undefined> {
  const now = (await workplace.fleet()).principals;
  if (!reverse.some(({ path }) => ["key.json", ".sops.yaml"].includes(baseOf(path)))) return now.nameOf;
  const then = (await loadFleet(overlayGround(workplace.ground, reverse))).principals;
  return (id) => now.nameOf(id) ?? then.nameOf(id);
}

/** None for what looks like a document and is none. */
function readersOf(table: ReaderTable, path: string, bytes: Uint8Array): readonly NamedReader[] {
  try {
    const { metadata } = parseSopsFile(bytes, formatOfPath(path));
    return table
      .list(recipientsOf(metadata))
      .map(({ id, name }) => ({ recipient: id, ...(name === undefined ? {} : { name }) }));
  } catch (error) {
    if (error instanceof SecretsError) return [];
    throw error;
  }
}

function without(some: readonly NamedReader[], others: readonly NamedReader[]): NamedReader[] {
  const gone = new Set(others.map(({ recipient }) => recipient));
  return some.filter(({ recipient }) => !gone.has(recipient));
}
