/** The documents that addresses name: each alone, all below a folder, or all that a pattern with `*` fits. */
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { scopeOf } from "../check/scope.ts";

/** @throws SecretsError `E_NOT_FOUND` for one that names no document, `E_ADDRESS` for one with a key path. */
export async function documentsAt(fleet: Fleet, addresses: readonly string[]): Promise<readonly FleetDocument[]> {
  const found = new Set<FleetDocument>();
  for (const address of addresses) {
    const some = await at(fleet, address);
    if (some.length === 0) {
      throw new SecretsError("E_NOT_FOUND", `no document lies at ${address}`, {
        hint: "secrets ls shows every address; public values have no readers",
      });
    }
    for (const document of some) found.add(document);
  }
  return fleet.documents.filter((document) => found.has(document));
}

async function at(fleet: Fleet, address: string): Promise<readonly FleetDocument[]> {
  if (/(?<!\\)#/.test(address)) {
    throw new SecretsError("E_ADDRESS", "readers are those of a whole document, not of one value in it", {
      kind: "usage",
      hint: `leave out what stands behind the #: ${address.replace(/(?<!\\)#.*/s, "")}`,
    });
  }
  const exact = fleet.documents.filter((document) => document.address === address || document.path === address);
  if (exact.length > 0) return exact;
  if (!address.includes("*")) {
    const inScope = await scopeOf(fleet, [address]);
    return fleet.documents.filter(({ path }) => inScope(path));
  }
  const pieces = address.split("*");
  return fleet.documents.filter((document) => fits(document.address, pieces));
}

/**
 * Whether an address is these pieces with anything between them.
 * Piece by piece from the left, so that neither many stars nor long addresses cost more than one look at each sign.
 */
export function fits(address: string, [first = "", ...pieces]: readonly string[]): boolean {
  const last = pieces.pop() ?? "";
  if (!address.startsWith(first)) return false;
  let at = first.length;
  for (const piece of pieces) {
    const found = address.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return address.length - last.length >= at && address.endsWith(last);
}
