/**
 * Every command, its arguments and its help, in one place: the parser, `--help` and completion are all read from here.
 * A command's body is loaded when it runs, so `secrets --help` pays for none of them.
 */
import { type Application, buildApplication, buildCommand, buildRouteMap, help, text_en, version } from "@stricli/core";
import { SecretsError } from "../errors.ts";
import { changeFlags, switched } from "./change-flags.ts";
import { apply, grant, groups, revoke, rotate, sync, trust, users } from "./change-routes.ts";
import type { UndoFlags } from "./commands/undo.ts";
import type { Context } from "./context.ts";
import { EXIT_TABLE, exitCodeOf } from "./exit-codes.ts";
import { keys } from "./key-routes.ts";
import { machines } from "./machine-routes.ts";
import { errorLines } from "./report/error.ts";
import { generate, services } from "./service-routes.ts";
import { render } from "./terminal/styled.ts";
import { exportValues, importValues, renew } from "./value-routes.ts";
import { VERSION } from "./version.ts";

const text = (input: string): string => input;

const json = { kind: "boolean", brief: "Print data instead of text", withNegated: false, optional: true } as const;
const yes = { kind: "boolean", brief: "Answer yes to the question", withNegated: false, optional: true } as const;
const allowDisk = {
  kind: "boolean",
  brief: "Let the editor's file lie on disk when there is no memory-backed place for it",
  withNegated: false,
  optional: true,
} as const;
const readers = {
  kind: "parsed",
  parse: text,
  variadic: true,
  brief: "Who may read a new vars secret: users/NAME, machines/NAME or groups/NAME (repeatable)",
  placeholder: "WHO",
  optional: true,
} as const;

function address(brief: string) {
  return { brief, placeholder: "ADDRESS", parse: text, proposeCompletions: completeAddress } as const;
}

async function completeAddress(this: Context, partial: string): Promise<readonly string[]> {
  const { proposeAddresses } = await import("./commands/complete.ts");
  return proposeAddresses(this, partial);
}

const status = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/status.ts")).status,
  parameters: { flags: { json } },
  docs: { brief: "This fleet in five lines: documents, people, drift, your access, what to do next" },
});

const ls = buildCommand<{ json?: boolean }, [string?], Context>({
  loader: async () => (await import("./commands/ls.ts")).ls,
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "Part of an address; * stands for anything", placeholder: "PATTERN", parse: text, optional: true },
      ],
    },
  },
  docs: { brief: "Every secret of both tiers: address, kind, readers by name", customUsage: ["[PATTERN]"] },
});

const get = buildCommand<{ yes?: boolean }, [string], Context>({
  loader: async () => (await import("./commands/get.ts")).get,
  parameters: {
    flags: { yes },
    aliases: { y: "yes" },
    positional: { kind: "tuple", parameters: [address("What to read")] },
  },
  docs: {
    brief: "One value, exact bytes on a pipe",
    fullDescription:
      "On a pipe or into a file: exactly the bytes of the value. On a terminal: a newline is added, binary is not shown, and a whole file is asked for first.",
  },
});

const edit = buildCommand<{ allowDisk?: boolean; for?: readonly string[] }, [string?], Context>({
  loader: async () => (await import("./commands/edit.ts")).edit,
  parameters: {
    flags: { allowDisk, for: readers },
    positional: {
      kind: "tuple",
      parameters: [{ ...address("What to edit; without it, pick from a list"), optional: true }],
    },
  },
  docs: {
    brief: "Edit a secret, or a whole file of them, in your editor",
    customUsage: ["[ADDRESS]"],
    fullDescription:
      "The editor is $SECRETS_EDITOR, $SOPS_EDITOR, $VISUAL or $EDITOR, else nvim, vim, nano or vi. It works on a file in memory-backed space; nothing is written before what you saved is valid, and only what you changed is encrypted anew.",
  },
});

const set = buildCommand<
  { fromFile?: string; type?: string; allowDisk?: boolean; for?: readonly string[] },
  [string, string?],
  Context
>({
  loader: async () => (await import("./commands/set.ts")).set,
  parameters: {
    flags: {
      fromFile: {
        kind: "parsed",
        parse: text,
        brief: "Take the value from a file",
        placeholder: "FILE",
        optional: true,
      },
      type: {
        kind: "parsed",
        parse: text,
        brief: "str (default), int, float, bool, null, or json for a list or a map",
        placeholder: "TYPE",
        optional: true,
      },
      allowDisk,
      for: readers,
    },
    positional: {
      kind: "tuple",
      parameters: [
        address("What to set"),
        { brief: "- takes the value from stdin, byte for byte", placeholder: "-", parse: text, optional: true },
      ],
    },
  },
  docs: {
    brief: "Set one value from a hidden prompt, stdin or a file; never from the command line",
    customUsage: ["ADDRESS", "ADDRESS - < FILE", "ADDRESS --from-file FILE", "ADDRESS --type int"],
  },
});

