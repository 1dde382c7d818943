/** Clan's registry: `sops/users`, `sops/machines` and `sops/groups`. */
import type { Anomaly, AnomalyCode } from "../anomaly.ts";
import type { Ground } from "../ground.ts";
import { type PathIndex, parentOf } from "../path-index.ts";
import { readOrTell } from "../read-or-tell.ts";
import { type ClanKey, parseKeyJson } from "./key-json.ts";
import { type Member, type MemberKind, resolveMember } from "./links.ts";

/** One user or machine. */
export interface Registered {
  readonly kind: "users" | "machines";
  readonly name: string;
  /** Of `key.json`. */
  readonly path: string;
  readonly keys: readonly ClanKey[];
  /** False: `key.json` says something that cannot be read, so these may not be all keys. */
  readonly sound: boolean;
}

export interface Group {
  readonly name: string;
  /** The folder. */
  readonly path: string;
  readonly members: readonly Member[];
  /** False: a link of a member leads nowhere. */
  readonly sound: boolean;
}

export interface Registry {
  readonly users: ReadonlyMap<string, Registered>;
  readonly machines: ReadonlyMap<string, Registered>;
  readonly groups: ReadonlyMap<string, Group>;
  readonly anomalies: readonly Anomaly[];
}

/** What clan accepts on its command line, without names that other programs would take for an option or a folder. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;

export async function readRegistry(ground: Ground, index: PathIndex): Promise<Registry> {
  const anomalies: Anomaly[] = [];
  const [users, machines, groups] = await Promise.all([
    readRegistered(ground, index, "users", anomalies),
    readRegistered(ground, index, "machines", anomalies),
    readGroups(ground, index, anomalies),
  ]);
  return { users, machines, groups, anomalies };
}

async function readRegistered(
  ground: Ground,
  index: PathIndex,
  kind: "users" | "machines",
  anomalies: Anomaly[],
): Promise<Map<string, Registered>> {
  const found = new Map<string, Registered>();
  for (const name of entriesOf(index, kind, anomalies)) {
    const path = `sops/${kind}/${name}/key.json`;
    const there = index.kindOf(path);
    if (there !== "file") {
      const [code, what] =
        there === "missing"
          ? (["key-missing", "There is no key.json here."] as const)
          : (["link-unexpected", "This key file is no file; it is not read."] as const);
      anomalies.push(anomaly(code, there === "missing" ? parentOf(path) : path, what));
      found.set(name, { kind, name, path, keys: [], sound: false });
      continue;
    }
    const bytes = await readOrTell(ground, path, anomalies);
    const { keys, faults } = bytes === undefined ? { keys: [], faults: [] } : parseKeyJson(bytes);
    for (const fault of faults) anomalies.push(anomaly("key-json", path, `This key file ${fault}.`));
    found.set(name, { kind, name, path, keys, sound: bytes !== undefined && faults.length === 0 });
  }
  return found;
}

async function readGroups(ground: Ground, index: PathIndex, anomalies: Anomaly[]): Promise<Map<string, Group>> {
  const found = new Map<string, Group>();
  for (const name of entriesOf(index, "groups", anomalies)) {
    const path = `sops/groups/${name}`;
    const members: Member[] = [];
    let sound = true;
    const odd = new Set<string>();
    for (const file of index.under(path)) {
      const [kind = "", entry, below] = file.path.slice(path.length + 1).split("/");
      if ((kind !== "users" && kind !== "machines") || entry === undefined) continue;
      const place = `${path}/${kind}/${entry}`;
      if (below !== undefined || file.kind !== "link") {
        if (!odd.has(place)) {
          anomalies.push(anomaly("link-expected", place, "A link to a member should be here; clan ignores what is."));
        }
        odd.add(place);
        continue;
      }
      const { member, anomaly: told } = await resolveMember(ground, index, place, kind);
      if (told !== undefined) anomalies.push(told);
      if (member === undefined) sound = false;
      else members.push(member);
    }
    found.set(name, { name, path, members, sound });
  }
  return found;
}

/** Names of the folders in `sops/<kind>`. */
function entriesOf(index: PathIndex, kind: MemberKind, anomalies: Anomaly[]): string[] {
  const start = `sops/${kind}/`;
  const names = new Set<string>();
  for (const file of index.under(`sops/${kind}`)) {
    const name = file.path.slice(start.length).split("/", 1)[0] ?? "";
    if (file.path !== start + name) names.add(name);
    else if (file.kind === "link") {
      anomalies.push(
        anomaly("link-unexpected", file.path, `A folder should be here; links in sops/${kind} are not followed.`),
      );
    }
  }
  for (const name of names) {
    if (!NAME.test(name)) {
      anomalies.push(
        anomaly("name", start + name, "This is no name: letters, digits, dot, dash and underscore make one."),
      );
    }
  }
  return [...names];
}

function anomaly(code: AnomalyCode, path: string, message: string): Anomaly {
  return { code, path, message };
}
