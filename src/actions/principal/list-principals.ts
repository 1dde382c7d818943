/** `secrets user|machine|group ls`: who there is, by which keys, known to which tier, and how much they read. */

import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { keyHolders } from "./who.ts";

export interface PrincipalList {
  readonly schemaVersion: 1;
  readonly principals: readonly ListedPrincipal[];
}

export interface ListedPrincipal {
  readonly kind: "user" | "machine" | "group" | "unknown";
  readonly name: string;
  readonly keys: readonly { readonly recipient: string; readonly places: readonly string[] }[];
  /** Names; empty for whoever is no group. */
  readonly members: readonly string[];
  readonly groups: readonly string[];
  /** Documents that a key of theirs, or of a member, opens alone. */
  readonly reads: number;
}

/** Those of a kind; the ones that only an anchor names, and that may be either, come with users and with machines. */
export function listPrincipals(fleet: Fleet, kind: "user" | "machine" | "group"): PrincipalList {
  const { all } = fleet.principals;
  const wanted = all.filter((one) => one.kind === kind || (kind !== "group" && one.kind === "unknown"));
  return { schemaVersion: 1, principals: wanted.map((principal) => listed(fleet, principal)) };
}

function listed(fleet: Fleet, principal: Principal): ListedPrincipal {
  const { kind, name, keys, members } = principal;
  const held = new Set(keyHolders(fleet, principal).flatMap((holder) => holder.keys.map(({ id }) => id)));
  return {
    kind,
    name,
    keys: keys.map(({ id, origins }) => ({
      recipient: id,
      places: origins.map(({ path, line }) => `${path}:${line}`),
    })),
    members: members.map((member) => member.name),
    groups: fleet.principals.all.flatMap((one) =>
      one.members.some((member) => member.name === name && member.kind === kind) ? [one.name] : [],
    ),
    reads: fleet.documents.filter((document) => opensAlone(document, (id) => held.has(id))).length,
  };
}
