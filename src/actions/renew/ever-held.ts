/** The keys that somebody has, or had at any time that git remembers: also of somebody who is gone. */
import { recipientId } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import { parseKeyJson } from "../../fleet/clan/key-json.ts";
import type { Registered, Registry } from "../../fleet/clan/registry.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { joinPrincipals } from "../../fleet/principals.ts";
import { parseConfig, type SopsConfig } from "../../fleet/sopsnix/config.ts";
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

const KINDS = ["user", "machine"] as const;
type Kind = (typeof KINDS)[number];

/** What a registry may call somebody: it becomes part of a path. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,62}$/;
/** Statements of keys are small. */
const MAX_BYTES = 1024 * 1024;

/** Asked of git as often as needed, and of its rules once. */
export class KeyHistory {
  readonly #root: Root;
  readonly #fleet: Fleet;
  #configs: Promise<readonly SopsConfig[]> | undefined;

  constructor(root: Root, fleet: Fleet) {
    this.#root = root;
    this.#fleet = fleet;
  }

  /**
   * Members of a group are those that it has now.
   * @param text a name, `users/NAME`, `machines/NAME`, `groups/NAME`, or a key, which stands for itself alone
   * @throws SecretsError `E_NOT_FOUND` for a name that nobody has or ever had, `E_AMBIGUOUS` for one of a user and a machine
   */
  async of(text: string): Promise<EverHeld> {
    if (/^(age1|ssh-)/.test(text)) return { who: text, ids: new Set([recipientId(text)]) };
    if (isFingerprint(text)) return { who: text, ids: new Set([fingerprintId(text)]) };
    const [, prefix, name = text] = /^(users|machines|groups)\/(.+)$/.exec(text) ?? [];
    const { principals } = this.#fleet;
    if (prefix === "groups" || (prefix === undefined && principals.find(name, "group") !== undefined)) {
      return this.#ofGroup(text);
    }
    const found: { who: string; ids: ReadonlySet<string> }[] = [];
    for (const kind of KINDS) {
      if (prefix !== undefined && prefix !== `${kind}s`) continue;
      const ids = await this.#ofOne(name, kind);
      if (ids.size > 0) found.push({ who: `${kind}s/${name}`, ids });
    }
    // A name that an anchor alone has may be of either kind.
    const [first, second] = found;
    if (first === undefined) throw nobody(this.#fleet, text, name);
    if (second === undefined || isSubset(second.ids, first.ids)) return first;
    if (isSubset(first.ids, second.ids)) return second;
    throw new SecretsError("E_AMBIGUOUS", `${name} is a user and a machine, or was`, {
      kind: "usage",
      hint: `say which one: users/${name} or machines/${name}`,
    });
  }

  async #ofGroup(text: string): Promise<EverHeld> {
    const group = whoIs(this.#fleet, text);
    const ids = new Set<string>();
    for (const { kind, name, keys } of keyHolders(this.#fleet, group)) {
      for (const { id } of keys) ids.add(id);
      if (kind !== "user" && kind !== "machine") continue;
      for (const id of await this.#ofOne(name, kind)) ids.add(id);
    }
    return { who: `groups/${group.name}`, ids };
  }

  async #ofOne(name: string, kind: Kind): Promise<ReadonlySet<string>> {
    const { principals } = this.#fleet;
    const now = principals.find(name, kind) ?? principals.find(name, "unknown");
    const ids = new Set((now?.keys ?? []).map(({ id }) => id));
    if (!hasGit(this.#root) || !NAME.test(name)) return ids;
    const path = repoPath(`sops/${kind}s/${name}/key.json`);
    const statements = (await pastContents(this.#root, [path])).get(path) ?? [];
    const keys = statements.flatMap((bytes) => parseKeyJson(bytes).keys);
    for (const { id } of keys) ids.add(id);
    // The name as the registry had it: what anchors are compared with.
    const entry: Registered = { kind: `${kind}s`, name, path, keys, sound: true };
    const registry: Registry = {
      users: new Map(kind === "user" ? [[name, entry]] : []),
      machines: new Map(kind === "machine" ? [[name, entry]] : []),
      groups: new Map(),
      anomalies: [],
    };
    this.#configs ??= pastConfigs(this.#root, this.#fleet);
    for (const config of await this.#configs) {
      for (const { id } of joinPrincipals(registry, [config]).find(name, kind)?.keys ?? []) ids.add(id);
    }
    return ids;
  }
}

async function pastConfigs(root: Root, fleet: Fleet): Promise<readonly SopsConfig[]> {
  const paths = new Set([".sops.yaml", ...fleet.configs.map(({ path }) => path)].map(repoPath));
  const past = await pastContents(root, [...paths]);
  return [...past].flatMap(([path, contents]) => contents.map((bytes) => parseConfig(bytes, path).config));
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
  const names = principals.all.map((one) => one.name);
  return new SecretsError("E_NOT_FOUND", `this fleet and its history know nobody called ${text}`, {
    hint: didYouMean(name, names) ?? "name the key itself, as git log shows it where they went",
  });
}
