/** The `nix` program: what a flake says of clan's services, evaluated once for all machines, and scripts that it builds. */
import { arch, platform } from "node:os";
import { SecretsError } from "../../errors.ts";
import { type Environment, findProgram, minimalEnvironment, run } from "../program.ts";
import type { Root } from "../root.ts";
import { readStateFile, writeStateFile } from "../state-file.ts";
import { causeOf } from "./cause.ts";
import { SERVICES_EXPRESSION, scriptsExpression } from "./expression.ts";

export interface Nix {
  /** `x86_64-linux`: clan evaluates every machine for the system that scripts run on. */
  readonly system: string;
  /** JSON as `SERVICES_EXPRESSION` lays it out; undefined for a flake that is not clan's. @throws SecretsError `E_NIX_MISSING`, `E_NIX_EVAL` */
  evaluate(): Promise<string | undefined>;
  /** Paths in the store, in the same order. @throws SecretsError `E_NIX_MISSING`, `E_NIX_EVAL` */
  buildScripts(wanted: readonly WantedScript[]): Promise<readonly string[]>;
  /** What was remembered under this very key. */
  recall(key: string): string | undefined;
  remember(key: string, json: string): void;
}

export interface WantedScript {
  readonly machine: string;
  readonly service: string;
}

/** Milliseconds. Fleets of a hundred machines take minutes. */
const EVALUATION = 30 * 60_000;
const MAX_JSON = 64 * 1024 * 1024;
const STATE = "services.json";
/** Settings of Nix itself: where its store is, how it reaches it. */
const OWN = /^(NIX_|XDG_CACHE_HOME$|XDG_DATA_HOME$|XDG_STATE_HOME$|SSL_CERT_FILE$|http_proxy$|https_proxy$|no_proxy$)/i;
const FLAGS = [
  "--extra-experimental-features",
  "nix-command flakes",
  "--no-write-lock-file",
  "--option",
  "flake-registry",
  "",
];
const STORE_PATH = /^\/nix\/store\/[a-z0-9]{32}-[A-Za-z0-9+._?=-]+$/;

/** Nothing is started before it is asked for. */
export function openNix(root: Root, env: Environment): Nix {
  const flake = flakeReference(root);
  const system = `${arch() === "arm64" ? "aarch64" : "x86_64"}-${platform() === "darwin" ? "darwin" : "linux"}`;
  return {
    system,
    evaluate: async () => {
      const argv = [
        "nix",
        "eval",
        "--json",
        ...FLAGS,
        `${flake}#clanInternals`,
        "--apply",
        SERVICES_EXPRESSION(system),
      ];
      const { code, stdout, stderr } = await startNix(argv, env, root);
      if (code === 0) return Buffer.from(stdout).toString("utf8");
      if (/does not provide attribute .*clanInternals/.test(stderr)) return undefined;
      throw causeOf(stderr, root.path, "the services of this flake cannot be evaluated");
    },
    buildScripts: async (wanted) => {
      if (wanted.length === 0) return [];
      const what = "the scripts of these services cannot be built";
      const evaluated = await startNix(
        ["nix", "eval", "--json", ...FLAGS, `${flake}#clanInternals`, "--apply", scriptsExpression(system, wanted)],
        env,
        root,
      );
      if (evaluated.code !== 0) throw causeOf(evaluated.stderr, root.path, what);
      const derivations = JSON.parse(Buffer.from(evaluated.stdout).toString("utf8"));
      // Every release prints the outputs of derivations in the order in which they were named; `nix build` does not.
      const { code, stdout, stderr } = await startNix(["nix-store", "--realise", ...derivations], env, root);
      if (code !== 0) throw causeOf(stderr, root.path, what);
      const paths = Buffer.from(stdout).toString("utf8").split("\n").filter(Boolean);
      if (paths.length === wanted.length && paths.every((path) => STORE_PATH.test(path))) return paths;
      throw new SecretsError("E_NIX_EVAL", "nix did not say where the scripts are that it built");
    },
    recall: (key) => {
      try {
        const kept = JSON.parse(Buffer.from(readStateFile(root, STATE) ?? []).toString("utf8"));
        return kept.key === key && typeof kept.json === "string" ? kept.json : undefined;
      } catch {
        return undefined;
      }
    },
    remember: (key, json) => writeStateFile(root, STATE, Buffer.from(JSON.stringify({ key, json }), "utf8")),
  };
}

async function startNix(argv: readonly string[], env: Environment, root: Root) {
  if (findProgram("nix", env) === undefined) {
    throw new SecretsError(
      "E_NIX_MISSING",
      "clan's services are defined in the flake, and the program nix is not here",
      {
        hint: "install Nix\nor work without: --no-nix, with what was evaluated last and with vars/services/*.yaml",
      },
    );
  }
  const own = Object.entries(env).filter(([name]) => OWN.test(name));
  return run(argv, {
    cwd: root.path,
    env: { ...minimalEnvironment(env), ...Object.fromEntries(own) },
    timeoutMs: EVALUATION,
    maxOutput: MAX_JSON,
  });
}

/** By git where there is git: then Nix looks at tracked files alone, as for every other command. */
function flakeReference({ path, git }: Root): string {
  const encoded = path.split("/").map(encodeURIComponent).join("/");
  return git === undefined ? `path:${encoded}` : `git+file://${encoded}`;
}
