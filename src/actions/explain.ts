/** Why a document is readable by whom: what decides, who should read it, who does, and which key of mine opens it. */
import type { Keyring } from "../age/keyring.ts";
import { SecretsError } from "../errors.ts";
import { didYouMean, formatAddress, parseAddress } from "../fleet/address.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { opensAlone } from "../fleet/shares.ts";
import { policyOfRule } from "../fleet/sopsnix/policy.ts";

export interface ExplainedReader {
  readonly recipient: string;
  readonly name?: string;
  /** Why it should read: `groups/admins/users/ada`, `.sops.yaml:12 &ada`. Empty when nothing says so. */
  readonly reasons: readonly string[];
  /** It is in the ciphertext. */
  readonly reads: boolean;
  /** A key of mine opens this entry. */
  readonly mine: boolean;
}

export interface Explanation {
  readonly schemaVersion: 1;
  readonly path: string;
  readonly address: string;
  /** `document`: it is there; `planned`: there is no such file yet, a rule would decide; `public`: in clear. */
  readonly state: "document" | "planned" | "public";
  readonly decidedBy: {
    readonly kind: "links" | "rule" | "none";
    /** `.sops.yaml:12`, or the folder with the links. */
    readonly place?: string;
    readonly pathRegex?: string;
    /** Why the list of those who should read may lack some: the end of the sentence "What decides …". */
    readonly fault?: string;
  };
  /** I can read it: a key of mine opens it, or it is public. A share alone of a data key that is split does not. */
  readonly opens: boolean;
  readonly readers: readonly ExplainedReader[];
}

/** @throws SecretsError `E_NOT_FOUND` with the nearest addresses; `E_CONFIG` for a new path when no rule can be asked */
export function explain(fleet: Fleet, keyring: Keyring, subject: string): Explanation {
  const wanted = withoutKey(subject);
  const isWanted = ({ path, address }: { path: string; address: string }) =>
    path === subject || path === wanted.path || address === wanted.address;
  const document = fleet.documents.find(isWanted);
  if (document !== undefined) return explainDocument(fleet, document, keyring);
  const value = fleet.publicValues.find(isWanted);
  if (value !== undefined) {
    return {
      schemaVersion: 1,
      path: value.path,
      address: value.address,
      state: "public",
      decidedBy: { kind: "none" },
      opens: true,
      readers: [],
    };
  }
  const planned = explainPlanned(fleet, keyring, wanted.path);
  if (planned !== undefined) return planned;
  const known = fleet.documents.map(({ address }) => address);
  throw new SecretsError("E_NOT_FOUND", `there is no document ${subject}, and no rule would cover it`, {
    hint: didYouMean(subject, known) ?? "secrets ls shows every address",
  });
}

/** The document that an address lies in. What is no address may still be a path that git lists. */
function withoutKey(subject: string): { path: string; address: string } {
  try {
    const parts = parseAddress(subject);
    if (parts.kind !== "file") return { path: subject, address: formatAddress(parts) };
    return { path: parts.path, address: formatAddress({ ...parts, keyPath: [] }) };
  } catch {
    return { path: subject, address: subject };
  }
}

function explainDocument(fleet: Fleet, document: FleetDocument, keyring: Keyring): Explanation {
  const { policy } = document;
  const readers = new Map<string, ExplainedReader>();
  for (const { id, name, reasons } of policy.readers) {
    readers.set(id, reader(id, name, reasons, false, keyring));
  }
  for (const { id, name } of document.readers) {
    const expected = readers.get(id);
    readers.set(id, reader(id, name ?? expected?.name, expected?.reasons ?? [], true, keyring));
  }
  const folder = document.path.slice(0, document.path.lastIndexOf("/"));
  const fault = faultOf(fleet, document);
  return {
    schemaVersion: 1,
    path: document.path,
    address: document.address,
    state: "document",
    decidedBy: {
      kind: policy.kind,
      ...(policy.kind === "links" ? { place: folder } : {}),
      ...(policy.rule === undefined ? {} : { place: `${policy.rule.config}:${policy.rule.line}` }),
      ...(policy.rule?.pathRegex === undefined ? {} : { pathRegex: policy.rule.pathRegex }),
      ...(fault === undefined ? {} : { fault }),
    },
    opens: opensAlone(document, (id) => keyring.canOpen(id)),
    readers: [...readers.values()],
  };
}

function faultOf(fleet: Fleet, { tier, path, policy }: FleetDocument): string | undefined {
  if (policy.complete) return undefined;
  if (tier === "vars") return "has a link or a key file that cannot be read in full";
  return fleet.rules.decide(path).fault ?? "cannot be read in full";
}

/** A path that no document has yet: what would a new file get? */
function explainPlanned(fleet: Fleet, keyring: Keyring, path: string): Explanation | undefined {
  const { config, rule, fault } = fleet.rules.decide(path);
  if (config === undefined) return undefined;
  if (rule === undefined) {
    if (fault === undefined) return undefined;
    throw new SecretsError("E_CONFIG", `nothing can be said about ${path}: what decides ${fault}`, {
      location: { file: config.path },
      hint: `secrets check ${config.path} shows where`,
    });
  }
  const { readers } = policyOfRule({ config, rule }, fleet.principals.nameOf);
  return {
    schemaVersion: 1,
    path,
    address: path,
    state: "planned",
    decidedBy: {
      kind: "rule",
      place: `${config.path}:${rule.line}`,
      ...(rule.pathRegex === undefined ? {} : { pathRegex: rule.pathRegex }),
      ...(fault === undefined ? {} : { fault }),
    },
    opens: false,
    readers: readers.map(({ id, name, reasons }) => reader(id, name, reasons, false, keyring)),
  };
}

function reader(
  recipient: string,
  name: string | undefined,
  reasons: readonly string[],
  reads: boolean,
  keyring: Keyring,
): ExplainedReader {
  return { recipient, ...(name === undefined ? {} : { name }), reasons, reads, mine: keyring.canOpen(recipient) };
}
