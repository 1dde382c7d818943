/** What has become of the values on the checklists, told without any key. */
import type { Fleet } from "../../fleet/fleet.ts";
import type { Ground } from "../../fleet/ground.ts";
import type { Checklist, ChecklistEntry } from "./checklist.ts";
import { sameByTraces, type Traces, tracesOf } from "./sealed-values.ts";

/**
 * `same`: it is as it was; `renewed`: it is proved to be another one; `resealed`: sealed anew under another data key, and
 * nothing tells whether the value is another one; `gone`: nothing lies at its address.
 */
export type RenewalState = "same" | "renewed" | "resealed" | "gone";

export interface EntryStanding {
  readonly list: Checklist;
  readonly entry: ChecklistEntry;
  readonly state: RenewalState;
}

export async function readStandings(fleet: Fleet, lists: readonly Checklist[]): Promise<readonly EntryStanding[]> {
  const traces = new FleetTraces(fleet);
  const standings: EntryStanding[] = [];
  for (const list of lists) {
    for (const entry of list.entries) {
      standings.push({ list, entry, state: stateOf(entry.traces, await traces.at(entry.address)) });
    }
  }
  return standings;
}

function stateOf(then: Traces, now: Traces | undefined): RenewalState {
  if (now === undefined) return "gone";
  const same = sameByTraces(then, now);
  return same === undefined ? "resealed" : same ? "same" : "renewed";
}

/** An address of one value in its two parts; of a binary document the key is empty. */
export function splitAddress(address: string): { readonly document: string; readonly key: string } {
  const mark = /(?<!\\)#/.exec(address);
  if (mark === null) return { document: address, key: "" };
  return { document: address.slice(0, mark.index), key: address.slice(mark.index + 1) };
}

/** Traces of values as they lie in the fleet; each document is read once. */
class FleetTraces {
  readonly #ground: Ground;
  readonly #documents: ReadonlyMap<string, Fleet["documents"][number]>;
  readonly #known = new Map<string, ReturnType<typeof tracesOf>>();

  constructor({ ground, documents }: Fleet) {
    this.#ground = ground;
    this.#documents = new Map(documents.map((document) => [document.address, document]));
  }

  async at(address: string): Promise<Traces | undefined> {
    const { document, key } = splitAddress(address);
    const found = this.#documents.get(document);
    if (found === undefined) return undefined;
    if (!this.#known.has(document)) {
      this.#known.set(document, tracesOf(await this.#ground.read(found.path), found.format));
    }
    return this.#known.get(document)?.get(key);
  }
}
