/** Why a document is readable by whom: what decides, who should read it, who does, and which key of mine opens it. */
import type { Keyring } from "../age/keyring.ts";
import { SecretsError } from "../errors.ts";
import { suggest } from "../fleet/address.ts";
import type { FleetDocument } from "../fleet/document.ts";
import type { Fleet } from "../fleet/fleet.ts";

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
  };
  readonly readers: readonly ExplainedReader[];
}

/** @throws SecretsError `E_NOT_FOUND` with the nearest addresses */
export function explain(fleet: Fleet, keyring: Keyring, subject: string): Explanation {
  const path = subject.split("#", 1)[0] ?? subject;
  const document = fleet.documents.find((one) => one.path === path || one.address === path);
  if (document !== undefined) return explainDocument(document, keyring);
  const value = fleet.publicValues.find((one) => one.path === path || one.address === path);
  if (value !== undefined) {
    return {
      schemaVersion: 1,
      path: value.path,
      address: value.address,
      state: "public",
      decidedBy: { kind: "none" },
      readers: [],
    };
  }
  const planned = explainPlanned(fleet, keyring, path);
  if (planned !== undefined) return planned;
  const near = suggest(
    subject,
    fleet.documents.map(({ address }) => address),
  );
  throw new SecretsError("E_NOT_FOUND", `there is no document ${subject}, and no rule would cover it`, {
    hint: near.length > 0 ? `did you mean ${near.join(" or ")}?` : "secrets ls shows every address",
  });
}

function explainDocument(document: FleetDocument, keyring: Keyring): Explanation {
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
    },
    readers: [...readers.values()],
  };
}

/** A path that no document has yet: what would a new file get? */
function explainPlanned(fleet: Fleet, keyring: Keyring, path: string): Explanation | undefined {
  const { config, rule } = fleet.rules.decide(path);
  if (config === undefined || rule === undefined) return undefined;
  return {
    schemaVersion: 1,
    path,
    address: path,
    state: "planned",
    decidedBy: {
      kind: "rule",
      place: `${config.path}:${rule.line}`,
      ...(rule.pathRegex === undefined ? {} : { pathRegex: rule.pathRegex }),
    },
    readers: rule.keyGroups.flat().map((key) => {
      const reason = `${config.path}:${key.line}${key.anchor === undefined ? "" : ` &${key.anchor}`}`;
      return reader(key.id, fleet.principals.nameOf(key.id), [reason], false, keyring);
    }),
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
