/** The commands about a person's own keys: their arguments and their help. */
import { buildCommand, buildRouteMap } from "@stricli/core";
import { json, named, repeated, switched, valued } from "./change-flags.ts";
import type { ConvertFlags } from "./commands/key-convert.ts";
import type { GenerateFlags } from "./commands/key-generate.ts";
import type { ImportFlags } from "./commands/key-import.ts";
import type { Context } from "./context.ts";
import { completeName } from "./proposals.ts";

const show = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/key-show.ts")).keyShow,
  parameters: { flags: { json } },
  docs: {
    brief: "Which private keys are here, by their public halves, and whose they are",
    fullDescription: "Works anywhere, runs no command and asks for no passphrase. A private key is never printed.",
  },
});

const generate = buildCommand<GenerateFlags, [string?], Context>({
  loader: async () => (await import("./commands/key-generate.ts")).keyGenerate,
  parameters: {
    flags: {
      postQuantum: switched("A hybrid post-quantum age key"),
      ssh: switched("A pair of SSH Ed25519 keys: FILE and FILE.pub"),
      comment: valued("TEXT", "Stands beside the key"),
    },
    positional: {
      kind: "tuple",
      parameters: [{ ...named("FILE", "A new file outside of the repository"), optional: true }],
    },
  },
  docs: {
    brief: "Make a key for a person, and print its public half",
    customUsage: ["", "FILE", "--ssh FILE"],
    fullDescription:
      "Without FILE the key is added to the file that sops reads: $SOPS_AGE_KEY_FILE, else ~/.config/sops/age/keys.txt (on macOS ~/Library/Application Support/sops/age/keys.txt). What stands there stays.",
  },
});

const importKeys = buildCommand<ImportFlags, string[], Context>({
  loader: async () => (await import("./commands/key-import.ts")).keyImport,
  parameters: {
    flags: {
      fromSsh: repeated("FILE", "Derive the age key of this SSH Ed25519 private key, as ssh-to-age does; - is stdin"),
      to: valued("FILE", "Add to this key file instead of the one that sops reads"),
      json,
    },
    positional: { kind: "array", parameter: named("FILE", "Age identities; - is stdin") },
  },
  docs: {
    brief: "Add keys from elsewhere to your key file, each once",
    customUsage: ["FILE…", "--from-ssh ~/.ssh/id_ed25519", "--from-ssh -"],
  },
});

const convert = buildCommand<ConvertFlags, string[], Context>({
  loader: async () => (await import("./commands/key-convert.ts")).keyConvert,
  parameters: {
    flags: { private: switched("Print the private age key of a private SSH key"), json },
    positional: {
      kind: "array",
      parameter: named("FILE", ".pub, authorized_keys, known_hosts, or the output of ssh-keyscan; stdin without one"),
    },
  },
  docs: {
    brief: "The age keys of SSH keys, as ssh-to-age prints them",
    customUsage: ["[FILE…]", "--private FILE"],
    fullDescription:
      "One age key a line for each ssh-ed25519 key; other lines are told on stderr. With --private a passphrase is taken from SSH_TO_AGE_PASSPHRASE, or asked for. Exit 1 when there was no key to convert.",
  },
});

const verify = buildCommand<{ json?: boolean }, [string?], Context>({
  loader: async () => (await import("./commands/key-verify.ts")).keyVerify,
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [{ ...named("NAME", "A user"), proposeCompletions: completeName("user"), optional: true }],
    },
  },
  docs: {
    brief: "Whether your key files, your entry in clan's registry and your anchors are one set of keys",
    customUsage: ["[NAME]"],
    fullDescription:
      "NAME is whoever the keys here belong to, when left out. Each place that differs is told with one command that mends it; then the exit code is 1.",
  },
});

export const keys = buildRouteMap({
  routes: { show, generate, import: importKeys, convert, verify },
  docs: { brief: "Your own keys: show, generate, import, convert, verify" },
});
