/**
 * A vars secret that does not exist yet. Who will read it is not guessed: it is what the secrets beside it have in
 * common, the machine that it belongs to, and the person who makes it; or exactly who was named.
 */
import { posix } from "node:path";
import { SecretsError } from "../errors.ts";
import type { ClanKey } from "../fleet/clan/key-json.ts";
import { type Leaf, readLayout } from "../fleet/clan/layout.ts";
import { MEMBER_KINDS, type Member } from "../fleet/clan/links.ts";
import { type Registry, readRegistry } from "../fleet/clan/registry.ts";
import { PathIndex } from "../fleet/path-index.ts";
import { repoPath } from "../repo/path.ts";
import { createFile, type NewKey } from "../sops/create-file.ts";
import { parsePlain } from "../sops/plain-text.ts";
import { sealFor } from "./document.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import type { VarTarget } from "./target.ts";
import type { Workplace } from "./workplace.ts";

export interface NewReaders {
  readonly members: readonly Member[];
  /** `users/ada`, `groups/admins`, … */
  readonly names: readonly string[];
  readonly because: string;
  readonly keys: readonly NewKey[];
}

/**
 * @param named `users/NAME`, `machines/NAME`, `groups/NAME`; instead of what would be inferred
 * @throws SecretsError `E_READERS_UNKNOWN` when nothing says who should read it, `E_READER_UNKNOWN` for a name that is not
 *   registered, `E_NO_PERSON` when no person would be able to read it.
 */
export async function readersForNewVar(
  workplace: Workplace,
  target: VarTarget,
  named: readonly string[] | undefined,
): Promise<NewReaders> {
  const index = new PathIndex(await workplace.ground.list());
  const registry = await readRegistry(workplace.ground, index);
  const inferred = named === undefined || named.length === 0;
  const members = inferred
    ? await inferMembers(workplace, target, readLayout(index).leaves, registry)
    : named.map((text) => parseMember(text, registry));
  const people = members.flatMap((member) => peopleOf(member, registry));
  if (people.length === 0) {
    throw new SecretsError("E_NO_PERSON", "no person would be able to read this secret", {
      location: { file: target.directory },
      hint: "name a person or a group of people: --for users/NAME or --for groups/NAME",
    });
  }
  return {
    members,
    names: members.map(({ kind, name }) => `${kind}/${name}`),
    because: inferred ? "what the secrets beside it have in common" : "the readers you named",
    keys: keysOf(members, registry),
  };
}

/** The document and the links, exactly as clan lays them. */
export async function planNewVar(
  workplace: Workplace,
  target: VarTarget,
  value: Uint8Array,
  named: readonly string[] | undefined,
): Promise<Plan> {
  const readers = await readersForNewVar(workplace, target, named);
  const text = await createFile({
    format: "binary",
    documents: parsePlain(value, "binary"),
    keyGroups: [readers.keys],
    now: workplace.now(),
    seal: (key, dataKey) => sealFor(workplace, key, dataKey),
  });
  const links: PlannedChange[] = [];
  for (const { kind, name } of readers.members) {
    const path = `${target.directory}/${kind}/${name}`;
    const to = posix.relative(posix.dirname(path), `sops/${kind}/${name}`);
    // Links that a failed run left behind: the right ones stay, a wrong one is put right.
    const there = (await workplace.ground.kind(path)) === "link" ? await workplace.ground.readLink(path) : undefined;
    if (there === to) continue;
    const expect = there === undefined ? "absent" : `link:${there}`;
    links.push({
      change: { kind: "link", path: repoPath(path), target: to, expect },
      reason: `reader ${kind}/${name}`,
    });
  }
  const document: PlannedChange = {
    change: {
      kind: "write",
      path: repoPath(`${target.directory}/secret`),
      bytes: Buffer.from(text, "utf8"),
      mode: 0o600,
      expect: "absent",
    },
    reason: "new secret",
  };
  return { summary: `create ${target.address} for ${readers.names.join(", ")}`, changes: [document, ...links] };
}

