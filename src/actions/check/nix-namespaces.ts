/** Findings about the names of machine modules: a misspelt one is a module that nobody imports, and Nix says nothing. */
import { machineFolderOf } from "../../fleet/nix/machine-layout.ts";
import type { ExportedModule, RegisteredMachine } from "../../fleet/nix/module-facts.ts";
import { type MachineClass, machineModule, nearest } from "../../fleet/nix/names-of-modules.ts";
import { finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import type { NixView, Placed, Suspicion } from "./nix-view.ts";

export function suspectNames(view: NixView): Suspicion[] {
  const misspelt = view.exports().flatMap((one) => suspectExport(view, one) ?? []);
  // What stands under another name is missing under its own: one fault, one finding.
  const explained = new Set(misspelt.map(({ meant }) => meant));
  return [...misspelt, ...suspectMentions(view, explained)];
}

/** Names in the registry that are not those of the machines whose modules they are made of. */
export function suspectEntries(view: NixView): Suspicion[] {
  return view.machines().flatMap((machine) => suspectEntry(view, machine) ?? []);
}

/** A module that nothing refers to, under a name that is not the one of its folder. */
function suspectExport(
  view: NixView,
  { path, what }: Placed<ExportedModule>,
): (Suspicion & { readonly meant: string | undefined }) | undefined {
  const { class: of, name, line } = what;
  if (view.isMentioned(of, name) || view.hasFolder(of, name)) return undefined;
  const folder = machineFolderOf(path);
  const guess = folder === undefined ? view.nearestTo(name) : machineModule(folder.class, folder.host);
  const meant = guess === undefined ? undefined : moduleOf(folder?.class ?? of, guess);
  const said = folder === undefined ? "" : `, and this is the folder of ${folder.host}`;
  const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
  const message = `nothing imports ${moduleOf(of, name)}${said}${advice}`;
  return {
    finding: finding("machine-namespace", { path, line }, message, editAt({ path, line })),
    restsOn: "mentions",
    about: name,
    meant,
  };
}

/** A module that is asked for and that no file exports. */
function suspectMentions(view: NixView, explained: ReadonlySet<string | undefined>): Suspicion[] {
  return view.mentions().flatMap(({ path, what }) => {
    const { class: of, name, line, needed } = what;
    if (!needed || of === undefined || view.isExported(of, name) || explained.has(moduleOf(of, name))) return [];
    const other = otherClass(of);
    const guess = view.isExported(other, name) ? moduleOf(other, name) : nearestModule(view, of, name);
    const message = `no file exports ${moduleOf(of, name)}${guess === undefined ? "" : `; did you mean ${guess}?`}`;
    const found = finding("machine-namespace", { path, line }, message, editAt({ path, line }));
    return [{ finding: found, restsOn: "exports", about: name }];
  });
}

function nearestModule(view: NixView, of: MachineClass, name: string): string | undefined {
  const near = view.nearestTo(name);
  return near === undefined ? undefined : moduleOf(view.isExported(of, near) ? of : classIn(near, of), near);
}

function suspectEntry(view: NixView, { path, what }: Placed<RegisteredMachine>): Suspicion | undefined {
  const { name, line, modules } = what;
  const [only, ...more] = [...new Set(modules.map((module) => module.name))];
  const folder = view.layout.folders.find((one) => only === machineModule(one.class, one.host));
  if (only === undefined || more.length > 0 || folder === undefined || folder.host === name) return undefined;
  if (view.registered().has(folder.host) || view.layout.folders.some(({ host }) => host === name)) return undefined;
  // A machine may be made of another's module on purpose; one letter apart it is not.
  if (nearest(name, [folder.host], 2) === undefined) return undefined;
  const message = `${name} is made of the module of ${folder.host}, which is registered nowhere; did you mean ${folder.host}?`;
  const found = finding("machine-namespace", { path, line }, message, editAt({ path, line }));
  return { finding: found, restsOn: "registry", about: name };
}

function moduleOf(of: MachineClass, name: string): string {
  return `flake.modules.${of}."${name}"`;
}

function otherClass(of: MachineClass): MachineClass {
  return of === "nixos" ? "darwin" : "nixos";
}

function classIn(name: string, otherwise: MachineClass): MachineClass {
  return name.startsWith("machines/darwin/") ? "darwin" : name.startsWith("machines/nixos/") ? "nixos" : otherwise;
}
