/**
 * What an editor session needs before it starts, and what becomes of the text after it. The editor itself is the roof's;
 * nothing is written here: the result is a plan.
 */
import { SecretsError } from "../errors.ts";
import { contentHash } from "../repo/change.ts";
import { repoPath } from "../repo/path.ts";
import { getAt, setAt } from "../sops/access.ts";
import { type Changes, changes } from "../sops/changes.ts";
import { formatKeyPath } from "../sops/key-path.ts";
import { merge } from "../sops/merge.ts";
import { pair } from "../sops/pair.ts";
import { editableBytes, parsePlain } from "../sops/plain-text.ts";
import { scalarBytes, textOrBytes } from "../sops/scalar.ts";
import type { Format } from "../sops/store.ts";
import type { KeyPath, MapNode } from "../sops/tree.ts";
import { changeDocument } from "./change-document.ts";
import { type OpenDocument, openDocument } from "./document.ts";
import { keepFinalNewline } from "./final-newline.ts";
import { planNewFile, ruleForNewFile } from "./new-file.ts";
import { planNewVar, readersForNewVar } from "./new-var.ts";
import type { Plan } from "./plan.ts";
import { readerNames } from "./reader-names.ts";
import type { ServiceGraph } from "./service/graph.ts";
import { type DefinedFile, definitionOf, planDefined } from "./service/set-defined.ts";
import { type FileTarget, targetOf, type VarTarget } from "./target.ts";
import type { Workplace } from "./workplace.ts";

export interface EditSession {
  readonly address: string;
  readonly isNew: boolean;
  /** Who reads it, by name, or who will. */
  readonly readers: readonly string[];
  /** Where the readers come from, for a new document: a rule's place, or the links that will be made. */
  readonly because: string | undefined;
  readonly initial: Uint8Array;
  /** With the dot; empty for raw bytes. */
  readonly extension: string;
  /** How a line is made a comment in this text; undefined for raw bytes, which have none. */
  readonly commentSign: "#" | ";" | "//" | undefined;
  /** Why this text cannot be saved, or undefined when it can. */
  readonly validate: (bytes: Uint8Array) => Promise<SecretsError | undefined>;
  /** @throws SecretsError `E_EDIT_CONFLICT` of kind `conflict` when others changed the same keys meanwhile. */
  readonly finish: (bytes: Uint8Array) => Promise<EditResult | undefined>;
}

export interface EditResult {
  readonly plan: Plan;
  /** Names only; empty for a value that has no keys, and when only comments changed. */
  readonly changes: Changes;
  /** Others changed the file meanwhile, and both changes are in the result. */
  readonly merged: boolean;
}

const NO_CHANGES: Changes = { added: [], changed: [], removed: [] };

/**
 * @param readers for a new vars secret, as `users/NAME`, `machines/NAME`, `groups/NAME`
 * @param graph what is defined: a value of a defined service lies as its definition says
 */
export async function openForEdit(
  workplace: Workplace,
  text: string,
  readers: readonly string[] | undefined,
  graph?: ServiceGraph,
): Promise<EditSession> {
  const target = await targetOf(workplace, text);
  if (target.tier === "vars" && graph !== undefined) {
    const defined = definitionOf(graph, target.address);
    const moves = target.state === "absent" || (target.state === "public" && defined?.file.secret === true);
    if (defined !== undefined && moves) return editDefined(workplace, target, defined, readers);
  }
  if (target.tier === "vars")
    return target.state === "public" ? editPublic(workplace, target) : editVar(workplace, target, readers);
  if (target.keyPath.length > 0) return editValue(workplace, target);
  return target.state === "absent" ? editNewFile(workplace, target) : editFile(workplace, target);
}

async function editFile(workplace: Workplace, target: FileTarget): Promise<EditSession> {
  const { format, path } = target;
  const document = await openDocument(workplace, path, format);
  return {
    address: target.address,
    isNew: false,
    readers: await readerNames(workplace, document.file),
    because: undefined,
    initial: editableBytes(format, document.plain),
    ...lookOf(format),
    validate: (bytes) => faultOf(() => parsePlain(bytes, format)),
    finish: async (bytes) => {
      const mine =
        format === "binary" ? binaryWith(document, bytes) : pair(document.plain, parsePlain(bytes, format), format);
      if (sameDocuments(document.plain, mine)) return undefined;
      return finishExisting(workplace, document, mine);
    },
  };
}

