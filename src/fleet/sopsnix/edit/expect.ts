/** What an edit has to come to, worked out on what the configuration says and not on its text. */
import { refusal } from "./fault.ts";
import type { GrantedKey } from "./grant.ts";
import type { NewKey } from "./key-text.ts";
import { type ConfigModel, keyOf, type NamedKey, type RuleModel } from "./model.ts";

/** A model under edit, with what the texts may do and the model does not tell. */
export interface Expected extends ConfigModel {
  /** Names that may be gone with the last place of their key. */
  readonly mayGo: Set<string>;
  /** Keys that may get the name of a list they have been put into. */
  readonly mayBeListed: Set<string>;
}

export function expectReplaced(model: Expected, id: string, key: NewKey): Expected {
  const change = (old: string) => (isOf(old, id) ? keyOf(key) : old);
  const all = [...model.rules.flatMap(({ groups }) => groups.flat()), ...model.names.map((named) => named.key)];
  if (all.some((old) => isOf(old, id) && old !== `${key.type} ${id}`)) {
    throw refusal(
      "The new key is of another type, which has a field of its own.",
      1,
      "Remove the old key and grant the new one.",
    );
  }
  return {
    ...model,
    rules: mapGroups(model.rules, (group) => [...new Set(group.map(change))]),
    names: model.names.map((named) => ({ ...named, key: change(named.key) })),
  };
}

export function expectBeside(model: Expected, id: string, key: NewKey, anchor: string): Expected {
  const isOld = (old: string) => isOf(old, id);
  const added = model.names.filter((named) => isOld(named.key));
  return {
    ...model,
    rules: mapGroups(model.rules, (group) => (group.some(isOld) ? [...new Set([...group, keyOf(key)])] : group)),
    names: [
      ...model.names,
      ...added.map((named) => ({ ...named, key: keyOf(key), name: named.isList ? named.name : anchor })),
    ],
  };
}

export function expectRemoved(model: Expected, id: string): Expected {
  const stays = (old: string) => !isOf(old, id);
  return {
    ...model,
    rules: mapGroups(model.rules, (group, rule) => refuseEmpty(group, group.filter(stays), rule)),
    names: model.names.filter((named) => stays(named.key)),
  };
}

export function expectAnchor(model: Expected, name: string, key: NewKey): Expected {
  model.mayBeListed.add(keyOf(key));
  return { ...model, names: [...model.names, { name, isList: false, key: keyOf(key), line: 0 }] };
}

export function expectRenamed(model: Expected, from: string, to: string): Expected {
  return { ...model, names: model.names.map((named) => (named.name === from ? { ...named, name: to } : named)) };
}

export function expectGranted(model: Expected, at: number, keys: readonly GrantedKey[]): Expected {
  for (const key of keys) model.mayBeListed.add(keyOf(key));
  return changeRule(model, at, (rule) => ({
    ...rule,
    groups: rule.groups.map((group, index) => (index === 0 ? [...new Set([...group, ...keys.map(keyOf)])] : group)),
    faulty: false,
  }));
}

export function expectRevoked(model: Expected, at: number, ids: readonly string[]): Expected {
  const isRevoked = (key: string) => ids.some((id) => isOf(key, id));
  const [from, to] = model.rules[at]?.lines ?? [0, 0];
  for (const named of model.names) {
    if (isRevoked(named.key) && named.line >= from && named.line < to) model.mayGo.add(nameKey(named));
  }
  return changeRule(model, at, (rule) => ({
    ...rule,
    groups: rule.groups.map((group) =>
      refuseEmpty(
        group,
        group.filter((key) => !isRevoked(key)),
        rule,
      ),
    ),
  }));
}

export function expectSplit(model: Expected, at: number, pathRegex: string): Expected {
  const rule = model.rules[at];
  if (rule === undefined) return model;
  return { ...model, rules: model.rules.toSpliced(at, 0, { ...rule, pathRegex, isCopy: true }) };
}

export function expectListed(model: Expected, list: string, key: GrantedKey): Expected {
  if (model.names.some((named) => named.name === list && named.key === keyOf(key))) return model;
  return {
    ...model,
    rules: mapGroups(model.rules, (group, { lists }, i) =>
      lists[i]?.has(list) === true ? [...new Set([...group, keyOf(key)])] : group,
    ),
    names: [...model.names, { name: list, isList: true, key: keyOf(key), line: 0 }],
  };
}

