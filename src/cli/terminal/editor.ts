/**
 * The editor session: a text in scratch space, the person's editor on it, and what came back judged before it is saved.
 *
 * Two things never happen. A text that a person wrote is not lost: whatever goes wrong after it was written, it stays
 * in scratch space and the error says where. And a file that an editor emptied, deleted or never really opened is not
 * taken for the wish to delete secrets.
 */
import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { SecretsError } from "../../errors.ts";
import { toFault } from "../../repo/fault.ts";
import type { Scratch } from "../../repo/scratch.ts";
import { type EditorCommand, findEditor } from "./editor-command.ts";
import { readEdited, removeSiblings, rewriteEdited, undoHabits } from "./editor-file.ts";
import { type CommentSign, type Header, headerFor, NO_HEADER, putHeader, takeHeader } from "./editor-header.ts";
import { launchEditor } from "./editor-launch.ts";
import { optionsFor } from "./editor-options.ts";

export interface EditRequest {
  readonly initial: Uint8Array;
  /** Of the file that the editor sees, with the dot, for its highlighting; may be empty. */
  readonly extension: string;
  /** What begins a comment line, so that an error can be shown in the text; undefined for raw bytes. */
  readonly commentSign: CommentSign | undefined;
  /** Why this text cannot be saved, or undefined when it can. */
  readonly validate: (bytes: Uint8Array) => Promise<SecretsError | undefined>;
  /** Called once, with a text that is valid and not the initial one. When it throws, the text is kept. */
  readonly save: (bytes: Uint8Array) => Promise<void>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Removed at the end of the session, unless a text is kept in it. */
  readonly scratch: Scratch;
  /** Asks the person yes or no; undefined when there is nobody to ask. */
  readonly ask: ((question: string) => Promise<boolean>) | undefined;
}

export type EditOutcome =
  | "saved"
  | "unchanged"
  /** The editor removed its file: nothing was saved. */
  | "deleted"
  /** The editor left an empty file, and nobody said that this is meant: nothing was saved. */
  | "emptied"
  /** It returned so fast that it cannot have been used, perhaps to a window that is still open. */
  | "returned-at-once";

/** Below this a person cannot have read anything. */
const AT_ONCE = 1000;
/** How often a text that nobody watches over is opened again. */
const UNATTENDED_ROUNDS = 3;

/**
 * @throws SecretsError `E_EDITOR_MISSING`, `E_EDITOR_COMMAND`, `E_EDITOR_FAILED` (it ended with an error: nothing is
 *   saved), `E_EDIT_INVALID` (given up on a text that cannot be saved), `E_EDIT_FILE`, and what `save` throws. Where a
 *   text was written, the hint says where it is kept.
 */
export async function editText(request: EditRequest): Promise<EditOutcome> {
  const session: Session = { ...request, editor: undefined, path: "", kept: false };
  try {
    session.editor = findEditor(request.env);
    for (const name of ["text", "tmp"]) mkdirSync(join(request.scratch.directory, name), { mode: 0o700 });
    // A neutral name: titles of windows and lists of recent files are seen by others.
    session.path = request.scratch.createFile(`text/secret${request.extension}`, request.initial);
    return await runRounds(session, session.editor);
  } finally {
    if (!session.kept) request.scratch.remove();
  }
}

interface Session extends EditRequest {
  editor: EditorCommand | undefined;
  path: string;
  kept: boolean;
}

/** What was opened in a round, and why once more. */
interface Round {
  readonly number: number;
  readonly opened: Uint8Array;
  readonly error: SecretsError | undefined;
  readonly header: Header;
}

async function runRounds(session: Session, editor: EditorCommand): Promise<EditOutcome> {
  let round: Round = { number: 1, opened: session.initial, error: undefined, header: NO_HEADER };
  for (;;) {
    const exit = await openEditor(editor, session, round);
    const edited = await judge(session, round, exit);
    if (typeof edited === "string") return edited;
    const error = await keepingText(session, edited, () => session.validate(edited));
    if (error === undefined) {
      await keepingText(session, edited, () => session.save(edited));
      return "saved";
    }
    const again = await keepingText(session, edited, () => wantsAnotherRound(session, error, round, edited));
    if (!again) throw keepText(session, gaveUp(error), edited);
    round = prepareRound(session, error, round.number + 1, edited);
  }
}

