/** Who can read what: documents against principals. `can` is what the ciphertext says, `should` what policy says. */
import { SecretsError } from "../errors.ts";
import { didYouMean } from "../fleet/address.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Principal } from "../fleet/principals.ts";
import { shortenKey } from "./reader-names.ts";

/** `yes`: reads it and should; `missing`: should and cannot; `extra`: can and should not; `no`. */
export type Access = "yes" | "missing" | "extra" | "no";

export interface AccessRow {
  readonly address: string;
  readonly path: string;
  /** Parallel to `principals`. */
  readonly access: readonly Access[];
}

export interface AccessMatrix {
  readonly schemaVersion: 1;
  /** Column heads: users, machines, then what is known by an anchor alone, then unknown keys. */
  readonly principals: readonly { readonly name: string; readonly kind: string }[];
  readonly documents: readonly AccessRow[];
}

interface Column {
  readonly name: string;
  readonly kind: string;
  readonly ids: ReadonlySet<string>;
}

/**
 * @param subject a user, machine or group (only the documents that it can or should read), an address or a path (only
 *   that document), or nothing: everything
 * @throws SecretsError `E_NOT_FOUND` with the nearest names
 */
export function accessMatrix(fleet: Fleet, subject?: string): AccessMatrix {
  const columns = columnsOf(fleet);
  if (subject === undefined) return matrix(columns, fleet.documents);
  const principal = principalOf(fleet, subject);
  if (principal !== undefined) {
    const members = membersOf(principal);
    const mine = columns.filter(({ name, kind }) =>
      members.some((member) => member.name === name && member.kind === kind),
    );
    return withoutEmptyRows(matrix(mine, fleet.documents));
  }
  const [path] = subject.split("#", 1);
  const documents = fleet.documents.filter(
    (document) => document.address === subject || document.path === path || document.address.startsWith(`${subject}/`),
  );
  if (documents.length > 0) return withoutEmptyColumns(matrix(columns, documents));
  const names = fleet.principals.all.map(({ name }) => name);
  const known = [...names, ...fleet.documents.map(({ address }) => address)];
  throw new SecretsError("E_NOT_FOUND", `nobody and nothing here is called ${subject}`, {
    hint: didYouMean(subject, known) ?? "secrets ls shows every address",
  });
}

function columnsOf(fleet: Fleet): Column[] {
  const known = fleet.principals.all
    .filter(({ kind }) => kind !== "group")
    .map(({ name, kind, keys }): Column => ({ name, kind, ids: new Set(keys.map(({ id }) => id)) }));
  const owned = new Set(known.flatMap(({ ids }) => [...ids]));
  const strangers = new Set(
    fleet.documents.flatMap(({ readers }) => readers.map(({ id }) => id)).filter((id) => !owned.has(id)),
  );
  return [
    ...known,
    ...[...strangers].sort().map((id) => ({ name: shortenKey(id), kind: "unknown key", ids: new Set([id]) })),
  ];
}

function matrix(columns: readonly Column[], documents: readonly FleetDocument[]): AccessMatrix {
  return {
    schemaVersion: 1,
    principals: columns.map(({ name, kind }) => ({ name, kind })),
    documents: documents.map((document) => {
      const can = new Set(document.readers.map(({ id }) => id));
      const should = new Set(document.policy.readers.map(({ id }) => id));
      const { kind, complete } = document.policy;
      return {
        address: document.address,
        path: document.path,
        access: columns.map(({ ids }) => {
          const reads = overlaps(ids, can);
          const wanted = overlaps(ids, should);
          // Where nothing decides nobody is missing; where not all of it can be read nobody is extra.
          return accessOf(reads, kind === "none" || (reads && !complete) ? undefined : wanted);
        }),
      };
    }),
  };
}

/** @param should undefined when nothing tells */
function accessOf(can: boolean, should: boolean | undefined): Access {
  if (should === undefined || can === should) return can ? "yes" : "no";
  return can ? "extra" : "missing";
}

function overlaps(ids: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const id of ids) if (others.has(id)) return true;
  return false;
}

/** `ada`, or `users/ada` where a name alone could be two. */
function principalOf(fleet: Fleet, subject: string): Principal | undefined {
  const kinds = { users: "user", machines: "machine", groups: "group" } as const;
  for (const [prefix, kind] of Object.entries(kinds)) {
    if (subject.startsWith(`${prefix}/`)) return fleet.principals.find(subject.slice(prefix.length + 1), kind);
  }
  return fleet.principals.find(subject);
}

function membersOf(principal: Principal): readonly { readonly name: string; readonly kind: string }[] {
  return principal.kind === "group" ? principal.members : [principal];
}

function withoutEmptyRows(whole: AccessMatrix): AccessMatrix {
  return { ...whole, documents: whole.documents.filter(({ access }) => access.some((one) => one !== "no")) };
}

function withoutEmptyColumns(whole: AccessMatrix): AccessMatrix {
  const kept = whole.principals.map((_, index) => whole.documents.some(({ access }) => access[index] !== "no"));
  return {
    ...whole,
    principals: whole.principals.filter((_, index) => kept[index]),
    documents: whole.documents.map((row) => ({ ...row, access: row.access.filter((_, index) => kept[index]) })),
  };
}
