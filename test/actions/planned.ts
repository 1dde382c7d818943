/** A small fleet of both tiers in memory, and what it looks like once a plan is applied to it. */
import { posix } from "node:path";
import type { Plan } from "../../src/actions/plan.ts";
import { parseStatedKey, type StatedPublicKey } from "../../src/actions/principal/stated-key.ts";
import type { Workplace } from "../../src/actions/workplace.ts";
import { type AgeKey, makeAgeKey } from "../../src/age/age-key.ts";
import { type Fleet, loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../fleet/memory-ground.ts";
import { keyJson, sealed, workplaceOf } from "./in-memory.ts";

/** Keys of the people and machines of {@link smallFleet}, and of some who are none of it. */
const KEYS = {
  ada: makeAgeKey(),
  bob: makeAgeKey(),
  cleo: makeAgeKey(),
  web: makeAgeKey(),
  db: makeAgeKey(),
  next: makeAgeKey(),
  other: makeAgeKey(),
} satisfies Record<string, AgeKey>;
export const { ada, bob, cleo, web, db, next, other } = KEYS;

export const TOKEN = "vars/web/acme/token";
export const TOKEN_PATH = "vars/per-machine/web/acme/token/secret";
export const WIFI = "vars/shared/wifi/psk";
export const WIFI_PATH = "vars/shared/wifi/psk/secret";
export const TEAM = "secrets/team/a.yaml";
export const TEAM_TOO = "secrets/team/b.yaml";
export const OWN = "secrets/cleo.yaml";

/** A link of clan's at `path`. */
function linkAt(path: string): { readonly link: string } {
  const [kind, name] = path.split("/").slice(-2);
  return linkTo(path, `sops/${kind}/${name}`);
}

export function linkTo(path: string, target: string): { readonly link: string } {
  return { link: posix.relative(posix.dirname(path), target) };
}

/** Paths of links, each as clan lays it. */
export function links(...paths: readonly string[]): MemoryFiles {
  return Object.fromEntries(paths.map((path) => [path, linkAt(path)]));
}

export function keyFile(kind: "users" | "machines", name: string, ...keys: readonly AgeKey[]): MemoryFiles {
  return { [`sops/${kind}/${name}/key.json`]: keyJson(...keys) };
}

/** A secret of clan in `folder`, sealed to `keys` and linked for `members` such as `users/ada`. */
export async function secretIn(
  folder: string,
  keys: readonly AgeKey[],
  members: readonly string[],
): Promise<MemoryFiles> {
  return {
    [`${folder}/secret`]: await sealed("binary", "s3cret", [keys]),
    ...links(...members.map((member) => `${folder}/${member}`)),
  };
}

export const RULES = `keys:
  # people
  - &ada ${ada.recipient}
  - &admin_bob ${bob.recipient} # on call
  - &cleo ${cleo.recipient}
  - &web ${web.recipient}
creation_rules:
  - path_regex: ^secrets/team/
    key_groups:
      - age: [*ada, *admin_bob]
  - path_regex: ^secrets/cleo\\.yaml$
    key_groups:
      - age:
          - *cleo
          - *ada
`;

const small = (async (): Promise<MemoryFiles> => ({
  ...keyFile("users", "ada", ada),
  ...keyFile("users", "bob", bob),
  ...keyFile("users", "cleo", cleo),
  ...keyFile("machines", "web", web),
  ...keyFile("machines", "db", db),
  ...links("sops/groups/admins/users/ada", "sops/groups/admins/users/bob"),
  ...(await secretIn("vars/per-machine/web/acme/token", [ada, bob, web], ["groups/admins", "machines/web"])),
  ...(await secretIn("vars/shared/wifi/psk", [ada, cleo], ["users/ada", "users/cleo"])),
  ".sops.yaml": RULES,
  [TEAM]: await sealed("yaml", "token: abc\nnested:\n  count: 3\n", [[ada, bob]]),
  [TEAM_TOO]: await sealed("yaml", "x: 1", [[ada, bob]]),
  [OWN]: await sealed("yaml", "mine: 1", [[cleo, ada]]),
}))();

/** ada, bob and cleo, the machines web and db, the group admins of ada and bob, and documents of both tiers. */
export function smallFleet(): Promise<MemoryFiles> {
  return small;
}

export async function smallPlace(more: MemoryFiles = {}, ...keys: readonly AgeKey[]): Promise<Workplace> {
  return workplaceOf({ ...(await small), ...more }, ...(keys.length === 0 ? [ada] : keys));
}

export function without(files: MemoryFiles, ...paths: readonly string[]): MemoryFiles {
  return Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));
}

export function stated(key: AgeKey): StatedPublicKey {
  return parseStatedKey(key.recipient);
}

/** The files of a workplace as a plan leaves them. */
async function filesAfter({ ground }: Workplace, plan: Plan): Promise<MemoryFiles> {
  const files: Record<string, string | Uint8Array | { readonly link: string }> = {};
  for (const { path, kind } of await ground.list()) {
    files[path] = kind === "link" ? { link: await ground.readLink(path) } : await ground.read(path);
  }
  for (const { change } of plan.changes) {
    if (change.kind === "remove") delete files[change.path];
    else files[change.path] = change.kind === "link" ? { link: change.target } : change.bytes;
  }
  return files;
}

export interface After {
  readonly files: MemoryFiles;
  readonly fleet: Fleet;
  /** Names of those who read what lies at a path, or keys of nobody, sorted. */
  readonly readers: (path: string) => readonly string[];
  readonly text: (path: string) => string;
}

export async function after(place: Workplace, plan: Plan): Promise<After> {
  const files = await filesAfter(place, plan);
  const fleet = await loadFleet(memoryGround(files));
  return {
    files,
    fleet,
    readers: (path) => {
      const document = fleet.documents.find((one) => one.path === path);
      return (document?.readers ?? []).map(({ name, id }) => name ?? nameIn(id)).sort();
    },
    text: (path) => {
      const content = files[path];
      if (content === undefined) return "nothing";
      if (typeof content === "string") return content;
      return "link" in content ? `-> ${content.link}` : Buffer.from(content).toString("utf8");
    },
  };
}

/** Ours, of a key that the fleet has no name for. */
function nameIn(id: string): string {
  return Object.entries(KEYS).find(([, { recipient }]) => recipient === id)?.[0] ?? id;
}

/** Lines that differ, with a sign each, in their order. */
export function diff(before: string, now: string): string[] {
  const [old, next] = [before.split("\n"), now.split("\n")];
  return [
    ...old.filter((line) => !next.includes(line)).map((line) => `-${line}`),
    ...next.filter((line) => !old.includes(line)).map((line) => `+${line}`),
  ];
}

/** Addresses of the documents that a plan seals, each with what becomes of its readers and data key. */
export function steps({
  documents,
}: {
  readonly documents: readonly {
    readonly address: string;
    readonly added: readonly { readonly name?: string; readonly id: string }[];
    readonly removed: readonly { readonly name?: string; readonly id: string }[];
    readonly dataKey: string;
  }[];
}): string[] {
  const names = (sign: string, all: readonly { readonly name?: string; readonly id: string }[]) =>
    all.map(({ name, id }) => ` ${sign}${name ?? nameIn(id)}`).join("");
  return documents.map(
    ({ address, added, removed, dataKey }) => `${address}${names("+", added)}${names("-", removed)} ${dataKey}`,
  );
}