const rm = buildCommand<{ yes?: boolean }, [string], Context>({
  loader: async () => (await import("./commands/rm.ts")).rm,
  parameters: {
    flags: { yes },
    aliases: { y: "yes" },
    positional: { kind: "tuple", parameters: [address("What to remove")] },
  },
  docs: { brief: "Remove one value, or a whole secret with its links" },
});

const check = buildCommand<
  { json?: boolean; format?: "human" | "json" | "github" | "sarif"; deep?: boolean; staged?: boolean },
  string[],
  Context
>({
  loader: async () => (await import("./commands/check.ts")).check,
  parameters: {
    flags: {
      json,
      format: {
        kind: "enum",
        values: ["human", "json", "github", "sarif"],
        brief: "How to print the findings",
        optional: true,
      },
      deep: {
        kind: "boolean",
        brief: "Also open what your identities open: every MAC, every key",
        withNegated: false,
        optional: true,
      },
      staged: {
        kind: "boolean",
        brief: "Look at the git index instead of the work tree",
        withNegated: false,
        optional: true,
      },
    },
    positional: {
      kind: "array",
      parameter: { brief: "Only findings at or below these paths", placeholder: "PATH", parse: text },
    },
  },
  docs: {
    brief: "Everything that can be known without a private key; exit 1 on findings",
    customUsage: ["[PATH…]"],
    fullDescription:
      "Exit 0: clean. Exit 1: findings. Exit 2: could not look. Errors and warnings are findings; information alone is not.",
  },
});

const access = buildCommand<{ json?: boolean }, [string?], Context>({
  loader: async () => (await import("./commands/access.ts")).access,
  parameters: {
    flags: { json },
    positional: {
      kind: "tuple",
      parameters: [
        { ...address("A person, machine, group, or an address"), placeholder: "WHO|ADDRESS", optional: true },
      ],
    },
  },
  docs: { brief: "Who can read what, either way round", customUsage: ["[WHO|ADDRESS]"] },
});

const explain = buildCommand<{ json?: boolean }, [string], Context>({
  loader: async () => (await import("./commands/explain.ts")).explain,
  parameters: { flags: { json }, positional: { kind: "tuple", parameters: [address("A path or an address")] } },
  docs: { brief: "Which rule or link decides, who should read, who does, which key of yours opens it" },
});

const doctor = buildCommand<{ json?: boolean }, [], Context>({
  loader: async () => (await import("./commands/doctor.ts")).doctor,
  parameters: { flags: { json } },
  docs: { brief: "Where identities were looked for and what each opens; git, editor, scratch space, versions" },
});

const demo = buildCommand<{ yes?: boolean }, [string?], Context>({
  loader: async () => (await import("./commands/demo.ts")).demo,
  parameters: {
    flags: { yes: { ...yes, brief: "Walk through without waiting for Enter" } },
    aliases: { y: "yes" },
    positional: {
      kind: "tuple",
      parameters: [
        { brief: "An empty or new folder for the sample fleet", placeholder: "DIR", parse: text, optional: true },
      ],
    },
  },
  docs: { brief: "Make a sample fleet with throw-away keys and walk the main job in it", customUsage: ["[DIR]"] },
});

const undo = buildCommand<UndoFlags, [], Context>({
  loader: async () => (await import("./commands/undo.ts")).undo,
  parameters: {
    flags: {
      dryRun: switched("Show what would be taken back"),
      json,
      yes,
      commit: changeFlags.commit,
      message: changeFlags.message,
    },
    aliases: { n: "dryRun", y: "yes", m: "message" },
  },
  docs: {
    brief: "Take back the last applied change, if nothing has touched its files since",
    fullDescription:
      "Every file of it gets back the bytes, mode or link that it had, all or none, and the readers who come back are named. Undoing twice does the change again.",
  },
});

const completion = buildCommand<Record<never, never>, ["bash" | "zsh" | "fish"], Context>({
  loader: async () => (await import("./commands/completion.ts")).completion,
  parameters: {
    positional: {
      kind: "tuple",
      parameters: [
        {
          brief: "bash, zsh or fish",
          placeholder: "SHELL",
          parse: parseShell,
          proposeCompletions: () => ["bash", "zsh", "fish"],
        },
      ],
    },
  },
  docs: { brief: "Print a completion script for your shell" },
});

