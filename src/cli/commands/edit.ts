/** `secrets edit [ADDRESS|FILE]`: pick, edit in scratch space, and write back only what changed. */
import { type EditResult, type EditSession, openForEdit } from "../../actions/edit.ts";
import { followEntries } from "../../actions/renew/keep-checklists.ts";
import type { ServiceGraph } from "../../actions/service/graph.ts";
import { settlePlan } from "../../actions/service/settle-services.ts";
import { SecretsError } from "../../errors.ts";
import { openScratch } from "../../repo/scratch.ts";
import { formatKeyPath } from "../../sops/key-path.ts";
import type { KeyPath } from "../../sops/tree.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { definitionsFor } from "../definitions-for.ts";
import { applyValues } from "../new-documents.ts";
import { editText } from "../terminal/editor.ts";
import { findEditor } from "../terminal/editor-command.ts";
import { pickSecret } from "../terminal/picker.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { cannotAsk } from "../terminal/terminal.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

interface EditFlags {
  readonly allowDisk?: boolean;
  readonly for?: readonly string[];
}

export async function edit(this: Context, flags: EditFlags, typed?: string): Promise<void> {
  const { terminal, env } = this;
  const workplace = await openWorkplace(this);
  // A program that was named may be a script; the ones that are tried otherwise draw on a screen.
  if (!terminal.interactive && findEditor(env).source === "default") {
    throw cannotAsk("which text?", "secrets set ADDRESS -, or name a program in SECRETS_EDITOR");
  }
  const address =
    typed === undefined
      ? await pickSecret(await workplace.fleet(), terminal)
      : await addressHere(this, workplace.ground.root, typed);
  const { graph } = await definitionsFor(this, workplace, address);
  const session = await openForEdit(workplace, address, flags.for, graph);
  for (const line of introduction(session)) terminal.note(line);
  const scratch = openScratch({ env, ...(flags.allowDisk === undefined ? {} : { allowDisk: flags.allowDisk }) });
  if (scratch.swappable)
    terminal.note(style("dim", "note: this computer may swap memory out to a disk; secrets doctor says more"));
  let result: EditResult | undefined;
  const outcome = await editText({
    initial: session.initial,
    extension: session.extension,
    commentSign: session.commentSign,
    validate: session.validate,
    save: async (bytes) => {
      result = await saveText(this, workplace, session, bytes, graph);
    },
    env,
    scratch,
    ask: terminal.interactive ? (question) => askYesNo(question, { terminal, flag: "a terminal" }) : undefined,
  });
  if (outcome === "returned-at-once") {
    throw new SecretsError("E_EDITOR_RETURNED", "the editor returned at once, and the text is as it was", {
      hint: "if your editor opens a window of its own, tell it to wait, for example: export EDITOR='code --wait'",
    });
  }
  for (const line of report(outcome, session, result)) terminal.note(line);
}

async function saveText(
  context: Context,
  workplace: LocalWorkplace,
  session: EditSession,
  bytes: Uint8Array,
  graph: ServiceGraph | undefined,
): Promise<EditResult | undefined> {
  const result = await session.finish(bytes);
  if (result === undefined) return undefined;
  const lists = await followEntries(workplace, { renewed: result.plan.changes, sealedAnew: [] });
  const plan = { ...result.plan, changes: [...result.plan.changes, ...lists] };
  const settled = graph === undefined ? { ...plan, next: [] } : await settlePlan(workplace.ground, graph, plan);
  await applyValues(context, workplace, settled);
  for (const step of settled.next) context.terminal.note([style("cyan", "next"), ": ", step]);
  return result;
}

/** Who will read what is about to be typed: before the editor opens, not after. */
function introduction({ address, isNew, readers, because }: EditSession): Styled[] {
  const who = readers.join(", ");
  if (!isNew) return [[style("bold", address), style("dim", `  read by ${who}`)]];
  const reason = because === undefined ? "" : style("dim", ` (${because})`);
  return [[style("bold", address), " is new; it will be read by ", style("bold", who), reason]];
}

function report(outcome: string, { address }: EditSession, result: EditResult | undefined): Styled[] {
  if (outcome === "deleted") return [style("yellow", "the editor removed its file; nothing was saved")];
  if (outcome === "emptied") {
    return [[style("yellow", "the text was empty; nothing was saved"), `; to remove it: secrets rm ${address}`]];
  }
  if (outcome === "unchanged" || result === undefined) return ["nothing changed, nothing was written"];
  const { added, changed, removed } = result.changes;
  const lines: Styled[] = [
    ...keyLines(style("green", "added  "), added),
    ...keyLines(style("yellow", "changed"), changed),
    ...keyLines(style("red", "removed"), removed),
  ];
  if (result.merged) lines.push("someone changed the file meanwhile; both changes are in it now");
  const what = lines.length === 0 ? result.plan.summary : `${result.plan.summary}:`;
  return [[style("green", "done"), ": ", what], ...lines];
}

function keyLines(verb: Styled, paths: readonly KeyPath[]): Styled[] {
  return paths.map((path) => ["  ", verb, " ", formatKeyPath(path)]);
}
