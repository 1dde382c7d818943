/** Starting `age-plugin-<name>`: a program of the person's own, found on `PATH` and never in the repository. */
import type { StartPlugin } from "../age/plugin/ports.ts";
import { SecretsError } from "../errors.ts";
import { type Environment, findProgram } from "../repo/program.ts";
import { startTalk } from "../repo/talk.ts";

/** @param env of the person: what could hold another key of theirs is not passed on */
export function pluginStarter(env: Environment): StartPlugin {
  return (name, machine) => {
    const program = findProgram(`age-plugin-${name}`, env);
    if (program !== undefined) {
      const verbose = env["AGEDEBUG"] === "plugin";
      return startTalk(program, [`--age-plugin=${machine}`], { env: withoutKeys(env), verbose });
    }
    throw new SecretsError("E_AGE_PLUGIN_MISSING", `the program age-plugin-${name} is not installed`, {
      kind: "identity",
      hint: `a key of this fleet or of yours needs it: put age-plugin-${name} on PATH`,
    });
  };
}

/** A plugin needs the person's terminal, agent and display. */
function withoutKeys(env: Environment): Environment {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !/^(SOPS_|AGE_KEY|AGE_PASSPHRASE|SSH_TO_AGE_|SECRETS_)/.test(name)),
  );
}