/** The text to be saved, or why there is none. */
async function judge(session: Session, round: Round, exit: Exit): Promise<Uint8Array | EditOutcome> {
  let edited = readText(session, round);
  const isInitial = (text: Uint8Array | undefined) => text !== undefined && same(text, session.initial);
  if (exit.failure !== undefined) {
    const text = edited === undefined || edited.length === 0 ? round.opened : edited;
    throw isInitial(text) ? exit.failure : keepText(session, exit.failure, text);
  }
  if (isInitial(edited) && exit.atOnce) {
    // The tell-tale of a window that is still open: its text must not be pulled from under it.
    const question =
      "The editor returned at once. If its window is still open, save and close it, then answer yes. Go on?";
    if (session.ask === undefined || !(await session.ask(question))) return "returned-at-once";
    edited = readText(session, round);
  }
  if (isInitial(edited)) return "unchanged";
  if (edited !== undefined && edited.length > 0) return edited;
  // What was written in the rounds before is not lost with the file.
  if (round.error !== undefined) throw keepText(session, gaveUp(round.error), round.opened);
  if (edited === undefined) return "deleted";
  return (await session.ask?.("The text is empty now. Save it like that?")) === true ? edited : "emptied";
}

/** What the editor left, in the person's own terms: without our header, and without the editor's habits. */
function readText(session: Session, round: Round): Uint8Array | undefined {
  try {
    const edited = readEdited(session.path);
    if (edited === undefined || session.commentSign === undefined) return edited;
    return takeHeader(undoHabits(edited, session.initial), round.header);
  } catch (error) {
    const fault = toFault(error, "read what the editor left");
    session.kept = true;
    session.scratch.keep();
    throw withPlace(session, fault);
  }
}

function prepareRound(session: Session, error: SecretsError, number: number, opened: Uint8Array): Round {
  const { commentSign: sign, path } = session;
  const header = sign === undefined ? NO_HEADER : headerFor(error, sign, opened);
  removeSiblings(path);
  rewriteEdited(path, putHeader(opened, header));
  return { number, opened, error, header };
}

interface Exit {
  readonly failure: SecretsError | undefined;
  readonly atOnce: boolean;
}

async function openEditor(editor: EditorCommand, session: Session, round: Round): Promise<Exit> {
  const { directory } = session.scratch;
  const options = optionsFor(editor.resolved, editor.args, directory);
  const line = round.error?.location?.line;
  const at = line === undefined ? [] : (options?.atLine(line + round.header.lines.length) ?? []);
  const argv = [editor.program, ...(options?.args ?? []), ...editor.args, ...at, session.path];
  const env: Record<string, string | undefined> = { ...session.env, TMPDIR: join(directory, "tmp") };
  // An editor and its plugins have no use for the key.
  delete env["SOPS_AGE_KEY"];
  const { code, signal, ran } = await launchEditor(argv, env);
  const how = signal === null ? `code ${code}` : `signal ${signal}`;
  return {
    failure: code === 0 ? undefined : editorFailed(how),
    // An editor of the terminal that we know is believed.
    atOnce: ran < AT_ONCE && (options === undefined || options.window),
  };
}

/** Without anybody to ask it ends by itself; with somebody, a text that comes back as it was opened is a question. */
async function wantsAnotherRound(
  { ask, commentSign }: Session,
  error: SecretsError,
  round: Round,
  edited: Uint8Array,
): Promise<boolean> {
  const explained = commentSign !== undefined && !same(edited, round.opened);
  if (ask === undefined) return explained && round.number < UNATTENDED_ROUNDS;
  return explained || ask(`The text cannot be saved: ${error.message}. Open it again?`);
}

async function keepingText<T>(session: Session, text: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw keepText(session, toFault(error, "save the text"), text);
  }
}

/** Leaves the text, and nothing else, to the person. @returns the error with the place of the text in its hint. */
function keepText(session: Session, error: SecretsError, text: Uint8Array): SecretsError {
  const { scratch, path } = session;
  session.kept = true;
  try {
    rewriteEdited(path, text);
    removeSiblings(path);
    for (const name of ["tmp", "editor-data"]) rmSync(join(scratch.directory, name), { recursive: true, force: true });
  } finally {
    scratch.keep();
  }
  return withPlace(session, error);
}

function withPlace({ scratch, path }: Session, error: SecretsError): SecretsError {
  const lasts = scratch.kind === "memory" ? "in memory, until you log out" : `on a ${scratch.kind}`;
  const place = `your text is kept ${lasts}: ${path}\nwhen you no longer need it: rm -r ${dirname(scratch.directory)}`;
  const { code, message, kind, location, cause } = error;
  return new SecretsError(code, message, {
    kind,
    hint: error.hint === undefined ? place : `${error.hint}\n${place}`,
    cause,
    ...(location === undefined ? {} : { location }),
  });
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

function editorFailed(how: string): SecretsError {
  return new SecretsError("E_EDITOR_FAILED", `the editor ended with ${how}; nothing was saved`);
}

function gaveUp(cause: SecretsError): SecretsError {
  return new SecretsError("E_EDIT_INVALID", `the text was not saved: ${cause.message}`, {
    ...(cause.location === undefined ? {} : { location: cause.location }),
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause: cause.cause,
  });
}
