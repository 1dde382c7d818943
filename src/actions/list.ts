/** Every secret of both tiers, one line each. Needs no key: names and readers are public. */
import type { Fleet } from "../fleet/fleet.ts";
import { shortenKey } from "./reader-names.ts";

export interface ListedSecret {
  readonly address: string;
  readonly tier: "vars" | "files";
  /**
   * `secret`: a vars secret, or a document that is one value; `value`: one key of a document; `public`: in clear.
   */
  readonly kind: "secret" | "value" | "public";
  /** The file that holds it. */
  readonly path: string;
  /** Names, sorted; a key of nobody in the fleet as `unknown key age1…`. Empty for a public one. */
  readonly readers: readonly string[];
}

export interface SecretList {
  readonly schemaVersion: 1;
  readonly secrets: readonly ListedSecret[];
}

/** @param pattern words that the address must contain, `*` for anything between them; none lists everything. */
export function listSecrets(fleet: Fleet, pattern?: string): SecretList {
  const matches = matcher(pattern);
  const secrets: ListedSecret[] = [];
  for (const document of fleet.documents) {
    const { tier, path } = document;
    const readers = [
      ...new Set(document.readers.map(({ id, name }) => name ?? `unknown key ${shortenKey(id)}`)),
    ].sort();
    if (document.keys.length === 0 || tier === "vars") {
      secrets.push({ address: document.address, tier, kind: "secret", path, readers });
      continue;
    }
    for (const key of document.keys) {
      secrets.push({ address: `${document.address}#${key}`, tier, kind: "value", path, readers });
    }
  }
  for (const { address, path } of fleet.publicValues) {
    secrets.push({ address, tier: "vars", kind: "public", path, readers: [] });
  }
  return {
    schemaVersion: 1,
    secrets: secrets
      .filter(({ address }) => matches(address))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0)),
  };
}

/** Case does not count; each piece between stars must follow the one before it. */
function matcher(pattern: string | undefined): (address: string) => boolean {
  const pieces = (pattern ?? "").toLowerCase().split("*");
  return (address) => {
    const text = address.toLowerCase();
    let from = 0;
    for (const piece of pieces) {
      const at = text.indexOf(piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return true;
  };
}