export function expectUnlisted(model: Expected, list: string, id: string): Expected {
  const isMember = (named: NamedKey) => named.name === list && isOf(named.key, id);
  if (!model.names.some(isMember)) return model;
  // An anchor of the item's own goes with it, unless others mean it.
  for (const named of model.names) if (isOf(named.key, id) && !isMember(named)) model.mayGo.add(nameKey(named));
  return {
    ...model,
    rules: mapGroups(model.rules, (group, rule, i) =>
      rule.lists[i]?.has(list) === true
        ? refuseEmpty(
            group,
            group.filter((key) => !isOf(key, id)),
            rule,
          )
        : group,
    ),
    names: model.names.filter((named) => !isMember(named)),
  };
}

export function expectNoRule(model: Expected, at: number): Expected {
  const [from, to] = model.rules[at]?.lines ?? [0, 0];
  for (const named of model.names) if (named.line >= from && named.line < to) model.mayGo.add(nameKey(named));
  return { ...model, rules: model.rules.toSpliced(at, 1) };
}

export function expectRule(model: Expected, at: number, pathRegex: string, keys: readonly GrantedKey[]): Expected {
  const groups = [[...new Set(keys.map(keyOf))]];
  const plain = { shamirThreshold: 0, selector: "", macOnlyEncrypted: false, faulty: false, rest: 0 };
  return {
    ...model,
    rules: model.rules.toSpliced(at, 0, { lines: undefined, pathRegex, groups, lists: [new Set()], ...plain }),
  };
}

/** @throws SecretsError `E_CONFIG_EDIT` with the line, in the file as it was, of a rule that came out otherwise */
export function compareModels(expected: Expected, actual: ConfigModel): void {
  const count = Math.max(expected.rules.length, actual.rules.length);
  for (let index = 0; index < count; index++) {
    const [wanted, got] = [expected.rules[index], actual.rules[index]];
    if (wanted === undefined || got === undefined || !isSameRule(wanted, got)) throw mismatch(wanted?.lines?.[0] ?? 1);
  }
  if (expected.rest !== actual.rest) throw mismatch(1);
  const wanted = new Map(expected.names.map((named) => [nameKey(named), named]));
  const got = new Map(actual.names.map((named) => [nameKey(named), named]));
  for (const [key, { line }] of wanted) if (!got.has(key) && !expected.mayGo.has(key)) throw mismatch(line || 1);
  for (const [key, named] of got) {
    if (!wanted.has(key) && !(named.isList && expected.mayBeListed.has(named.key))) throw mismatch(1);
  }
}

function isSameRule(wanted: RuleModel, got: RuleModel): boolean {
  const groups = (rule: RuleModel) => JSON.stringify(rule.groups.map((group) => [...group].sort()));
  return (
    wanted.pathRegex === got.pathRegex &&
    groups(wanted) === groups(got) &&
    wanted.shamirThreshold === got.shamirThreshold &&
    wanted.selector === got.selector &&
    wanted.macOnlyEncrypted === got.macOnlyEncrypted &&
    wanted.rest === got.rest &&
    (wanted.faulty || !got.faulty)
  );
}

/** The anchor of a text becomes that of a list by a second key, so the two are one here. */
function nameKey({ name, key }: NamedKey): string {
  return `${name} ${key}`;
}

function isOf(key: string, id: string): boolean {
  return key === `age ${id}` || key === `pgp ${id}`;
}

function changeRule(model: Expected, at: number, change: (rule: RuleModel) => RuleModel): Expected {
  return { ...model, rules: model.rules.map((rule, index) => (index === at ? change(rule) : rule)) };
}

function mapGroups(
  rules: readonly RuleModel[],
  change: (group: readonly string[], rule: RuleModel, index: number) => readonly string[],
): RuleModel[] {
  return rules.map((rule) => ({ ...rule, groups: rule.groups.map((group, index) => change(group, rule, index)) }));
}

function refuseEmpty(before: readonly string[], after: readonly string[], { lines }: RuleModel): readonly string[] {
  if (before.length === 0 || after.length > 0) return after;
  throw refusal(
    "This rule would be left without keys in a group: documents under it could not be encrypted.",
    lines?.[0] ?? 1,
    "Grant the rule another key first, or remove the rule by hand.",
  );
}

function mismatch(line: number) {
  return refusal(
    "This edit would not come to exactly what is asked for: something is shared here or written in an unusual way.",
    line,
    "Edit it by hand.",
  );
}
