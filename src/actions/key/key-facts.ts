/** What `secrets key verify` looks at, and what it finds. */
import { parsePluginRecipient } from "../../age/plugin.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal, PrincipalKey } from "../../fleet/principals.ts";
import type { HeldKey } from "./keys-here.ts";

/** Everything that the check looks at. */
export interface KeyFacts {
  readonly fleet: Fleet;
  readonly principal: Principal;
  readonly held: readonly HeldKey[];
  /** Names of plugins whose identities are here. */
  readonly plugins: readonly string[];
  /** Places that hold more behind a passphrase. */
  readonly locked: readonly string[];
}

export interface KeyProblem {
  readonly message: string;
  /** One command that mends it. */
  readonly fix?: string;
  /** Keys that it is about. */
  readonly keys: readonly string[];
}

/** Whether a private half is here. */
export function isHeld({ held }: Pick<KeyFacts, "held">, id: string): boolean {
  return held.some(({ recipients }) => recipients.includes(id));
}

/** A plugin does not tell the public half of its identity: it may be this one. */
export function mayBeHeld(facts: Pick<KeyFacts, "plugins">, { type, id }: PrincipalKey): boolean {
  if (type === "pgp") return true;
  const plugin = parsePluginRecipient(id);
  return plugin !== null && facts.plugins.includes(plugin);
}