/** One value of a document, as raw text. */
async function editValue(workplace: Workplace, target: FileTarget): Promise<EditSession> {
  const { format, path, keyPath } = target;
  if (target.state === "absent") {
    throw new SecretsError("E_NOT_FOUND", "this document does not exist yet", {
      location: { file: path },
      hint: `make it first: secrets edit ${path}\nor set its first value: secrets set ${target.address}`,
    });
  }
  const document = await openDocument(workplace, path, format);
  const node = getAt(document.plain, keyPath);
  if (node !== undefined && (node.kind !== "scalar" || node.scalar.type !== "str")) {
    throw new SecretsError("E_EDIT_NOT_TEXT", "this key holds no text but a number, a switch, a list or a map", {
      kind: "usage",
      location: { file: path, keyPath },
      hint: `edit the whole document: secrets edit ${path}\nor set a typed value: secrets set ${target.address} --type json`,
    });
  }
  const before = node === undefined ? undefined : scalarBytes(node.scalar);
  return {
    address: target.address,
    isNew: node === undefined,
    readers: await readerNames(workplace, document.file),
    because: undefined,
    initial: before ?? new Uint8Array(),
    extension: ".txt",
    commentSign: undefined,
    validate: (bytes) => faultOf(() => requireText(bytes)),
    finish: async (bytes) => {
      const wanted = keepFinalNewline(before, bytes);
      if (before !== undefined && Buffer.compare(before, wanted) === 0) return undefined;
      const value = { kind: "scalar", scalar: { type: "str", value: requireText(wanted) } } as const;
      return finishExisting(workplace, document, setAt(document.plain, keyPath, value));
    },
  };
}

async function editNewFile(workplace: Workplace, target: FileTarget): Promise<EditSession> {
  const rule = await ruleForNewFile(workplace, target.path);
  const { format } = target;
  return {
    address: target.address,
    isNew: true,
    readers: rule.readers,
    because: `the rule at ${rule.place}`,
    initial: new Uint8Array(),
    ...lookOf(format),
    validate: (bytes) => faultOf(() => parsePlain(bytes, format)),
    finish: async (bytes) => {
      if (bytes.length === 0) return undefined;
      const documents = parsePlain(bytes, format);
      const plan = await planNewFile(workplace, target, documents);
      return { plan, changes: changes([], documents, format), merged: false };
    },
  };
}

async function editVar(
  workplace: Workplace,
  target: VarTarget,
  named: readonly string[] | undefined,
): Promise<EditSession> {
  const raw = { extension: "", commentSign: undefined, validate: async () => undefined } as const;
  if (target.state === "absent") {
    const readers = await readersForNewVar(workplace, target, named);
    return {
      ...raw,
      address: target.address,
      isNew: true,
      readers: readers.names,
      because: readers.because,
      initial: new Uint8Array(),
      finish: async (bytes) => {
        if (bytes.length === 0) return undefined;
        const plan = await planNewVar(workplace, target, keepFinalNewline(undefined, bytes), named);
        return { plan, changes: NO_CHANGES, merged: false };
      },
    };
  }
  const document = await openDocument(workplace, target.path, "binary");
  const before = editableBytes("binary", document.plain);
  return {
    ...raw,
    address: target.address,
    isNew: false,
    readers: await readerNames(workplace, document.file),
    because: undefined,
    initial: before,
    finish: async (bytes) => {
      const wanted = keepFinalNewline(before, bytes);
      if (Buffer.compare(before, wanted) === 0) return undefined;
      return finishExisting(workplace, document, binaryWith(document, wanted));
    },
  };
}

