/**
 * Taking back the last change that was applied on this clone, byte for byte and with the files' modes and links. The
 * change that takes it back is the last one then, so a second undo does the first change again.
 *
 * Nobody is asked to approve a reader here, other than everywhere else: nothing is sealed. The bytes that come back lay
 * in this work tree before, for the readers that they had; who could open them still has them in git's history, or from
 * then. They are named all the same, so that nobody takes back a removal without seeing it.
 */
import { SecretsError } from "../errors.ts";
import { contentHash, expectedOf, type FileChange } from "../repo/change.ts";
import { areCommitted } from "../repo/committed.ts";
import { lastDirectory } from "../repo/journal.ts";
import { readLastChange } from "../repo/last-change.ts";
import type { Root } from "../repo/root.ts";
import { lookAt } from "../repo/target.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import { compareReaders, type UndoneDocument } from "./undo-readers.ts";
import type { Workplace } from "./workplace.ts";

export interface UndoPlan extends Plan {
  /** Of the change that is taken back; undefined when there never was one. */
  readonly last?: { readonly command: string; readonly time: string };
  /** The change lies in the last commit: taking it back leaves the commit as it is. */
  readonly committed: boolean;
  /** Documents that others can read afterwards, or that get an earlier data key back. */
  readonly documents: readonly UndoneDocument[];
}

/**
 * @returns a plan without changes when there is nothing to take back: `last` tells whether there ever was
 * @throws SecretsError `E_CHANGED_UNDERNEATH` of kind `conflict`, naming the files that somebody touched since;
 *   `E_JOURNAL` for a record that is damaged
 */
export async function planUndo(workplace: Workplace, root: Root): Promise<UndoPlan> {
  const change = await readLastChange(root);
  if (change === undefined) return { summary: "nothing was changed on this clone yet", ...NOTHING };
  const { command, time, reverse } = change;
  const last = { command: command.replace(/^secrets: /, ""), time };
  const states = reverse.map(({ path }) => stateAt(root, path));
  if (reverse.every((one, index) => aimOf(one) === states[index])) {
    return { summary: `taken back already: ${last.command}`, last, ...NOTHING };
  }
  const touched = reverse.filter(({ expect }, index) => expect !== states[index]).map(({ path }) => path);
  if (touched.length > 0) throw touchedSince(root, last.command, touched);
  return {
    summary: reversed(last.command),
    changes: reverse.map((one): PlannedChange => ({ change: one, reason: reasonOf(one) })),
    last,
    committed: await areCommitted(
      root,
      reverse.map(({ path }) => path),
    ),
    documents: await compareReaders(workplace, reverse),
  };
}

const NOTHING = { changes: [], committed: false, documents: [] } as const;

/** What is there, in the form of `Expected`. */
function stateAt(root: Root, path: FileChange["path"]): string {
  const { state } = lookAt(root, path);
  if (state.kind === "other") return "other";
  // Where a file was to go or to come a directory may stand; whether it can make room is the transaction's to say.
  return state.kind === "directory" ? "absent" : expectedOf(state);
}

/** What will be there, in the same form. */
function aimOf(change: FileChange): string {
  if (change.kind === "remove") return "absent";
  return change.kind === "link" ? `link:${change.target}` : contentHash(change.bytes);
}

/** To take back an undo is to do the change again: no chain of undos of undos. */
function reversed(command: string): string {
  const [, verb, what] = /^(undo|redo): (.*)$/s.exec(command) ?? [undefined, "redo", command];
  return `${verb === "undo" ? "redo" : "undo"}: ${what}`;
}

function reasonOf(change: FileChange): string {
  if (change.kind === "remove") return "was not there before";
  const what = change.kind === "link" ? "link" : "file";
  return change.expect === "absent" ? `${what} that was removed` : `${what} as it was before`;
}

/** Named in an error; the rest is counted. */
const NAMED = 20;

function touchedSince(root: Root, command: string, touched: readonly string[]): SecretsError {
  const more = touched.length > NAMED ? ` and ${touched.length - NAMED} more` : "";
  const files = touched.length === 1 ? "1 file was" : `${touched.length} files were`;
  const names = `${touched.slice(0, NAMED).join(", ")}${more}`;
  const message = `${files} touched since "${command}"; nothing was changed: ${names}`;
  return new SecretsError("E_CHANGED_UNDERNEATH", message, {
    kind: "conflict",
    hint: [
      "git diff and git log -- FILE show what happened; git restore --source=COMMIT -- FILE takes one file back",
      `until the next change, what the files were before this one is kept in ${lastDirectory(root)}`,
    ].join("\n"),
  });
}

/** What `secrets undo --json` prints. */
export interface UndoView {
  readonly schemaVersion: 1;
  readonly summary: string;
  readonly applied: boolean;
  readonly last?: { readonly command: string; readonly time: string };
  readonly committed: boolean;
  readonly changes: readonly {
    readonly path: string;
    readonly kind: "file" | "link" | "none";
    readonly reason: string;
  }[];
  readonly documents: readonly UndoneDocument[];
}

export function viewUndo(plan: UndoPlan, applied: boolean): UndoView {
  const { summary, last, committed, documents } = plan;
  const changes = plan.changes.map(({ change: { kind, path }, reason }) => ({
    path,
    kind: kind === "remove" ? ("none" as const) : kind === "link" ? ("link" as const) : ("file" as const),
    reason,
  }));
  return { schemaVersion: 1, summary, applied, ...(last === undefined ? {} : { last }), committed, changes, documents };
}
