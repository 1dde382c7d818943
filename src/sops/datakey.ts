/** Opening the data key of a document: from one group any one key, from several groups enough Shamir shares. */
import { SecretsError } from "../errors.ts";
import { type MasterKey, type Metadata, recipientsOf } from "./metadata.ts";
import { combineShares } from "./shamir.ts";
import type { SopsFile } from "./sops-file.ts";

/** The port to identities: age, gpg, later a key service. */
export interface DataKeyOpener {
  /** The unwrapped data key or share, null when no identity here opens it. May throw to say why an identity failed. */
  open(key: MasterKey): Promise<Uint8Array | null>;
  /**
   * If given, it is handed all age entries of a group at once, before any other: only who sees them together can try
   * the entry that is labelled for us first, and ask for a passphrase last.
   */
  openAnyAge?(keys: readonly MasterKey[]): Promise<Uint8Array | null>;
}

/** The `cause` of an `E_NO_IDENTITY`: whom the document is for, and what went wrong on the way. */
export interface NoIdentityCause {
  readonly recipients: readonly { readonly type: string; readonly id: string }[];
  readonly faults: readonly unknown[];
}

/**
 * Tries age entries first, then PGP, then the rest in the file's order, as sops does: local and cheap comes first.
 *
 * @returns the 32 bytes that all values are encrypted with.
 * @throws SecretsError `E_NO_IDENTITY` of kind `identity` with a {@link NoIdentityCause}; of kind `interrupted` if the
 *   person stops the run at a prompt.
 */
export async function openDataKey({ metadata }: SopsFile, opener: DataKeyOpener): Promise<Uint8Array> {
  const groups = metadata.keyGroups;
  const faults: unknown[] = [];
  if (groups.length <= 1) {
    const key = await openGroup(groups[0] ?? [], opener, faults);
    if (key === undefined) throw noIdentity(metadata, 1, 0, faults);
    return key;
  }
  const needed = metadata.shamirThreshold === 0 ? groups.length : metadata.shamirThreshold;
  const shares: Uint8Array[] = [];
  for (const group of groups) {
    if (shares.length >= needed) break;
    const share = await openGroup(group, opener, faults);
    if (share !== undefined) shares.push(share);
  }
  if (shares.length < needed) throw noIdentity(metadata, needed, shares.length, faults);
  return combineShares(shares);
}

async function openGroup(
  group: readonly MasterKey[],
  opener: DataKeyOpener,
  faults: unknown[],
): Promise<Uint8Array | undefined> {
  const age = group.filter((key) => key.type === "age");
  const pgp = group.filter((key) => key.type === "pgp");
  const others = group.filter((key) => key.type !== "age" && key.type !== "pgp");
  const single = (keys: readonly MasterKey[]) => keys.map((key) => () => opener.open(key));
  const together = opener.openAnyAge?.bind(opener);
  const first = together === undefined ? single(age) : age.length === 0 ? [] : [() => together(age)];
  for (const attempt of [...first, ...single(pgp), ...single(others)]) {
    try {
      const opened = await attempt();
      if (opened !== null) return opened;
    } catch (fault) {
      // Whoever presses Ctrl-C at a prompt wants no other key to be tried.
      if (fault instanceof SecretsError && fault.kind === "interrupted") throw fault;
      faults.push(fault);
    }
  }
  return undefined;
}

function noIdentity(metadata: Metadata, needed: number, opened: number, faults: readonly unknown[]): SecretsError {
  const recipients = recipientsOf(metadata).map(({ type, id }) => ({ type, id }));
  const cause: NoIdentityCause = { recipients, faults };
  const message =
    needed === 1
      ? "None of your identities opens this document."
      : `Your identities open ${opened} of the ${needed} key groups that this document needs.`;
  const shown = recipients.slice(0, 8).map(({ type, id }) => (type === "age" ? id : `${type} ${id}`));
  const more = recipients.length > shown.length ? ` and ${recipients.length - shown.length} more` : "";
  return new SecretsError("E_NO_IDENTITY", message, {
    kind: "identity",
    cause,
    hint: `It is encrypted to: ${shown.join(", ")}${more}.`,
  });
}