/** What is not there yet, or lies in clear although it is declared secret. */
async function editDefined(
  workplace: Workplace,
  target: VarTarget,
  defined: DefinedFile,
  named: readonly string[] | undefined,
): Promise<EditSession> {
  const { service, file } = defined;
  const before = target.state === "public" ? await workplace.ground.read(target.path) : undefined;
  const machines = file.deploy ? service.machines.map((name) => `machines/${name}`) : [];
  return {
    address: target.address,
    isNew: before === undefined,
    readers: !file.secret
      ? ["everyone who can read the repository"]
      : (named ?? [...machines, ...(service.readers ?? ["the people who read the secrets beside it"])]),
    because: named === undefined ? `the definition of ${service.address}` : "the readers you named",
    initial: before ?? new Uint8Array(),
    extension: "",
    commentSign: undefined,
    validate: async () => undefined,
    finish: async (bytes) => {
      if (bytes.length === 0 && before === undefined) return undefined;
      const plan = await planDefined(workplace, target, keepFinalNewline(before, bytes), defined, named);
      return plan === undefined ? undefined : { plan, changes: NO_CHANGES, merged: false };
    },
  };
}

async function editPublic(workplace: Workplace, target: VarTarget): Promise<EditSession> {
  const before = await workplace.ground.read(target.path);
  return {
    address: target.address,
    isNew: false,
    readers: ["everyone who can read the repository"],
    because: undefined,
    initial: before,
    extension: "",
    commentSign: undefined,
    validate: async () => undefined,
    finish: async (bytes) => {
      const wanted = keepFinalNewline(before, bytes);
      if (Buffer.compare(before, wanted) === 0) return undefined;
      const change = {
        kind: "write",
        path: repoPath(target.path),
        bytes: wanted,
        expect: contentHash(before),
      } as const;
      const plan = { summary: `change the public value ${target.address}`, changes: [{ change, reason: "in clear" }] };
      return { plan, changes: NO_CHANGES, merged: false };
    },
  };
}

/** Writes over the file as it is on disk *now*: what others changed since it was opened is kept, or stops us. */
async function finishExisting(
  workplace: Workplace,
  opened: OpenDocument,
  mine: readonly MapNode[],
): Promise<EditResult> {
  const { path, file } = opened;
  const current = await workplace.ground.read(path).catch(() => undefined);
  if (current === undefined) throw conflict(path, [], "it was removed meanwhile");
  let base = opened;
  let result = mine;
  const moved = contentHash(current) !== opened.hash;
  if (moved) {
    base = await openDocument(workplace, path, file.format);
    const { merged, conflicts } = merge(opened.plain, mine, base.plain);
    if (merged === undefined) throw conflict(path, conflicts, "someone changed the same keys meanwhile");
    result = merged;
  }
  const plan = await changeDocument(workplace, base, result, { summary: `change ${path}`, reason: "edited" });
  const what = file.format === "binary" ? NO_CHANGES : changes(base.plain, result, file.format);
  return { plan, changes: what, merged: moved };
}

function conflict(path: string, keys: readonly KeyPath[], why: string): SecretsError {
  const named = keys.filter((key) => key.length > 0).map(formatKeyPath);
  return new SecretsError("E_EDIT_CONFLICT", `the document was not written: ${why}`, {
    kind: "conflict",
    location: { file: path },
    hint: `${named.length > 0 ? `changed on both sides: ${named.join(", ")}\n` : ""}open it again and make your change to what is there now`,
  });
}

function binaryWith(document: OpenDocument, bytes: Uint8Array): readonly MapNode[] {
  return setAt(document.plain, ["data"], { kind: "scalar", scalar: textOrBytes(bytes) });
}

function sameDocuments(a: readonly MapNode[], b: readonly MapNode[]): boolean {
  return a.length === b.length && a.every((document, index) => document === b[index]);
}

/** The extension gives the editor its highlighting; the comment sign is where an error can be shown in the text. */
function lookOf(format: Format): Pick<EditSession, "extension" | "commentSign"> {
  if (format === "yaml") return { extension: ".yaml", commentSign: "#" };
  if (format === "json") return { extension: ".json", commentSign: "//" };
  if (format === "dotenv") return { extension: ".env", commentSign: "#" };
  if (format === "ini") return { extension: ".ini", commentSign: ";" };
  return { extension: "", commentSign: undefined };
}

async function faultOf(attempt: () => unknown): Promise<SecretsError | undefined> {
  try {
    attempt();
    return undefined;
  } catch (error) {
    if (error instanceof SecretsError) return error;
    throw error;
  }
}

function requireText(bytes: Uint8Array): string {
  const scalar = textOrBytes(bytes);
  if (scalar.type === "str") return scalar.value;
  throw new SecretsError("E_VALUE_BINARY", "the text is not UTF-8", { hint: "save it as UTF-8" });
}
