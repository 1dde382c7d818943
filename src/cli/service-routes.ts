/** The commands about services and their values: their arguments and their help. */
import { buildCommand } from "@stricli/core";
import { changeAliases, changeFlags, json, named, repeated, switched, valued } from "./change-flags.ts";
import type { GenerateFlags } from "./commands/generate.ts";
import type { Context } from "./context.ts";
import { completeName } from "./proposals.ts";

const machine = {
  ...named("MACHINE", "Only what this machine has"),
  proposeCompletions: completeName("machine"),
} as const;

/** Where definitions come from, for every command that reads them. */
const noNix = switched("Do not start nix: clan's services as they were when it ran last, or without them");

const { planOut: _, json: __, ...applying } = changeFlags;

export const generate = buildCommand<GenerateFlags, string[], Context>({
  loader: async () => (await import("./commands/generate.ts")).generate,
  parameters: {
    flags: {
      ...applying,
      json,
      service: repeated("SERVICE", "Only this service, by name or address"),
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
