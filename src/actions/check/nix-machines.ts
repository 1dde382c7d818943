/** Findings about machines that only one of two knows: the Nix files of the fleet, or its keys. */
import { matchAnchor, NameIndex } from "../../fleet/anchor-name.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { nixString } from "../../fleet/nix/attribute-name.ts";
import { machineFolderOf } from "../../fleet/nix/machine-layout.ts";
import type { ExportedModule, RegisteredMachine } from "../../fleet/nix/module-facts.ts";
import { type MachineClass, machineModule } from "../../fleet/nix/names-of-modules.ts";
import { scaffoldModule } from "../machine/scaffold.ts";
import { refuseNewName } from "../principal/new-name.ts";
import { finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import type { NixView, Placed, Suspicion } from "./nix-view.ts";
import { shellWord } from "./shell-word.ts";

/** What neither Nix nor clan's registry of machines is the only one to state. */
export interface ClanNames {
  /** In `inventory.json`, or by a folder in `machines/`. */
  has(name: string): Promise<boolean>;
}

/** Modules that are under their right name, and that nothing imports. */
export function suspectUnregistered(view: NixView): Suspicion[] {
  const machines = view.machines();
  if (machines.length === 0 && !view.layout.registryFile) return [];
  const told = new Set<string>();
  return view.exports().flatMap(({ path, what }): Suspicion[] => {
    const { class: of, name } = what;
    const folder = machineFolderOf(path);
    if (folder === undefined || folder.class !== of || machineModule(of, folder.host) !== name) return [];
    if (view.isMentioned(of, name) || told.has(name) || view.asksInVain(folder.host)) return [];
    told.add(name);
    return [{ finding: unregistered({ path, what }, folder.host, machines), restsOn: "mentions", about: folder.host }];
  });
}

function unregistered(
  { path, what }: Placed<ExportedModule>,
  host: string,
  machines: readonly Placed<RegisteredMachine>[],
) {
  const entries = machines.filter((one) => one.what.name === host);
  const entry = entries.find((one) => one.what.tier === "machines");
  if (entry !== undefined) {
    const place = { path: entry.path, line: entry.what.line };
    const module = `config.flake.modules.${what.class}.${nixString(what.name)}`;
    const message = `${host} is registered without its module; add ${module} to its imports`;
    return finding("machine-unregistered", place, message, editAt(place));
  }
  const { registration, registry } = scaffoldModule(host, what.class);
  const message = `${host} has a module that nothing registers; add ${registration.join(" ")}`;
  const where = machines.find((one) => one.what.tier === "machines")?.path ?? registry;
  return finding("machine-unregistered", { path, line: what.line }, message, editAt({ path: where }));
}

/** Registered, and no key of it is stated anywhere. @param misspelt names that are to be changed, not to be given keys */
export function suspectKeyless(view: NixView, { principals }: Fleet, misspelt: ReadonlySet<string>): Suspicion[] {
  // A fleet that states nobody's key keeps its secrets in another way.
  if (principals.all.length === 0) return [];
  const machines = new Map<string, Placed<RegisteredMachine>>();
  const classes = new Map<string, MachineClass>();
  for (const one of view.machines()) {
    const { name, tier, certain } = one.what;
    const of = one.what.class ?? one.what.modules.find((module) => module.class !== undefined)?.class;
    if (of !== undefined) classes.set(name, of);
    if (certain && (!machines.has(name) || tier === "machines")) machines.set(name, one);
  }
  for (const { class: of, host } of view.layout.folders) if (!classes.has(host)) classes.set(host, of);
  const names = new NameIndex([...machines.keys()].map((name) => ({ name, kind: "machine" as const })));
  const keyed = new Set(
    principals.all.flatMap(({ name, kind }) =>
      kind === "machine" || kind === "unknown" ? (matchAnchor(name, names)?.name ?? []) : [],
    ),
  );
  return [...machines].flatMap(([name, { path, what }]): Suspicion[] => {
    if (keyed.has(name) || misspelt.has(name)) return [];
    const place = { path, line: what.line };
    const message = `${name} is registered and has no key in sops/machines or .sops.yaml, so it can read nothing`;
    const darwin = classes.get(name) === "darwin" ? " --platform darwin" : "";
    const fix = canBeAdded(name) ? `secrets machine add ${shellWord(name)} --generate${darwin}` : editAt(place);
    return [{ finding: finding("machine-keyless", place, message, fix), about: name }];
  });
}

/** In clan's registry, and Nix does not know it. */
export async function suspectWithoutModule(view: NixView, { registry }: Fleet, clan: ClanNames): Promise<Suspicion[]> {
  if (view.machines().length === 0) return [];
  const known = view.registered();
  const found: Suspicion[] = [];
  for (const [name, { path }] of registry.machines) {
    const there = known.has(name) || view.layout.folders.some(({ host }) => host === name) || view.speaksOf(name);
    if (there || (await clan.has(name))) continue;
    const message = `${name} has a key and no Nix file knows a machine of that name; if it is gone, lock it out`;
    const fix = `secrets machine rm ${shellWord(name)}`;
    found.push({
      finding: finding("machine-without-module", { path }, message, fix),
      restsOn: "registry",
      about: name,
    });
  }
  return found;
}

function canBeAdded(name: string): boolean {
  try {
    refuseNewName("machine", name);
    return true;
  } catch {
    return false;
  }
}
