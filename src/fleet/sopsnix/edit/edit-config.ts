/**
 * Edits of `.sops.yaml` by source range: what is not touched keeps its bytes. Every edit is worked out twice, on the
 * text and on what the configuration says; if the two do not agree, nothing is returned.
 */
import { SecretsError } from "../../../errors.ts";
import { decodeText } from "../../../sops/text.ts";
import { addAnchor } from "./add-anchor.ts";
import { addBeside } from "./add-beside.ts";
import { addRule } from "./add-rule.ts";
import {
  compareModels,
  type Expected,
  expectAnchor,
  expectBeside,
  expectGranted,
  expectListed,
  expectNoRule,
  expectRemoved,
  expectRenamed,
  expectReplaced,
  expectRevoked,
  expectRule,
  expectSplit,
  expectUnlisted,
} from "./expect.ts";
import { refusal } from "./fault.ts";
import { type GrantedKey, grant } from "./grant.ts";
import { readNewKey } from "./key-text.ts";
import { addToList, removeFromList } from "./list-edits.ts";
import { keyOf, Residues, readModel } from "./model.ts";
import { findRules } from "./places.ts";
import { removeKey } from "./remove-key.ts";
import { removeRule } from "./remove-rule.ts";
import { renameAnchor } from "./rename-anchor.ts";
import { replaceKey } from "./replace-key.ts";
import { revoke } from "./revoke.ts";
import { type Entry, readSource, type Source } from "./source.ts";
import { applySplices, type Splice } from "./splice.ts";
import { splitRule } from "./split-rule.ts";

/** A key for a rule; with an anchor, it is meant by that, which has to stand for it before the rule. */
export interface RuleKey {
  readonly text: string;
  readonly anchor?: string;
}

/** `id` is canonical (`recipientId`, `fingerprintId`); `rule` and `before` are lines of rules in the bytes given. */
export type ConfigEdit =
  /** Every place that states the key states another; anchors and layout stay. */
  | { readonly kind: "replace-key"; readonly id: string; readonly text: string }
  /** Wherever the key is stated or meant, another comes right behind it; with `anchor` where the key has one. */
  | { readonly kind: "add-beside"; readonly id: string; readonly text: string; readonly anchor: string }
  /** Out of everything: anchor, aliases and texts. */
  | { readonly kind: "remove-key"; readonly id: string }
  /** Among the other anchors, or in a new list `keys` at the top. */
  | { readonly kind: "add-anchor"; readonly anchor: string; readonly text: string }
  | { readonly kind: "rename-anchor"; readonly from: string; readonly to: string }
  /** Into one rule, in the style of its other keys. Those that it has already stay as they are. */
  | { readonly kind: "grant"; readonly rule: number; readonly keys: readonly RuleKey[] }
  /** Out of one rule alone; a list that it shares gives way to the other members. */
  | { readonly kind: "revoke"; readonly rule: number; readonly ids: readonly string[] }
  /** A copy right before the rule, with a path of its own. */
  | { readonly kind: "split-rule"; readonly rule: number; readonly pathRegex: string; readonly comment?: string }
  /** Into the list, or the text of several keys, that bears the anchor `list`; by `anchor` if that is given. */
  | {
      readonly kind: "add-to-list";
      readonly list: string;
      readonly id: string;
      readonly text: string;
      readonly anchor?: string | undefined;
    }
  /** Out of that list alone. */
  | { readonly kind: "remove-from-list"; readonly list: string; readonly id: string }
  /** The whole rule; not the only one. */
  | { readonly kind: "remove-rule"; readonly rule: number }
  /** A new rule, last or before another. */
  | {
      readonly kind: "add-rule";
      readonly pathRegex: string;
      readonly keys: readonly RuleKey[];
      readonly before?: number;
    };

/**
 * The bytes of a configuration after edits, one by one in their order. A key that is not there is no fault: nothing is
 * replaced or removed then.
 *
 * @param path of the file, for errors
 * @throws SecretsError `E_CONFIG_EDIT` with file and line for what cannot be edited safely or would leave a rule without
 *   keys; `E_RECIPIENT` for a new key that cannot be used; `E_YAML_…`
 */
