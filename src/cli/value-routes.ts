/** The commands that move values, and that see to new ones: their arguments and their help. */
import { buildCommand } from "@stricli/core";
import { json, named, switched } from "./change-flags.ts";
import type { ExportFlags } from "./commands/export.ts";
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
