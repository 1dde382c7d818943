/** `secrets machine show`: how far a machine has come, by which key it is known, and what it reads. */
import { fingerprintOf } from "../../age/ssh-fingerprint.ts";
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Principal } from "../../fleet/principals.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { shellWord } from "../check/shell-word.ts";
import { groupsWith } from "../principal/groups.ts";
import type { Workplace } from "../workplace.ts";
import { derivedRecipients, type KeyOrigin, keyOrigin } from "./key-origin.ts";
import { type MachineFacts, machineFacts } from "./machine-facts.ts";

/**
 * `planned`: something in the fleet is meant for it, and it has no key. `keyed`: a key is registered. `sealed`:
 * everything that it should read is sealed to that key. `verified`: and the machine itself was seen to have it.
 */
export type MachineState = "planned" | "keyed" | "sealed" | "verified";

/** That a machine was asked by `machine verify` on this clone, and had the key. */
export interface Verified {
  /** RFC 3339. */
  readonly at: string;
  readonly recipient: string;
  /** `the host at web01`, … */
  readonly by: string;
}

export interface ShownMachine {
  readonly schemaVersion: 1;
  readonly machine: string;
  readonly state: MachineState;
  readonly origin: KeyOrigin;
  readonly keys: readonly { readonly recipient: string; readonly places: readonly string[] }[];
  /** `SHA256:…`; undefined when the fleet does not know its host key. */
  readonly hostFingerprint?: string;
  readonly groups: readonly string[];
  readonly reads: readonly ShownDocument[];
  /** What policy says that it should read, and what is not sealed to it. */
  readonly waiting: readonly ShownDocument[];
  readonly verified?: Verified;
  /** The next thing to type. */
  readonly next: readonly string[];
}

export interface ShownDocument {
  readonly tier: "vars" | "files";
  readonly address: string;
}

/** @throws SecretsError `E_NOT_FOUND` for a name that nothing in the fleet speaks of */
export async function showMachine(
  workplace: Workplace,
  name: string,
  lastSeen: Verified | undefined,
): Promise<ShownMachine> {
  const fleet = await workplace.fleet();
  const principal = fleet.principals.find(name, "machine") ?? fleet.principals.find(name, "unknown");
  const own = fleet.documents.filter(({ parts }) => parts.kind === "var" && parts.machine === name);
  if (principal === undefined && own.length === 0 && !(await isPlanned(workplace, name))) throw unknown(fleet, name);
  const facts = await machineFacts(workplace, name, principal);
  const ids = new Set((principal?.keys ?? []).map(({ id }) => id));
  const reads = fleet.documents.filter((document) => opensAlone(document, (id) => ids.has(id)));
  const waiting = fleet.documents.filter(({ missing }) => missing.some((id) => ids.has(id)));
  const verified = lastSeen !== undefined && ids.has(lastSeen.recipient) ? lastSeen : undefined;
  const state = stateOf(facts, waiting, verified);
  const origin = keyOrigin(facts, derivedRecipients(facts));
  const hostKey = facts.publicValue?.publicKey ?? facts.knownHost?.publicKey;
  return {
    schemaVersion: 1,
    machine: name,
    state,
    origin,
    keys: (principal?.keys ?? []).map(({ id, origins }) => ({
      recipient: id,
      places: origins.map(({ path, line }) => `${path}:${line}`),
    })),
    ...(hostKey === undefined ? {} : { hostFingerprint: fingerprintOf(hostKey) }),
    groups: principal === undefined ? [] : groupsWith(fleet, principal),
    reads: reads.map(shown),
    waiting: waiting.map(shown),
    ...(verified === undefined ? {} : { verified }),
    next: nextOf(name, state, principal),
  };
}

/** A module or links wait for it. */
async function isPlanned({ ground }: Workplace, name: string): Promise<boolean> {
  const entries = await ground.list();
  return entries.some(
    ({ path }) =>
      path.startsWith(`modules/machines/nixos/${name}/`) ||
      path.startsWith(`modules/machines/darwin/${name}/`) ||
      path.startsWith(`vars/per-machine/${name}/`) ||
      path.endsWith(`/machines/${name}`),
  );
}

function stateOf(
  { statements }: MachineFacts,
  waiting: readonly FleetDocument[],
  verified: Verified | undefined,
): MachineState {
  if (statements.length === 0) return "planned";
  if (waiting.length > 0) return "keyed";
  return verified === undefined ? "sealed" : "verified";
}

function nextOf(name: string, state: MachineState, principal: Principal | undefined): string[] {
  if (state === "planned") return [`secrets machine add ${shellWord(name)} --generate`];
  if (state === "keyed") return ["secrets sync"];
  if (state === "sealed" && principal !== undefined) return [`secrets machine verify ${shellWord(name)} --scan HOST`];
  return [];
}

function shown({ tier, address }: FleetDocument): ShownDocument {
  return { tier, address };
}

function unknown({ principals }: Fleet, name: string): SecretsError {
  const known = principals.all.flatMap((one) => (one.kind === "machine" || one.kind === "unknown" ? [one.name] : []));
  return new SecretsError("E_NOT_FOUND", `there is no machine ${name}`, {
    hint: didYouMean(name, known) ?? `secrets machine add ${name} makes one known`,
  });
}
