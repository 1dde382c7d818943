/**
 * Users, machines and groups of both tiers, joined: by equal keys first, by equal names second. Where the two tiers
 * disagree nothing is guessed; it is recorded.
 */
import type { MasterKeyType } from "../sops/metadata.ts";
import { anchorKind, matchAnchor, NameIndex } from "./anchor-name.ts";
import type { Registered, Registry } from "./clan/registry.ts";
import type { SopsConfig } from "./sopsnix/config.ts";
import type { StatedKey } from "./sopsnix/stated-key.ts";

export type PrincipalKind = "user" | "machine" | "group" | "unknown";

export interface Principal {
  readonly name: string;
  /** `unknown`: named by an anchor alone, which does not tell. */
  readonly kind: PrincipalKind;
  /** Of a group: none, its members have them. */
  readonly keys: readonly PrincipalKey[];
  /** Of a group: names, in the order of its links or list. */
  readonly members: readonly GroupMember[];
  /** False: what states its keys or members cannot be read in full. */
  readonly sound: boolean;
}

export interface GroupMember {
  readonly kind: PrincipalKind;
  readonly name: string;
}

export interface PrincipalKey {
  readonly type: MasterKeyType;
  /** Canonical. */
  readonly id: string;
  /** Every place that states it, tier 1 first. */
  readonly origins: readonly KeyOrigin[];
}

export interface KeyOrigin {
  readonly tier: "vars" | "files";
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** As it is written there. */
  readonly text: string;
  readonly anchor?: string;
}

/** One name, and the two tiers state different keys for it. */
export interface Disagreement {
  readonly principal: Principal;
  readonly varsOnly: readonly PrincipalKey[];
  readonly filesOnly: readonly PrincipalKey[];
}

/** One key that goes by several names. */
export interface SharedKey {
  readonly id: string;
  /** Principals and anchors, sorted. */
  readonly names: readonly string[];
  readonly origins: readonly KeyOrigin[];
}

export interface Principals {
  /** Users, machines, groups, then the unknown; each by name. */
  readonly all: readonly Principal[];
  readonly disagreements: readonly Disagreement[];
  readonly sharedKeys: readonly SharedKey[];
  /** Users, machines and unknown that only one tier states; empty for a fleet that has only one tier. */
  readonly oneTier: readonly { readonly principal: Principal; readonly tier: "vars" | "files" }[];
  /** @param id a canonical recipient id, or a fingerprint */
  nameOf(id: string): string | undefined;
  /** Whose key it is; the first by kind and name if several share it. */
  ownerOf(id: string): Principal | undefined;
  /** @param kind tells a user from a machine of the same name */
  find(name: string, kind?: PrincipalKind): Principal | undefined;
}

interface Growing {
  readonly name: string;
  kind: PrincipalKind;
  readonly keys: Map<string, { type: MasterKeyType; id: string; origins: KeyOrigin[] }>;
  readonly members: GroupMember[];
  sound: boolean;
  /** Other names that its keys go by. */
  readonly aliases: Set<string>;
}

const ORDER: readonly PrincipalKind[] = ["user", "machine", "group", "unknown"];

export function joinPrincipals(registry: Registry, configs: readonly SopsConfig[]): Principals {
  const people = [...registry.users.values(), ...registry.machines.values()].map(fromRegistry);
  const owners = new Map<string, Growing[]>();
  for (const principal of people) for (const id of principal.keys.keys()) claim(owners, id, principal);
  const names = new NameIndex(people);
  for (const { path, key } of statedKeys(configs)) place(people, names, owners, path, key);
  const groups = [...registry.groups.values()].map(
    ({ name, members, sound }): Growing => ({
      ...empty(name, "group"),
      members: members.map((member) => ({ kind: member.kind === "users" ? "user" : "machine", name: member.name })),
      sound,
    }),
  );
  addLists(groups, configs, owners);
  const all = [...people, ...groups].map((growing) => ({ growing, principal: settle(growing) }));
  all.sort(
    (a, b) =>
      ORDER.indexOf(a.principal.kind) - ORDER.indexOf(b.principal.kind) || compare(a.principal.name, b.principal.name),
  );
  return index(all);
}

function fromRegistry({ kind, name, path, keys, sound }: Registered): Growing {
  const principal = empty(name, kind === "users" ? "user" : "machine");
  for (const { type, id, text, line } of keys) addKey(principal, { type, id }, { tier: "vars", path, line, text });
  return { ...principal, sound };
}

/** Keys with a name, in the order of the files; the unnamed ones of rules after them. */
function statedKeys(configs: readonly SopsConfig[]): { path: string; key: StatedKey }[] {
  const all = configs.flatMap(({ path, anchors, rules }) => [
    ...anchors.map((key) => ({ path, key })),
    ...(rules ?? []).flatMap(({ keyGroups }) => keyGroups.flat().map((key) => ({ path, key }))),
  ]);
  const seen = new Set<string>();
  return all.filter(({ path, key }) => {
    const place = `${path}\0${key.line}\0${key.id}`;
    return !seen.has(place) && seen.add(place);
  });
}

