/** Starting `age-plugin-<name>`: a program of the person's own, found on `PATH` and never in the repository. */
import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import type { PluginMachine, PluginProcess } from "../age/plugin/ports.ts";
import { SecretsError } from "../errors.ts";
import { atEnd } from "./ending.ts";
import { type Environment, findProgram } from "./program.ts";

/** Milliseconds that a plugin has for putting its things away once it said that it is done. */
const GRACE = 3000;

/**
 * @param name checked to be no path, as `parsePluginIdentity` does
 * @throws SecretsError `E_AGE_PLUGIN_MISSING`
 */
export function startPlugin(env: Environment, name: string, machine: PluginMachine): PluginProcess {
  const program = findProgram(`age-plugin-${name}`, env);
  if (program === undefined) {
    throw new SecretsError("E_AGE_PLUGIN_MISSING", `the program age-plugin-${name} is not installed`, {
      kind: "identity",
      hint: `a key of this fleet or of yours needs it: put age-plugin-${name} on PATH`,
    });
  }
  const verbose = env["AGEDEBUG"] === "plugin";
  const child = spawn(program, [`--age-plugin=${machine}`], {
    // Nothing in the repository is to lie where a program starts.
    cwd: tmpdir(),
    env: withoutKeys(env),
    stdio: ["pipe", "pipe", verbose ? "inherit" : "ignore"],
  });
  const kill = () => void child.kill("SIGKILL");
  const takeBack = atEnd(kill);
  const ended = new Promise<void>((resolve) => {
    child.on("error", () => resolve());
    child.on("close", () => resolve());
  }).finally(takeBack);
  child.stdin.on("error", () => {});
  return {
    output: child.stdout,
    write: (bytes) =>
      new Promise((resolve) => {
        child.stdin.write(bytes, () => resolve());
      }),
    end: async () => {
      child.stdin.end();
      const timer = setTimeout(kill, GRACE);
      await ended;
      clearTimeout(timer);
    },
    kill,
  };
}

/** A plugin needs the person's terminal, agent and display, and none of their other keys. */
function withoutKeys(env: Environment): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(SOPS_|AGE_KEY|AGE_PASSPHRASE|SSH_TO_AGE_|SECRETS_)/.test(name)),
  );
}
