/** The commands about services and their values: their arguments and their help. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import { changeAliases, changeFlags, json, named, repeated, switched, valued } from "./change-flags.ts";
import type { GenerateFlags } from "./commands/generate.ts";
import type { ServiceFlags } from "./commands/service.ts";
import type { NewServiceFlags } from "./commands/service-new.ts";
import type { Context } from "./context.ts";
import { completeName } from "./proposals.ts";

const machine = {
  ...named("MACHINE", "Only what this machine has"),
  proposeCompletions: completeName("machine"),
} as const;

/** Where definitions come from, for every command that reads them. */
const noNix = switched("Do not start nix: clan's services as they were when it ran last, or an error");

const { planOut: _, json: __, ...applying } = changeFlags;

export const generate = buildCommand<GenerateFlags, string[], Context>({
  loader: async () => (await import("./commands/generate.ts")).generate,
  parameters: {
    flags: {
      ...applying,
      json,
      service: {
        ...repeated("SERVICE", "Only this service, by name or address"),
        proposeCompletions: completeService,
      },
      regenerate: switched("New values also where nothing is missing or old"),
      check: switched("Say what would run, and exit with 1 if anything would"),
      answers: valued("FILE", "Answers to prompts, as YAML: vars/MACHINE/SERVICE/PROMPT: TEXT; - is stdin"),
      noNix,
      noSandbox: switched("Run scripts without a sandbox: they can then read and change what you can"),
      allowDisk: switched("Let plain text lie on disk while a script runs, where there is no memory-backed place"),
    },
    aliases: changeAliases,
    positional: { kind: "array", parameter: machine },
  },
  docs: {
    brief: "Make the values that are missing or old, and everything that is made of them",
    customUsage: ["", "MACHINE…", "--regenerate --service NAME", "--check"],
    fullDescription:
      "Runs services in the order in which they read each other's files, asks their prompts first, and writes what they made as one change. What is there stays, unless its definition, its validation or what it reads has changed.",
  },
});

const service = {
  ...named("SERVICE", "A name or an address: vars/MACHINE/SERVICE"),
  proposeCompletions: completeService,
} as const;

async function completeService(this: Context, partial: string): Promise<readonly string[]> {
  const { proposeServices } = await import("./commands/complete.ts");
  return proposeServices(this, partial);
}

const list = buildCommand<ServiceFlags, [], Context>({
  loader: async () => (await import("./commands/service.ts")).listServices,
  parameters: { flags: { json, noNix } },
  docs: { brief: "Every service: what makes it, where it is defined, and how it stands" },
});

const show = buildCommand<ServiceFlags, [string], Context>({
  loader: async () => (await import("./commands/service.ts")).showService,
  parameters: { flags: { json, noNix }, positional: { kind: "tuple", parameters: [service] } },
  docs: { brief: "Files, prompts, dependencies, who gets them, and why it is or is not current" },
});

const check = buildCommand<ServiceFlags, [], Context>({
  loader: async () => (await import("./commands/service.ts")).checkDefinitions,
  parameters: { flags: { json, noNix } },
  docs: { brief: "Every fault of every definition, at its line; exits with 1 if there is one" },
});

const edit = buildCommand<object, [string], Context>({
  loader: async () => (await import("./commands/service-edit.ts")).editService,
  parameters: { positional: { kind: "tuple", parameters: [service] } },
  docs: { brief: "Edit a definition; it is checked before it is saved" },
});

const create = buildCommand<NewServiceFlags, [string], Context>({
  loader: async () => (await import("./commands/service-new.ts")).newService,
  parameters: {
    flags: {
      kind: {
        ...valued("KIND", "What makes it: ssh-key, password, x509-cert, random, …"),
        proposeCompletions: completeKind,
      },
      script: switched("A script of your own makes it"),
      share: switched("One set of values for all its machines"),
      machine: { ...repeated("MACHINE", "Has it; all: every machine"), proposeCompletions: completeName("machine") },
      group: {
        ...repeated("GROUP", "Its machines have it, its people read it"),
        proposeCompletions: completeName("group"),
      },
      dryRun: switched("Print the definition, and write nothing"),
    },
    aliases: { n: "dryRun" },
    positional: { kind: "tuple", parameters: [named("NAME", "A new name")] },
  },
  docs: {
    brief: "Write a definition to go on with, and the schema that editors complete it by",
    customUsage: ["NAME --kind KIND --machine MACHINE", "NAME --script --share --machine all"],
  },
});

async function completeKind(this: Context, partial: string): Promise<readonly string[]> {
  const { KINDS } = await import("../fleet/services/kinds.ts");
  return Object.keys(KINDS).filter((name) => name.startsWith(partial));
}

export const services = buildRouteMap({
  routes: { ls: list, show, check, edit, new: create },
  docs: { brief: "Definitions of what makes values: clan's own out of the flake, and vars/services/*.yaml" },
});
