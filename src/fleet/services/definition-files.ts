/** Every `vars/services/<service>.yaml` of the fleet, and the services that follow: one for all machines, or one for each. */
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../address.ts";
import { type Registry, readRegistry } from "../clan/registry.ts";
import type { Ground } from "../ground.ts";
import { listedGround } from "../listed.ts";
import { type Definition, readDefinition } from "./definition.ts";
import { Faults } from "./definition-fields.ts";
import { definedName } from "./definition-place.ts";
import { quoted, readDefinitionTree, type TextNode } from "./definition-tree.ts";
import type { Service } from "./service.ts";
import { foldName, isServiceName } from "./service-names.ts";

const FIRST = { line: 1, column: 1 };

/** @returns what is sound, sorted by address, and every fault of all that is not, in the order of the files */
export async function readServiceFiles(
  place: Ground,
): Promise<{ services: readonly Service[]; faults: readonly SecretsError[] }> {
  const { ground, index } = await listedGround(place);
  const registry = await readRegistry(ground, index);
  const services: Service[] = [];
  const faults: SecretsError[] = [];
  const taken = new Map<string, { readonly name: string; readonly path: string }>();
  for (const { path, kind } of index.files) {
    const name = definedName(path);
    if (name === undefined) continue;
    const told = new Faults(path);
    const read = kind === "link" ? told.tell(LINKED, FIRST, []) : await readOne(ground, registry, path, name, told);
    const other = taken.get(foldName(name));
    if (other === undefined) services.push(...(read ?? []));
    else if (other.name === name) {
      told.tell(`the service ${name} is defined in two files`, FIRST, [], `the other one is ${other.path}`);
    } else {
      const message = `the services ${quoted(other.name)} and ${quoted(name)} would be one folder on a Mac`;
      told.tell(message, FIRST, [], `rename one of them: the other one is ${other.path}`);
    }
    taken.set(foldName(name), { name, path });
    faults.push(...told.found);
  }
  return { services: services.sort((a, b) => (a.address < b.address ? -1 : 1)), faults };
}

const LINKED = "a definition is a file, and this is a link";

async function readOne(
  ground: Ground,
  registry: Registry,
  path: string,
  name: string,
  faults: Faults,
): Promise<readonly Service[]> {
  try {
    const tree = readDefinitionTree(await ground.read(path), path);
    if (!isServiceName(name)) faults.tell("the name of this file is no name of a service", FIRST, []);
    const definition = readDefinition(tree, name, faults);
    if (definition === undefined) return [];
    const services = placeServices(definition, name, path, registry, faults);
    return faults.found.length > 0 ? [] : services;
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    faults.found.push(error.at({ file: path }));
    return [];
  }
}

function placeServices(
  definition: Definition,
  name: string,
  path: string,
  registry: Registry,
  faults: Faults,
): Service[] {
  const { share, files, prompts, dependencies, validation, maker, line } = definition;
  const machines = machinesOf(definition, registry, faults);
  const readers = readersOf(definition, registry, faults);
  if (maker === undefined) return [];
  const origin = { kind: "file", path, line } as const;
  const rest = { name, files, prompts, dependencies, validation, readers, maker, origin };
  if (machines.length === 0) refuseIdle(definition, readers, faults);
  if (share) return [{ ...rest, address: `vars/shared/${name}`, machine: undefined, machines }];
  return machines.map((machine) => ({ ...rest, address: `vars/${machine}/${name}`, machine, machines: [machine] }));
}

/** One that would make nothing, or what nobody reads. A fleet that has no machine yet may say what all will have. */
function refuseIdle({ share, machines }: Definition, readers: readonly string[] | undefined, faults: Faults): void {
  if (machines === "all" || faults.found.length > 0) return;
  if (!share) {
    faults.tell(
      "no machine has this service",
      FIRST,
      ["machines"],
      "share: true makes one set of values for people alone",
    );
  } else if (readers === undefined || readers.length === 0) {
    faults.tell("nobody reads this service: neither a machine nor a person", FIRST, ["machines"]);
  }
}

function machinesOf({ machines, groups }: Definition, registry: Registry, faults: Faults): string[] {
  if (machines === "all") return [...registry.machines.keys()].sort();
  const named = (machines ?? []).flatMap((node) => known(node, registry.machines, "machine", "machines", faults));
  const members = groups.flatMap(
    ({ text }) => registry.groups.get(text)?.members.filter(({ kind }) => kind === "machines") ?? [],
  );
  return [...new Set([...named, ...members.map((member) => member.name)])].sort();
}

/**
 * A group of people alone is linked as it is, so that whoever joins it reads what is there. Of one that has machines as
 * well the people are linked by name: otherwise each of its machines would read what belongs to one of them.
 */
function readersOf(
  { groups, readers, share, files }: Definition,
  registry: Registry,
  faults: Faults,
): string[] | undefined {
  const named = readers?.flatMap((node) => {
    const [kind, name = "", ...more] = node.text.split("/");
    const kept = kind === "users" ? registry.users : kind === "groups" ? registry.groups : undefined;
    if (kept !== undefined && more.length === 0) {
      return known({ ...node, text: name }, kept, kind === "users" ? "user" : "group", "readers", faults).map(
        () => node.text,
      );
    }
    faults.tell("a reader is users/NAME or groups/NAME", node, ["readers"]);
    return [];
  });
  const ofGroups = groups.flatMap((node) => {
    if (known(node, registry.groups, "group", "groups", faults).length === 0) return [];
    const members = registry.groups.get(node.text)?.members ?? [];
    const people = members.filter(({ kind }) => kind === "users").map(({ name }) => `users/${name}`);
    if (people.length === 0) return [];
    const whole = people.length === members.length || (share && files.every(({ secret, deploy }) => !secret || deploy));
    return whole ? [`groups/${node.text}`] : people;
  });
  const all = [...new Set([...(named ?? []), ...ofGroups])].sort();
  return named === undefined && all.length === 0 ? undefined : all;
}

function known(
  node: TextNode,
  names: ReadonlyMap<string, unknown>,
  what: string,
  field: string,
  faults: Faults,
): string[] {
  if (names.has(node.text)) return [node.text];
  faults.tell(`there is no ${what} ${quoted(node.text)}`, node, [field], () => {
    // What cannot be a name of ours is not worth a suggestion, and may hold a line break.
    const usual = [...names.keys()].filter(isServiceName).sort();
    return didYouMean(node.text, usual) ?? `known: ${usual.slice(0, 12).join(", ") || "none"}`;
  });
  return [];
}
