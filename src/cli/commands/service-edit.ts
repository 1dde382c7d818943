/** `secrets service edit`: a definition in the person's editor, checked before it is saved. */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import { DEFINITIONS, definedName } from "../../fleet/services/definition-place.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import { openScratch } from "../../repo/scratch.ts";
import type { Context } from "../context.ts";
import { type DefinitionFaults, faultsOfDefinition } from "../faults-of-definition.ts";
import { readSources } from "../services.ts";
import { type EditOutcome, editText } from "../terminal/editor.ts";
import { findEditor } from "../terminal/editor-command.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { cannotAsk } from "../terminal/terminal.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

/** Faults beside the first. */
const SHOWN = 10;

export async function editService(this: Context, _flags: object, text: string): Promise<void> {
  const { terminal, env } = this;
  if (!terminal.interactive && findEditor(env).source === "default") {
    throw cannotAsk("which text?", "a program in SECRETS_EDITOR");
  }
  const workplace = await openWorkplace(this);
  const path = await definitionOf(this, workplace, text);
  const initial = Buffer.from(await workplace.ground.read(path));
  const changeTo = (bytes: Uint8Array): FileChange => {
    return { kind: "write", path: repoPath(path), bytes, expect: contentHash(initial) };
  };
  let found: DefinitionFaults = { own: [], elsewhere: [], index: [] };
  const outcome = await editText({
    initial,
    extension: ".yaml",
    commentSign: "#",
    validate: async (bytes) => {
      found = await faultsOfDefinition(this, workplace, changeTo(bytes));
      return counted(found.own);
    },
    save: (bytes) =>
      workplace.apply({
        summary: `edit ${path}`,
        changes: [{ change: changeTo(bytes), reason: "definition" }, ...found.index],
      }),
    env,
    // A definition lies in the repository in clear: there is nothing in it to be kept off a disk.
    scratch: openScratch({ env, allowDisk: true }),
    ask: terminal.interactive ? (question) => askYesNo(question, { terminal, flag: "a terminal" }) : undefined,
  });
  for (const line of report(outcome, path, found.elsewhere.length)) terminal.note(line);
}

/** The first, which the editor opens at; the others are told of. */
function counted([first, ...others]: readonly SecretsError[]): SecretsError | undefined {
  if (first === undefined || others.length === 0) return first;
  const { code, message, kind, location, hint } = first;
  // Lines move with what is put on top of the text; keys stay.
  const more = others.slice(0, SHOWN).map(({ message, location: { keyPath = [] } = {} }) => {
    return keyPath.length > 1 ? `${keyPath.join("/")}: ${message}` : message;
  });
  const lines = [...(hint === undefined ? [] : [hint]), "and:", ...more];
  return new SecretsError(code, message, {
    kind,
    hint: lines.join("\n"),
    ...(location === undefined ? {} : { location }),
  });
}

/** @param broken how many other definitions are wrong by this */
function report(outcome: EditOutcome, path: string, broken: number): Styled[] {
  switch (outcome) {
    case "saved": {
      const next = broken > 0 ? "secrets service check" : "secrets generate --dry-run";
      const others = broken === 1 ? "another definition does" : `${broken} other definitions do`;
      return [
        [style("green", "done"), ": edit ", path],
        ...(broken > 0 ? [[style("yellow", "note"), `: ${others} not fit to it any more`]] : []),
        [style("cyan", "next"), `: ${next}`],
      ];
    }
    case "unchanged":
      return ["nothing changed, nothing was written"];
    case "deleted":
      return [style("yellow", "the editor removed its file; nothing was saved")];
    case "emptied":
      return [[style("yellow", "the text was empty; nothing was saved"), `; to remove the definition: git rm ${path}`]];
    case "returned-at-once":
      throw new SecretsError("E_EDITOR_RETURNED", "the editor returned at once, and the text is as it was", {
        hint: "if your editor opens a window of its own, tell it to wait, for example: export EDITOR='code --wait'",
      });
  }
}

/** The file that defines a service, whether or not it is sound. By name, by an address, or by its own path. */
async function definitionOf(context: Context, workplace: LocalWorkplace, text: string): Promise<string> {
  const paths = (await workplace.ground.list())
    .map(({ path }) => path)
    .filter((path) => definedName(path) !== undefined);
  if (paths.includes(text)) return text;
  const name = text.split("/").at(-1) ?? "";
  const isAddress = text === name || /^vars\/(per-machine\/)?[^/]+\/[^/]+$/.test(text);
  const found = isAddress ? paths.find((path) => definedName(path) === name) : undefined;
  if (found !== undefined) return found;
  const { flake } = await readSources(context, workplace, {});
  if (isAddress && flake.services.some((service) => service.name === name)) {
    throw new SecretsError("E_SERVICE_FLAKE", `${name} is a generator of clan's, defined in the flake`, {
      kind: "usage",
      hint: `edit it where Nix has it: clan.core.vars.generators.${name}`,
    });
  }
  const names = paths.map((path) => definedName(path) ?? "");
  const hint =
    didYouMean(text, names) ??
    `define it: secrets service new NAME --kind KIND --machine MACHINE, which writes ${DEFINITIONS}/NAME.yaml`;
  throw new SecretsError("E_NO_SERVICE", `there is no service ${text}`, { kind: "usage", hint });
}
