/** What an action is given: the fleet, the person's keys, and ports to what lies outside. Built by the roof. */
import type { Keyring } from "../age/keyring.ts";
import type { Sealer } from "../age/sealer.ts";
import type { Fleet } from "../fleet/fleet.ts";
import type { Ground } from "../fleet/ground.ts";
import type { RunGpg } from "../sops/pgp.ts";
import type { Plan } from "./plan.ts";

export interface Workplace {
  readonly ground: Ground;
  /** The model of the whole repository; loaded when first asked for. */
  readonly fleet: () => Promise<Fleet>;
  /** The person's identities; read when first asked for. */
  readonly keyring: () => Promise<Keyring>;
  /** Seals many data keys at once, on all cores. @param expected how many, as far as that is known */
  readonly openSealer: (expected: number) => Sealer;
  readonly gpg: { readonly run: RunGpg; readonly program: string };
  readonly now: () => Date;
  /** Applies a plan whole or not at all. @throws SecretsError of kind `conflict` when a file moved since it was read. */
  readonly apply: (plan: Plan) => Promise<void>;
}