function parseShell(input: string): "bash" | "zsh" | "fish" {
  if (input === "bash" || input === "zsh" || input === "fish") return input;
  throw new SecretsError("E_USAGE", "completion scripts exist for bash, zsh and fish", { kind: "usage" });
}

const complete = buildCommand<Record<never, never>, string[], Context>({
  loader: async () => (await import("./commands/complete.ts")).complete,
  parameters: { positional: { kind: "array", parameter: { brief: "Words so far", placeholder: "WORD", parse: text } } },
  docs: { brief: "Propose completions (called by the completion scripts)" },
});

const root = buildRouteMap({
  routes: {
    status,
    ls,
    get,
    edit,
    set,
    rm,
    check,
    access,
    explain,
    sync,
    grant,
    revoke,
    user: users,
    group: groups,
    machine: machines,
    key: keys,
    generate,
    service: services,
    renew,
    export: exportValues,
    import: importValues,
    rotate,
    trust,
    apply,
    undo,
    doctor,
    demo,
    completion,
    __complete: complete,
  },
  aliases: { list: "ls", show: "get", remove: "rm", updatekeys: "sync", rekey: "sync" },
  docs: {
    brief: "One tool for both secret tiers of a NixOS and nix-darwin fleet: clan vars and sops-nix files",
    fullDescription: [
      "One tool for both secret tiers of a NixOS and nix-darwin fleet: clan vars and sops-nix files.",
      "",
      "  secrets                                  what is here, and what to do next",
      "  secrets edit                             pick a secret and edit it",
      "  secrets get vars/web01/openssh/ssh.id_ed25519.pub",
      "  secrets set secrets/users/alice.sops.yaml#github/token",
      "  secrets check                            is every reader the one that should read?",
      "",
      "ADDRESS is vars/MACHINE/SERVICE/FILE, vars/shared/SERVICE/FILE, or the path of a sops file with #KEY/PATH.",
      "",
      "Everywhere: -C DIR (work there), --color auto|always|never, --no-input (never ask).",
      "",
      "Exit codes:",
      ...EXIT_TABLE.map(([code, meaning]) => `  ${String(code).padStart(3)}  ${meaning}`),
    ].join("\n"),
    hideRoute: { __complete: true },
  },
});

/**
 * The application; built once a run, without loading any command.
 * @param colour whether errors may be coloured. The parser library would paint a whole message red; it is told that
 *   stderr has no colours, and our own report decides.
 */
export function application(colour: boolean): Application<Context> {
  const formatError = (error: unknown): string =>
    errorLines(error)
      .map((line) => render(line, colour))
      .join("\n");
  return buildApplication(
    root,
    {
      name: "secrets",
      scanner: { caseStyle: "allow-kebab-for-camel", allowArgumentEscapeSequence: true },
      determineExitCode: exitCodeOf,
      localization: {
        text: {
          ...text_en,
          exceptionWhileParsingArguments: (error) => formatError(usageError(error)),
          exceptionWhileLoadingCommandFunction: formatError,
          exceptionWhileLoadingCommandContext: formatError,
          exceptionWhileRunningCommand: formatError,
          commandErrorResult: formatError,
          noCommandRegisteredForInput: ({ input, corrections }) =>
            formatError(
              new SecretsError("E_USAGE", `there is no command "${input}"`, {
                kind: "usage",
                hint:
                  corrections.length > 0
                    ? `did you mean ${corrections.join(" or ")}?`
                    : "secrets --help lists the commands",
              }),
            ),
        },
      },
    },
    {
      help: help({
        brief: "Print help and exit",
        defaultForRouteMap: true,
        formatting: { caseStyle: "convert-camel-to-kebab", useAliasInUsageLine: false, onlyRequiredInUsageLine: true },
      }),
      version: version({ brief: "Print the version and exit", alias: false, info: { currentVersion: VERSION } }),
    },
  );
}

function usageError(error: unknown): unknown {
  if (error instanceof SecretsError) return error;
  // The parser's own messages quote what was typed; a secret typed there by mistake is already in the shell's history.
  const message = error instanceof Error ? error.message : "the arguments cannot be read";
  return new SecretsError("E_USAGE", message, {
    kind: "usage",
    hint: "add --help to the command to see what it takes",
  });
}