/** Gives one stated key to whom it belongs. */
function place(
  people: Growing[],
  names: NameIndex<Growing>,
  owners: Map<string, Growing[]>,
  path: string,
  key: StatedKey,
): void {
  const { type, id, line, text, anchor } = key;
  const origin: KeyOrigin = { tier: "files", path, line, text, ...(anchor === undefined ? {} : { anchor }) };
  const known = owners.get(id);
  const named = anchor === undefined ? undefined : matchAnchor(anchor, names);
  if (known !== undefined) {
    for (const owner of known) {
      addKey(owner, key, origin);
      if (anchor !== undefined && named !== owner) owner.aliases.add(named?.name ?? anchor);
    }
    return;
  }
  if (anchor === undefined) return;
  const owner = named ?? empty(anchor, anchorKind(anchor));
  if (named === undefined) {
    people.push(owner);
    names.add(owner);
  }
  addKey(owner, { type, id }, origin);
  claim(owners, id, owner);
}

/** A list with an anchor is a group of those whose keys it holds. */
function addLists(groups: Growing[], configs: readonly SopsConfig[], owners: ReadonlyMap<string, Growing[]>): void {
  for (const { anchors } of configs) {
    for (const { list, id } of anchors) {
      const owner = owners.get(id)?.[0];
      if (list === undefined || owner === undefined) continue;
      let group = groups.find(({ name }) => name === list);
      if (group === undefined) {
        group = empty(list, "group");
        groups.push(group);
      }
      if (group.members.some(({ kind, name }) => kind === owner.kind && name === owner.name)) continue;
      group.members.push({ kind: owner.kind, name: owner.name });
    }
  }
}

function index(all: readonly { growing: Growing; principal: Principal }[]): Principals {
  const owners = new Map<string, Principal>();
  const shared = new Map<string, { names: Set<string>; origins: Set<KeyOrigin> }>();
  for (const { growing, principal } of all) {
    for (const { id, origins } of principal.keys) {
      if (!owners.has(id)) owners.set(id, principal);
      const entry = shared.get(id) ?? { names: new Set(), origins: new Set() };
      entry.names.add(principal.name);
      for (const alias of growing.aliases) entry.names.add(alias);
      for (const origin of origins) entry.origins.add(origin);
      shared.set(id, entry);
    }
  }
  const principals = all.map(({ principal }) => principal);
  return {
    all: principals,
    disagreements: principals.flatMap(disagreementOf),
    sharedKeys: [...shared].flatMap(([id, { names, origins }]) =>
      names.size > 1 ? [{ id, names: [...names].sort(compare), origins: [...origins] }] : [],
    ),
    oneTier: inOneTier(principals),
    nameOf: (id) => owners.get(id)?.name,
    ownerOf: (id) => owners.get(id),
    find: (name, kind) =>
      principals.find((principal) => principal.name === name && (kind === undefined || principal.kind === kind)),
  };
}

function disagreementOf(principal: Principal): Disagreement[] {
  const varsOnly = principal.keys.filter((key) => !isStatedIn(key, "files"));
  const filesOnly = principal.keys.filter((key) => !isStatedIn(key, "vars"));
  // Known to one tier alone is another matter.
  const both = varsOnly.length < principal.keys.length && filesOnly.length < principal.keys.length;
  return both && varsOnly.length + filesOnly.length > 0 ? [{ principal, varsOnly, filesOnly }] : [];
}

function inOneTier(principals: readonly Principal[]): { principal: Principal; tier: "vars" | "files" }[] {
  const people = principals.filter(({ keys }) => keys.length > 0);
  const states = (tier: "vars" | "files") => (principal: Principal) =>
    principal.keys.some((key) => isStatedIn(key, tier));
  if (!people.some(states("vars")) || !people.some(states("files"))) return [];
  return people.flatMap((principal): { principal: Principal; tier: "vars" | "files" }[] => {
    if (!states("files")(principal)) return [{ principal, tier: "vars" }];
    return states("vars")(principal) ? [] : [{ principal, tier: "files" }];
  });
}

function isStatedIn(key: PrincipalKey, tier: "vars" | "files"): boolean {
  return key.origins.some((origin) => origin.tier === tier);
}

function empty(name: string, kind: PrincipalKind): Growing {
  return { name, kind, keys: new Map(), members: [], sound: true, aliases: new Set() };
}

function addKey(principal: Growing, { type, id }: { type: MasterKeyType; id: string }, origin: KeyOrigin): void {
  const key = principal.keys.get(id);
  if (key === undefined) principal.keys.set(id, { type, id, origins: [origin] });
  else key.origins.push(origin);
}

function claim(owners: Map<string, Growing[]>, id: string, principal: Growing): void {
  const known = owners.get(id);
  if (known === undefined) owners.set(id, [principal]);
  else known.push(principal);
}

function settle({ name, kind, keys, members, sound }: Growing): Principal {
  return { name, kind, keys: [...keys.values()], members, sound };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