async function inferMembers(
  workplace: Workplace,
  target: VarTarget,
  leaves: readonly Leaf[],
  registry: Registry,
): Promise<Member[]> {
  const members: Member[] = [];
  if (target.machine !== undefined) {
    if (!registry.machines.has(target.machine)) {
      throw new SecretsError("E_READER_UNKNOWN", `the machine ${target.machine} has no key here`, {
        location: { file: `sops/machines/${target.machine}/key.json` },
        hint: "check the name; a machine needs a key before it can have secrets\nor name the readers yourself: --for users/NAME",
      });
    }
    members.push({ kind: "machines", name: target.machine });
  } else {
    const { ofService } = secretsBeside(target, leaves);
    if (ofService.length === 0) {
      throw new SecretsError("E_READERS_UNKNOWN", "nothing says which machines share this new secret", {
        location: { file: target.directory },
        hint: "name everyone who reads it: --for machines/NAME --for groups/NAME",
      });
    }
    for (const name of commonTo(ofService, "machines")) members.push({ kind: "machines", name });
  }
  for (const name of groupsBeside(target, leaves, registry)) members.push({ kind: "groups", name });
  return withMe(members, registry, await actingUser(workplace, registry));
}

type Beside = Pick<VarTarget, "machine" | "service">;

function secretsBeside({ machine, service }: Beside, leaves: readonly Leaf[]) {
  const secrets = leaves.filter((leaf) => leaf.secret && leaf.address.kind === "var");
  const ofMachine = secrets.filter(({ address }) => address.kind === "var" && address.machine === machine);
  const ofService = ofMachine.filter(({ address }) => address.kind === "var" && address.service === service);
  return { secrets, ofMachine, ofService };
}

/** Groups that every secret beside it is linked for: of its service, else of its machine, else of all. */
export function groupsBeside(target: Beside, leaves: readonly Leaf[], registry: Registry): string[] {
  const { secrets, ofMachine, ofService } = secretsBeside(target, leaves);
  const beside = [ofService, ofMachine, secrets].find((some) => some.length > 0) ?? [];
  return commonTo(beside, "groups").filter((name) => registry.groups.has(name));
}

/** clan links the acting user beside a group that covers them already; those links only ever pile up. */
export function withMe(members: readonly Member[], registry: Registry, me: string | undefined): Member[] {
  const covered = members.some((member) => peopleOf(member, registry).includes(me ?? ""));
  return me === undefined || covered ? [...members] : [...members, { kind: "users", name: me }];
}

/** Names that every one of these secrets has a link for. */
function commonTo(leaves: readonly Leaf[], kind: "groups" | "machines"): string[] {
  const namesOf = (leaf: Leaf) =>
    leaf.links.filter((link) => link.kind === kind).map((link) => posix.basename(link.path));
  const [first, ...rest] = leaves.map(namesOf);
  return (first ?? []).filter((name) => rest.every((names) => names.includes(name)));
}

/** The registered user who holds one of this person's keys. */
export async function actingUser(workplace: Workplace, registry: Registry): Promise<string | undefined> {
  const held = new Set((await workplace.keyring()).recipients());
  for (const user of registry.users.values()) {
    if (user.keys.some((key) => held.has(key.id))) return user.name;
  }
  return undefined;
}

export function parseMember(text: string, registry: Registry): Member {
  const [kindText, name = "", ...rest] = text.split("/");
  const kind = MEMBER_KINDS.find((known) => known === kindText);
  if (kind === undefined || rest.length > 0) {
    throw new SecretsError("E_USAGE", `--for takes users/NAME, machines/NAME or groups/NAME, not "${text}"`, {
      kind: "usage",
    });
  }
  if (registry[kind].has(name)) return { kind, name };
  throw new SecretsError("E_READER_UNKNOWN", `there is no ${kind.slice(0, -1)} ${name}`, {
    hint: `registered ${kind}: ${[...registry[kind].keys()].join(", ") || "none"}`,
  });
}

export function peopleOf(member: Member, registry: Registry): string[] {
  if (member.kind === "users") return [member.name];
  if (member.kind === "machines") return [];
  return (registry.groups.get(member.name)?.members ?? [])
    .filter(({ kind }) => kind === "users")
    .map(({ name }) => name);
}

/** As clan writes them: every key of everyone, each once, sorted. */
export function keysOf(members: readonly Member[], registry: Registry): NewKey[] {
  // clan's own readers ignore what a damaged key.json holds beside its good keys; a new secret must not lose a reader so.
  const all = new Map<string, ClanKey>();
  const add = ({ kind, name }: Member): void => {
    if (kind === "groups") {
      for (const member of registry.groups.get(name)?.members ?? []) add(member);
      return;
    }
    for (const key of registry[kind].get(name)?.keys ?? []) all.set(`${key.type} ${key.text}`, key);
  };
  for (const member of members) add(member);
  return [...all.values()].sort((a, b) => (a.text < b.text ? -1 : 1)).map(({ type, text }) => ({ type, id: text }));
}
