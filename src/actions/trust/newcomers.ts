/** Readers that were never approved on this clone: who they are, where they are stated, and who brought them in. */
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parentOf } from "../../fleet/path-index.ts";
import { isRepoPath, type RepoPath } from "../../repo/path.ts";
import type { Provenance, Statement } from "../../repo/provenance.ts";
import type { ApprovedKey } from "./trust.ts";

export interface Newcomer extends ApprovedKey {
  /** Every place that states the key, with its line from 1. Empty for a key that only documents name. */
  readonly places: readonly { readonly path: string; readonly line: number }[];
  /** What brought the key in; undefined when that cannot be told. */
  readonly provenance?: Provenance;
  /** The first of the links that let it in, where links decide. */
  readonly link?: { readonly path: string; readonly provenance?: Provenance };
}

/** Asks the history; undefined when it cannot tell. */
export type FindProvenance = (statement: Statement) => Promise<Provenance | undefined>;

/** Asking for more than this many would take minutes in a long history: the rest is listed without it. */
const ASKED = 20;
/** At one time. */
const AT_ONCE = 4;

/** Those of the keys, each once, with what a person needs to decide about them; in the order of the keys. */
export async function describeNewcomers(
  fleet: Fleet,
  keys: readonly ApprovedKey[],
  find: FindProvenance,
): Promise<Newcomer[]> {
  const each = [...new Map(keys.map((key) => [`${key.type} ${key.id}`, key])).values()];
  const described: Newcomer[] = [];
  for (let start = 0; start < each.length; start += AT_ONCE) {
    const some = each
      .slice(start, start + AT_ONCE)
      .map((key, i) => describe(fleet, key, start + i < ASKED ? find : never));
    described.push(...(await Promise.all(some)));
  }
  return described;
}

const never: FindProvenance = async () => undefined;

async function describe(fleet: Fleet, key: ApprovedKey, find: FindProvenance): Promise<Newcomer> {
  const { type, id, name } = key;
  const stated = statementsOf(fleet, key);
  const [first] = stated;
  // The comment of an SSH key may differ from place to place.
  const text = first !== undefined && stated.every((one) => one.text.includes(id)) ? id : first?.text;
  const paths = [...new Set(stated.map(({ path }) => path))].filter(isRepoPath);
  const provenance = text === undefined ? undefined : await find({ text, paths });
  const link = linkFor(fleet, key);
  const linked = link === undefined ? undefined : await find({ paths: [link] });
  return {
    ...{ type, id, ...(name === undefined ? {} : { name }) },
    places: stated.map(({ path, line }) => ({ path, line })),
    ...(provenance === undefined ? {} : { provenance }),
    ...(link === undefined ? {} : { link: { path: link, ...(linked === undefined ? {} : { provenance: linked }) } }),
  };
}

interface Place {
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

function statementsOf({ principals, configs }: Fleet, { type, id }: ApprovedKey): Place[] {
  const isIt = (key: { readonly type: string; readonly id: string }) => key.type === type && key.id === id;
  const origins = principals.all.flatMap(({ keys }) => keys.filter(isIt).flatMap((key) => key.origins));
  const rules = configs.flatMap(({ path, rules: all }) =>
    (all ?? []).flatMap(({ keyGroups }) =>
      keyGroups.flat().flatMap((key) => (isIt(key) ? [{ path, line: key.line, text: key.text }] : [])),
    ),
  );
  const all = [...origins, ...rules].map(({ path, line, text }): Place => ({ path, line, text }));
  return [...new Map(all.map((one) => [`${one.path}:${one.line}`, one])).values()];
}

/** Of a document that lacks the reader, the link beside it that asks for it. */
function linkFor({ documents }: Fleet, key: ApprovedKey): RepoPath | undefined {
  for (const document of documents) {
    if (document.policy.kind !== "links" || !document.missing.includes(key.id)) continue;
    const link = linkOf(document, key);
    if (link !== undefined) return link;
  }
  return undefined;
}

/** A reason of tier 1 is `users/ada`, or `groups/admins/users/ada`: the first two words are the link's place. */
function linkOf({ path, policy }: FleetDocument, { type, id }: ApprovedKey): RepoPath | undefined {
  const reason = policy.readers.find((reader) => reader.type === type && reader.id === id)?.reasons[0];
  const link = reason === undefined ? "" : `${parentOf(path)}/${reason.split("/", 2).join("/")}`;
  return isRepoPath(link) ? link : undefined;
}

/** For one line that is read by a person. */
export function tellProvenance(provenance: Provenance | undefined): string {
  switch (provenance?.kind) {
    case "commit": {
      const { id, author, date, subject } = provenance;
      return `commit ${id} of ${author}${date === undefined ? "" : `, ${date.slice(0, 10)}`}: ${subject}`;
    }
    case "uncommitted":
      return "not committed yet";
    case "shallow":
      return "the history of this clone begins later (git fetch --unshallow)";
    case undefined:
      return "git cannot tell";
  }
}