export function editConfig(bytes: Uint8Array, path: string, edits: readonly ConfigEdit[]): Uint8Array {
  try {
    const residues = new Residues();
    const start = readModel(bytes, path, residues);
    let expected: Expected = { ...start, mayGo: new Set(), mayBeListed: new Set() };
    let { text } = decodeText(bytes);
    const { bom } = decodeText(bytes);
    for (const edit of edits) {
      const { splices, model } = editOnce(readSource(text), expected, edit);
      text = applySplices(text, splices);
      expected = model;
    }
    const result = new TextEncoder().encode(bom ? `\uFEFF${text}` : text);
    compareModels(expected, readModel(result, path, residues));
    return result;
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: path }) : error;
  }
}

interface Edited {
  readonly splices: readonly Splice[];
  readonly model: Expected;
}

/** The model goes first: what it refuses is told better than what the text meets. */
function editOnce(source: Source, model: Expected, edit: ConfigEdit): Edited {
  switch (edit.kind) {
    case "replace-key": {
      const key = readNewKey(edit.text);
      return { model: expectReplaced(model, edit.id, key), splices: replaceKey(source, edit.id, key) };
    }
    case "add-beside": {
      const key = readNewKey(edit.text);
      const { id, anchor } = edit;
      return { model: expectBeside(model, id, key, anchor), splices: addBeside(source, id, key, anchor) };
    }
    case "remove-key":
      return { model: expectRemoved(model, edit.id), splices: removeKey(source, edit.id) };
    case "add-anchor": {
      const key = readNewKey(edit.text);
      return { model: expectAnchor(model, edit.anchor, key), splices: addAnchor(source, edit.anchor, key) };
    }
    case "rename-anchor":
      return { model: expectRenamed(model, edit.from, edit.to), splices: renameAnchor(source, edit.from, edit.to) };
    case "add-to-list": {
      const key = { ...readNewKey(edit.text), anchor: edit.anchor };
      return { model: expectListed(model, edit.list, key), splices: addToList(source, edit.list, key) };
    }
    case "remove-from-list": {
      const { list, id } = edit;
      return { model: expectUnlisted(model, list, id), splices: removeFromList(source, list, id) };
    }
    default:
      return editRule(source, model, edit);
  }
}

type RuleEdit = Extract<ConfigEdit, { kind: "grant" | "revoke" | "split-rule" | "remove-rule" | "add-rule" }>;

function editRule(source: Source, model: Expected, edit: RuleEdit): Edited {
  if (edit.kind === "add-rule") {
    const keys = edit.keys.map(readRuleKey);
    if (keys.length === 0) throw refusal("A rule without keys encrypts nothing.", 1, "Give it a key.");
    const before = edit.before === undefined ? undefined : findRule(source, model, edit.before);
    const splices = addRule(source, edit.pathRegex, keys, before?.entry);
    return { model: expectRule(model, before?.at ?? model.rules.length, edit.pathRegex, keys), splices };
  }
  const { at, entry } = findRule(source, model, edit.rule);
  if (edit.kind === "split-rule") {
    const splices = splitRule(source, entry, edit.pathRegex, edit.comment);
    return { model: expectSplit(model, at, edit.pathRegex), splices };
  }
  if (edit.kind === "remove-rule") return { model: expectNoRule(model, at), splices: removeRule(source, entry) };
  if (edit.kind === "revoke") {
    return { model: expectRevoked(model, at, edit.ids), splices: revoke(source, entry, edit.ids) };
  }
  const known = new Set(model.rules[at]?.groups.flat());
  const keys = edit.keys.map(readRuleKey).filter((key) => !known.has(keyOf(key)) && known.add(keyOf(key)));
  return { model: expectGranted(model, at, keys), splices: keys.length === 0 ? [] : grant(source, entry, keys) };
}

function readRuleKey({ text, anchor }: RuleKey): GrantedKey {
  return { ...readNewKey(text), anchor };
}

/** @param line of the rule in the file before all edits */
function findRule(source: Source, model: Expected, line: number): { at: number; entry: Entry } {
  const found = model.rules.flatMap((rule, at) => (rule.lines?.[0] === line && !rule.isCopy ? [at] : []));
  const [at, second] = found;
  const entry = at === undefined ? undefined : findRules(source)?.entries[at];
  if (at === undefined || second !== undefined || entry === undefined || entry.value.kind === "alias") {
    throw refusal("No single rule can be made out on this line.", line, "Write each rule on lines of its own.");
  }
  return { at, entry };
}

/**
 * A `path_regex` for one path alone.
 *
 * @param path relative to the folder of the configuration, as sops sees it
 */
export function pathRegexFor(path: string): string {
  return `^${path.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&")}$`;
}
