/** Which values are to be renewed: those at some addresses, or all that somebody could read. */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Root } from "../../repo/root.ts";
import { documentsAt } from "../rekey/documents-at.ts";
import type { Workplace } from "../workplace.ts";
import { KeyHistory } from "./ever-held.ts";
import { type ExposedValue, type Exposure, exposedTo, machineOfKey, valuesOf } from "./exposure.ts";
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
 * Whoever could read the private key of a machine reads what the machine reads: that counts as well, up to the day on which
 * the machine got another key.
 * @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`, and what git throws
 */
export async function valuesReadableBy(workplace: Workplace, root: Root, text: string): Promise<ChosenValues> {
  const fleet = await workplace.fleet();
  const history = new KeyHistory(root, fleet);
  const { who, ids } = await history.of(text);
  const all = new Set(ids);
  for (;;) {
    const before = all.size;
    const exposure = await exposedTo(workplace, root, fleet.documents, all);
    const machines = openedMachines(exposure, who);
    for (const [machine, now] of machines) {
      for (const id of await machineIds(history, fleet, machine, now)) all.add(id);
    }
    if (all.size > before) continue;
    const open = [...machines].flatMap(([machine, now]) => (now ? [machine] : [])).sort();
    return {
      values: exposure.values,
      reason: `${who} could read these`,
      label: who,
      warnings: warningsFor(who, open, exposure.values),
    };
  }
}

/** The machines whose private key they could read, and whether it is the one that the machine has now. */
function openedMachines({ values, readable }: Exposure, who: string): ReadonlyMap<string, boolean> {
  const unchanged = new Set(values.map(({ document }) => document));
  const machines = new Map<string, boolean>();
  for (const document of readable) {
    const machine = machineOfKey(document);
    if (machine === undefined || who === `machines/${machine}`) continue;
    machines.set(machine, machines.get(machine) === true || unchanged.has(document));
  }
  return machines;
}

/** @param now the key that it has now is among those that they could read */
async function machineIds(history: KeyHistory, fleet: Fleet, name: string, now: boolean): Promise<readonly string[]> {
  try {
    const { ids } = await history.of(`machines/${name}`);
    const current = new Set((fleet.principals.find(name, "machine")?.keys ?? []).map(({ id }) => id));
    return [...ids].filter((id) => now || !current.has(id));
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
