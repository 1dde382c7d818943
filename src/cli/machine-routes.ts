/** The commands about machines: their arguments and their help. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import {
  changeAliases,
  changeFlags,
  force,
  json,
  named,
  removing,
  renaming,
  repeated,
  ruleFlags,
  switched,
  valued,
} from "./change-flags.ts";
import type { AddMachineFlags, DeployFlags } from "./commands/machine.ts";
import type { VerifyFlags } from "./commands/machine-verify.ts";
import type { RemoveFlags } from "./commands/principal.ts";
import type { ChangeFlags } from "./conduct.ts";
import type { Context } from "./context.ts";
import { completeName } from "./proposals.ts";

const machine = { ...named("NAME", "A machine"), proposeCompletions: completeName("machine") } as const;

const platform = {
  kind: "enum",
  values: ["nixos", "darwin"],
  brief: "What it runs: says what the next steps are",
  optional: true,
} as const;

const addMachine = buildCommand<AddMachineFlags, [string], Context>({
  loader: async () => (await import("./commands/machine.ts")).addMachine,
  parameters: {
    flags: {
      ...changeFlags,
      ...ruleFlags,
      generate: switched("Make its SSH host key here, before the machine exists"),
      hostKey: valued("FILE", "Its SSH host key: ssh_host_ed25519_key.pub, or the private key; - is stdin"),
      scan: valued("HOST[:PORT]", "Read its SSH host key over the network; the fingerprint has to be confirmed"),
      fingerprint: valued("SHA256:…", "What the scanned key has to be"),
      ageKey: valued("KEY", "Its public age key, if the key is managed elsewhere"),
      platform,
      group: repeated("GROUP", "Becomes a member of it"),
      like: valued("MACHINE", "Reads what this machine reads, but what is that machine's own"),
      for: repeated(
        "WHO",
        "Who reads its sealed keys: users/NAME or groups/NAME; else who reads those of other machines",
      ),
      extraFiles: valued("DIR", "Lay out the files for its first boot in this new folder outside of the repository"),
      scaffold: switched("Write its Nix module, and print the lines for the registry"),
      knownHosts: valued("FILE", "Where its line for known_hosts goes; known_hosts at the top when left out"),
      noKnownHosts: switched("Write no line for known_hosts"),
      force,
    },
    aliases: changeAliases,
    positional: { kind: "tuple", parameters: [named("NAME", "A new name")] },
  },
  docs: {
    brief: "Make a machine known to both tiers before it exists, with all that it shall read",
    customUsage: [
      "NAME --generate --like OTHER --extra-files DIR",
      "NAME --host-key FILE",
      "NAME --scan HOST --fingerprint SHA256:…",
      "NAME --age-key age1…",
    ],
  },
});

const deployFiles = buildCommand<DeployFlags, [string, string], Context>({
  loader: async () => (await import("./commands/machine.ts")).deployFiles,
  parameters: {
    flags: { platform },
    positional: {
      kind: "tuple",
      parameters: [machine, named("DIR", "A new or empty folder outside of the repository")],
    },
  },
  docs: { brief: "The keys of a machine as the tree for nixos-anywhere --extra-files" },
});

const verifyMachine = buildCommand<VerifyFlags, [string], Context>({
  loader: async () => (await import("./commands/machine-verify.ts")).machineVerify,
  parameters: {
    flags: {
      json,
      scan: valued("HOST[:PORT]", "Ask the machine itself for its SSH host key"),
      hostKey: valued("FILE", "Its SSH host key, public or private; - is stdin"),
      ageKey: valued("KEY", "Its public age key, as age-keygen -y prints it there"),
    },
    positional: { kind: "tuple", parameters: [machine] },
  },
  docs: {
    brief: "Whether the machine, both registries and what is sealed for it are about one key",
    customUsage: ["NAME", "NAME --scan HOST"],
  },
});

const showMachine = buildCommand<{ json?: boolean }, [string], Context>({
  loader: async () => (await import("./commands/machine-verify.ts")).machineShow,
  parameters: { flags: { json }, positional: { kind: "tuple", parameters: [machine] } },
  docs: { brief: "How far a machine has come, where its key is from, and what it reads" },
});

const renameMachine = buildCommand<ChangeFlags, [string, string], Context>({
  loader: async () => (await import("./commands/principal.ts")).renameMachine,
  parameters: renaming(machine),
  docs: { brief: "Another name for a machine, its vars and its sealed key included" },
});

const removeMachine = buildCommand<RemoveFlags, [string], Context>({
  loader: async () => (await import("./commands/principal.ts")).removeMachine,
  parameters: removing(machine),
  docs: { brief: "Lock a machine out: both registries, every group, every document, its sealed key" },
});

const listMachines = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/principals.ts")).listMachines,
  parameters: { flags: { json } },
  docs: { brief: "Which machines there are, by which keys" },
});

export const machines = buildRouteMap({
  routes: {
    add: addMachine,
    "deploy-files": deployFiles,
    verify: verifyMachine,
    show: showMachine,
    rm: removeMachine,
    rename: renameMachine,
    ls: listMachines,
  },
  docs: { brief: "Machines: add, verify, show, remove, rename, list; the files for their first boot" },
});
