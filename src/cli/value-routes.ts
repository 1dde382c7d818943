/** The commands that move values, and that see to new ones: their arguments and their help. */
import { buildCommand } from "@stricli/core";
import { changeAliases, changeFlags, json, named, repeated, switched, valued } from "./change-flags.ts";
import type { ExportFlags } from "./commands/export.ts";
import type { ImportFlags } from "./commands/import.ts";
import type { RenewFlags } from "./commands/renew.ts";
import type { Context } from "./context.ts";
import { completeAddress, completeName } from "./proposals.ts";

export const exportValues = buildCommand<ExportFlags, string[], Context>({
  loader: async () => (await import("./commands/export.ts")).exportValues,
  parameters: {
    flags: { partial: switched("Leave out what no key of yours opens, instead of stopping"), json },
    positional: {
      kind: "array",
      parameter: {
        ...named("ADDRESS… DIR", "What to export, all values when left out; then a new folder"),
        proposeCompletions: completeAddress,
      },
      minimum: 1,
    },
  },
  docs: {
    brief: "Write values of the vars tier in clear into a new folder outside of the repository",
    customUsage: ["DIR", "vars/web01 vars/shared/wifi DIR", "'vars/*/openssh' DIR"],
    fullDescription:
      "The folder has the layout of clan's own dump: {per-machine/MACHINE|shared}/SERVICE/FILE, with validation hashes. It is whole, or not there; secrets import reads it in another fleet.",
  },
});

const { planOut: _, ...applying } = changeFlags;

export const importValues = buildCommand<ImportFlags, string[], Context>({
  loader: async () => (await import("./commands/import.ts")).importValues,
  parameters: {
    flags: {
      ...applying,
      to: {
        ...valued("ADDRESS", "Where the values of a sops document go: vars/MACHINE/SERVICE or vars/shared/SERVICE"),
        proposeCompletions: completeAddress,
      },
      machine: {
        ...valued("MACHINE", "With --service, the same as --to vars/MACHINE/SERVICE"),
        proposeCompletions: completeName("machine"),
      },
      service: valued("SERVICE", "See --machine"),
      secrets: switched("Into clan's old tree instead: each key becomes sops/secrets/NAME"),
      prefix: valued("TEXT", "Stands before each NAME of --secrets"),
      key: repeated("KEY[=ADDRESS]", "Only this key of the document, under this address or name"),
      for: repeated("WHO", "Reads what is new: users/NAME, machines/NAME or groups/NAME"),
      replace: switched("Write over values that are there and differ; they get a new data key"),
    },
    aliases: changeAliases,
    positional: {
      kind: "array",
      parameter: named("SOURCE", "A folder that secrets export or clan vars export wrote, or a sops file"),
      minimum: 1,
    },
  },
  docs: {
    brief: "Take values over: from another fleet's export, or from sops files into vars",
    customUsage: [
      "DIR",
      "secrets/web.yaml --to vars/shared/web",
      "old.yaml --key db/password=vars/db01/postgresql/password",
      "old.yaml --secrets --prefix legacy- --for groups/admins",
    ],
    fullDescription:
      "Each key of a sops document becomes a file of the service; keys within keys make a name with slashes. What is there and the same stays; what differs is refused without --replace. New secrets are read by whom the service's definition names, else by whom the secrets beside them are read.",
  },
});

export const renew = buildCommand<RenewFlags, string[], Context>({
  loader: async () => (await import("./commands/renew.ts")).renew,
  parameters: {
    flags: {
      ...applying,
      readableBy: {
        ...valued("WHO", "All that they can read, or could at some point of git history, and that is the same still"),
        proposeCompletions: completeName(),
      },
      done: switched("Take values off the lists: those named, else all that are proved to be others now"),
      answers: valued("FILE", "Answers to prompts, as for generate; - is stdin"),
      noNix: switched("Do not start nix: clan's services as they were when it ran last, or without them"),
      noSandbox: switched("Run scripts without a sandbox: they can then read and change what you can"),
      allowDisk: switched("Let plain text lie on disk while a script runs, where there is no memory-backed place"),
    },
    aliases: changeAliases,
    positional: {
      kind: "array",
      parameter: {
        ...named("ADDRESS", "A value, a document, a service, or a pattern with *"),
        proposeCompletions: completeAddress,
      },
    },
  },
  docs: {
    brief: "New values for what somebody could read: made anew, asked for, or put on a list to be done by hand",
    customUsage: ["ADDRESS…", "--readable-by WHO", "--done [ADDRESS…]"],
    fullDescription:
      "What a service makes is made anew, with all that is made of it; its prompts are asked. What nobody can make here goes on a list in sops/renewals, which check reminds of until each value is another one; set and edit take it off. WHO may be somebody who was removed: git remembers.",
  },
});
