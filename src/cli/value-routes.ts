/** The commands that move values, and that see to new ones: their arguments and their help. */
import { buildCommand } from "@stricli/core";
import { changeAliases, changeFlags, json, named, repeated, switched, valued } from "./change-flags.ts";
import type { ExportFlags } from "./commands/export.ts";
import type { ImportFlags } from "./commands/import.ts";
import type { Context } from "./context.ts";

export const exportValues = buildCommand<ExportFlags, string[], Context>({
  loader: async () => (await import("./commands/export.ts")).exportValues,
  parameters: {
    flags: { partial: switched("Leave out what no key of yours opens, instead of stopping"), json },
    positional: {
      kind: "array",
      parameter: named("ADDRESS… DIR", "What to export, all values when left out; then a new folder"),
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
      to: valued("ADDRESS", "Where the values of a sops document go: vars/MACHINE/SERVICE or vars/shared/SERVICE"),
      machine: valued("MACHINE", "With --service, the same as --to vars/MACHINE/SERVICE"),
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
