/**
 * A new data key makes other ciphertext of the same value. What services were made of is told by the ciphertext of what
 * they read, so the records of that are carried over: otherwise all that reads such a value would look stale.
 */
import type { Ground } from "../../fleet/ground.ts";
import type { PlannedChange } from "../plan.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import { RECORD } from "./folders.ts";
import { fileMark, formatRecord, parseRecord } from "./record.ts";

/** @param sealedAnew documents that hold the same value as before, under a new data key. @returns the changed records */
export async function carryRecords(
  ground: Ground,
  sealedAnew: readonly PlannedChange[],
): Promise<readonly PlannedChange[]> {
  const marks = new Map<string, string>();
  for (const { change } of sealedAnew) {
    if (change.kind !== "write" || !change.path.startsWith("vars/")) continue;
    marks.set(fileMark("secret", await ground.read(change.path)), fileMark("secret", change.bytes));
  }
  if (marks.size === 0) return [];
  const draft = new PolicyDraft(ground);
  const carried = (old: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(old).map(([address, mark]) => [address, marks.get(mark) ?? mark]));
  for (const { path, kind } of await ground.list()) {
    if (kind !== "file" || !path.startsWith("vars/") || !path.endsWith(`/${RECORD}`)) continue;
    const record = parseRecord(await ground.read(path));
    if (record === undefined) continue;
    const { inputs, outputs } = record;
    const next = formatRecord({ ...record, inputs: carried(inputs), outputs: carried(outputs) });
    // One that somebody has laid out differently, and that says nothing of these, keeps its bytes.
    if (Buffer.compare(next, formatRecord(record)) === 0) continue;
    await draft.write(path, next, "the same values under new data keys");
  }
  return draft.changes;
}
