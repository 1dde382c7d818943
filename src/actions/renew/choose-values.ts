/** Which values are to be renewed: those at some addresses, or all that somebody could read. */
import { SecretsError } from "../../errors.ts";
import type { Root } from "../../repo/root.ts";
import { documentsAt } from "../rekey/documents-at.ts";
import type { Workplace } from "../workplace.ts";
import { keysEverHeld } from "./ever-held.ts";
import { type ExposedValue, exposedTo, machinesOpenedBy, valuesOf } from "./exposure.ts";
import { splitAddress } from "./standing.ts";

export interface ChosenValues {
  readonly values: readonly ExposedValue[];
  /** For a person: why these. */
  readonly reason: string;
  /** For the name of a file. */
  readonly label: string;
  readonly warnings: readonly string[];
}

/** @throws SecretsError `E_NOT_FOUND`, `E_ADDRESS` */
export async function valuesAt(workplace: Workplace, addresses: readonly string[]): Promise<ChosenValues> {
  const fleet = await workplace.fleet();
  const chosen = new Map<string, ExposedValue>();
  for (const text of addresses) {
    const { document, key } = splitAddress(text);
    const documents = await documentsAt(fleet, [document]);
    const found: ExposedValue[] = [];
    for (const one of documents) {
      const { values } = await valuesOf(workplace, one);
      for (const value of values) {
        const own = value.address.slice(one.address.length + 1);
        if (key === "" || own === key || own.startsWith(`${key}/`)) found.push({ ...value, proved: true });
      }
    }
    for (const value of found) chosen.set(value.address, value);
    if (found.length === 0) {
      throw new SecretsError("E_NOT_FOUND", `no sealed value lies at ${text}`, {
        hint: "secrets ls shows every address; what is public, or empty, has nothing to renew",
      });
    }
  }
  return { values: [...chosen.values()], reason: "a renewal was asked for", label: "asked-for", warnings: [] };
}

/**
 * Whoever could read the private key of a machine reads what the machine reads: that counts as well.
 * @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`, and what git throws
 */
export async function valuesReadableBy(workplace: Workplace, root: Root, text: string): Promise<ChosenValues> {
  const fleet = await workplace.fleet();
  const { who, ids } = await keysEverHeld(root, fleet, text);
  const all = new Set(ids);
  const machines = new Set<string>();
  let values: readonly ExposedValue[] = [];
  for (let grown = true; grown; ) {
    values = await exposedTo(workplace, root, fleet.documents, all);
    grown = false;
    for (const machine of machinesOpenedBy(values)) {
      if (machines.has(machine) || who === `machines/${machine}`) continue;
      machines.add(machine);
      const before = all.size;
      for (const id of await machineIds(root, fleet, machine)) all.add(id);
      grown ||= all.size > before;
    }
  }
  const current = [...machines].filter((name) => fleet.principals.find(name, "machine") !== undefined).sort();
  return { values, reason: `${who} could read these`, label: who, warnings: warningsFor(who, current, values) };
}

async function machineIds(root: Root, fleet: Parameters<typeof keysEverHeld>[1], name: string) {
  try {
    return (await keysEverHeld(root, fleet, `machines/${name}`)).ids;
  } catch (error) {
    // A key that was sealed for a machine that never was one.
    if (error instanceof SecretsError && error.code === "E_NOT_FOUND") return [];
    throw error;
  }
}

function warningsFor(who: string, machines: readonly string[], values: readonly ExposedValue[]): string[] {
  const unproved = values.filter(({ proved }) => !proved).length;
  return [
    ...machines.map(
      (name) =>
        `${who} could read the private key of ${name}, and with it what ${name} reads: secrets rotate machine ${name} first`,
    ),
    ...(unproved === 0
      ? []
      : [
          `${unproved === 1 ? "1 value was" : `${unproved} values were`} sealed anew since, and no key here tells whether ${unproved === 1 ? "it is" : "they are"} another one now`,
        ]),
  ];
}
