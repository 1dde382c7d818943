/** The keys that somebody has, or had at any time that git remembers: also of somebody who is gone. */
import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { suggest } from "../../fleet/address.ts";
import { parseKeyJson } from "../../fleet/clan/key-json.ts";
import type { Registered, Registry } from "../../fleet/clan/registry.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { joinPrincipals } from "../../fleet/principals.ts";
import { parseConfig } from "../../fleet/sopsnix/config.ts";
import { readHistories } from "../../repo/file-history.ts";
import { hasGit, readBlobs } from "../../repo/git.ts";
import { type RepoPath, repoPath } from "../../repo/path.ts";
import type { Root } from "../../repo/root.ts";
import { keyHolders, whoIs } from "../principal/who.ts";

export interface EverHeld {
  /** As a person would type it: `users/ada`, or the key. */
  readonly who: string;
  /** Canonical ids. */
  readonly ids: ReadonlySet<string>;
}

type Kind = "user" | "machine";

/** What a registry may call somebody: it becomes part of a path. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;
/** Statements of keys are small. */
const MAX_BYTES = 1024 * 1024;

/**
 * Members of a group are those that it has now.
 * @param text a name, `users/NAME`, `machines/NAME`, `groups/NAME`, or a key, which stands for itself alone
 * @throws SecretsError `E_NOT_FOUND` for a name that nobody has or ever had, `E_AMBIGUOUS` for one of a user and a machine
 */
export async function keysEverHeld(root: Root, fleet: Fleet, text: string): Promise<EverHeld> {
  if (/^(age1|ssh-)/.test(text)) return { who: text, ids: new Set([recipientId(text)]) };
  if (isFingerprint(text)) return { who: text, ids: new Set([fingerprintId(text)]) };
  const [, prefix, name = text] = /^(users|machines|groups)\/(.+)$/.exec(text) ?? [];
  const group = fleet.principals.find(name, "group");
  if (prefix === "groups" || (prefix === undefined && group !== undefined)) {
    const principal = whoIs(fleet, text);
    const ids = new Set<string>();
    for (const holder of keyHolders(fleet, principal)) {
      for (const { id } of holder.keys) ids.add(id);
      if (holder.kind !== "user" && holder.kind !== "machine") continue;
      for (const id of await idsOf(root, fleet, holder.name, holder.kind)) ids.add(id);
    }
    return { who: `groups/${principal.name}`, ids };
  }
  const kinds: readonly Kind[] =
    prefix === "users" ? ["user"] : prefix === "machines" ? ["machine"] : ["user", "machine"];
  const found: { kind: Kind; ids: ReadonlySet<string> }[] = [];
  for (const kind of kinds) {
    const ids = await idsOf(root, fleet, name, kind);
    if (ids.size > 0) found.push({ kind, ids });
  }
  // A name that an anchor alone has may be of either kind.
  const [first, second] = found;
  if (first === undefined) throw nobody(fleet, text, name);
  if (second === undefined || isSubset(second.ids, first.ids)) return { who: `${first.kind}s/${name}`, ids: first.ids };
  if (isSubset(first.ids, second.ids)) return { who: `${second.kind}s/${name}`, ids: second.ids };
  throw new SecretsError("E_AMBIGUOUS", `${name} is a user and a machine, or was`, {
    kind: "usage",
    hint: `say which one: users/${name} or machines/${name}`,
  });
}

async function idsOf(root: Root, fleet: Fleet, name: string, kind: Kind): Promise<ReadonlySet<string>> {
  const now = fleet.principals.find(name, kind) ?? fleet.principals.find(name, "unknown");
  const ids = new Set((now?.keys ?? []).map(({ id }) => id));
  if (!hasGit(root) || !NAME.test(name)) return ids;
  const statement = repoPath(`sops/${kind}s/${name}/key.json`);
  const configs = new Set([".sops.yaml", ...fleet.configs.map(({ path }) => path)].map(repoPath));
  const past = await pastContents(root, [statement, ...configs]);
  const keys = (past.get(statement) ?? []).flatMap((bytes) => parseKeyJson(bytes).keys);
  for (const { id } of keys) ids.add(id);
  // The name as the registry had it: what anchors are compared with.
  const entry: Registered = { kind: `${kind}s`, name, path: statement, keys, sound: true };
  const registry: Registry = {
    users: new Map(kind === "user" ? [[name, entry]] : []),
    machines: new Map(kind === "machine" ? [[name, entry]] : []),
    groups: new Map(),
    anomalies: [],
  };
  for (const path of configs) {
    for (const bytes of past.get(path) ?? []) {
      const principals = joinPrincipals(registry, [parseConfig(bytes, path).config]);
      for (const { id } of principals.find(name, kind)?.keys ?? []) ids.add(id);
    }
  }
  return ids;
}

/** Every content that the commits up to now gave to these files. */
async function pastContents(root: Root, paths: readonly RepoPath[]): Promise<ReadonlyMap<RepoPath, Uint8Array[]>> {
  const histories = await readHistories(root, paths);
  const wanted = [...histories].flatMap(([path, versions]) =>
    [...new Set(versions.map(({ blob }) => blob))].map((blob) => ({ path, blob })),
  );
  const blobs = readBlobs(
    root,
    wanted.map(({ blob }) => blob),
    MAX_BYTES,
  );
  const contents = new Map<RepoPath, Uint8Array[]>();
  for (const { path } of wanted) {
    const bytes: Uint8Array | undefined = (await blobs.next()).value?.bytes;
    if (bytes !== undefined) contents.set(path, [...(contents.get(path) ?? []), bytes]);
  }
  return contents;
}

function isSubset(some: ReadonlySet<string>, all: ReadonlySet<string>): boolean {
  return [...some].every((one) => all.has(one));
}

function nobody({ principals }: Fleet, text: string, name: string): SecretsError {
  const near = suggest(
    name,
    principals.all.map((one) => one.name),
  );
  return new SecretsError("E_NOT_FOUND", `this fleet and its history know nobody called ${text}`, {
    hint:
      near.length > 0
        ? `did you mean ${near.join(" or ")}?`
        : "name the key itself, as git log shows it where they went",
  });
}
