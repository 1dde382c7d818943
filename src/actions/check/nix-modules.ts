/**
 * The cross-check of a fleet's Nix files with its keys, which nothing else makes: `nix` knows no keys, and sops no modules. The
 * files are read as text. Where they compute what would have to be known, a note says so in place of the finding.
 */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import type { Ground } from "../../fleet/ground.ts";
import { readMachineLayout, type UnreadNixFile } from "../../fleet/nix/machine-layout.ts";
import { namedFew } from "../named-few.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import { type ClanNames, suspectKeyless, suspectUnregistered, suspectWithoutModule } from "./nix-machines.ts";
import { suspectEntries, suspectNames } from "./nix-namespaces.ts";
import { NixView, type Suspicion } from "./nix-view.ts";

/** None for a fleet that states its machines in another layout than `modules/machines/` and `modules/clan/`. */
export async function checkNixModules(fleet: Fleet): Promise<Finding[]> {
  const layout = await readMachineLayout(fleet.ground);
  if (layout === undefined) return [];
  const clan = clanNames(fleet.ground);
  const near = new NixView(layout);
  const first = await suspicions(near, fleet, clan);
  if (first.every(({ restsOn }) => restsOn === undefined)) return first.map((one) => one.finding);
  // Only now is it worth reading every other Nix file: one of them may say what seemed to be missing.
  const whole = new NixView(layout, await layout.others());
  return settle(whole, await suspicions(whole, fleet, clan));
}

async function suspicions(view: NixView, fleet: Fleet, clan: ClanNames): Promise<Suspicion[]> {
  const entries = suspectEntries(view);
  return [
    ...suspectNames(view),
    ...entries,
    ...suspectUnregistered(view),
    ...suspectKeyless(view, fleet, new Set(entries.map(({ about }) => about))),
    ...(await suspectWithoutModule(view, fleet, clan)),
  ];
}

/** What can be told, and one note a place for what cannot. */
function settle(view: NixView, all: readonly Suspicion[]): Finding[] {
  const findings: Finding[] = [];
  const withheld = new Map<string, { readonly place: UnreadNixFile; readonly about: Set<string> }>();
  for (const { finding: found, restsOn, about } of all) {
    const place = restsOn === undefined ? undefined : view.doubt(restsOn);
    if (place === undefined) {
      findings.push(found);
      continue;
    }
    const key = `${place.path}:${place.line ?? 0}`;
    const note = withheld.get(key) ?? { place, about: new Set() };
    note.about.add(about);
    withheld.set(key, note);
  }
  for (const { place, about } of withheld.values()) {
    const message = `${place.reason}, so it cannot be told whether all is right with ${namedFew([...about], 4).join(", ")}`;
    findings.push(finding("nix-unsure", place, message, editAt(place)));
  }
  return findings;
}

/** Clan takes every folder in `machines/` for a machine, and what its own commands wrote to `inventory.json`. */
function clanNames(ground: Ground): ClanNames {
  let inventory: Promise<ReadonlySet<string>> | undefined;
  return {
    has: async (name) => {
      inventory ??= readInventory(ground);
      return (await inventory).has(name) || (await ground.kind(`machines/${name}`)) === "directory";
    },
  };
}

async function readInventory(ground: Ground): Promise<ReadonlySet<string>> {
  try {
    const { machines } = JSON.parse(Buffer.from(await ground.read("inventory.json")).toString("utf8"));
    return new Set(Object.keys(machines ?? {}));
  } catch (error) {
    if (error instanceof SecretsError || error instanceof SyntaxError || error instanceof TypeError) return new Set();
    throw error;
  }
}
