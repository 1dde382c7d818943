/** The person in front of an age plugin: what it says is shown, what it asks is asked on their terminal. */
import { Plugins } from "../age/plugin/plugins.ts";
import type { PluginPerson } from "../age/plugin/ports.ts";
import type { Context } from "./context.ts";
import { pluginStarter } from "./plugin-program.ts";
import { askOnTerminal } from "./terminal/prompt.ts";
import { style } from "./terminal/styled.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** Milliseconds after which a silent plugin is worth a word: it may wait for a touch that it has not asked for. */
const SILENCE = 5000;
/** How often somebody is asked who answers neither yes nor no. */
const TRIES = 3;

/** The plugins of a run. */
export function openPlugins({ env, terminal }: Context): Plugins {
  return new Plugins({ start: pluginStarter(env), person: personAt(terminal) });
}

function personAt(terminal: Terminal): PluginPerson {
  return {
    tell: (plugin, text, { done, all }) => {
      const where = done < all && all > 1 ? `${done + 1} of ${all}, ` : "";
      terminal.note([style("bold", `age-plugin-${plugin}`), ": ", where, text]);
    },
    ask: (plugin, prompt, hidden) => askOnTerminal(`age-plugin-${plugin}: ${prompt}`, hidden, terminal),
    choose: async (plugin, text, yes, no) => {
      const question = `age-plugin-${plugin}: ${text}`;
      if (no === undefined) {
        const acknowledged = await askOnTerminal(`${question} (Enter for "${yes}")`, false, terminal);
        return acknowledged === null ? null : true;
      }
      for (let tries = 0; tries < TRIES; tries++) {
        const answer = await askOnTerminal(`${question} (1 for "${yes}", 2 for "${no}")`, false, terminal);
        if (answer === null) return null;
        if (answer.trim() === "1") return true;
        if (answer.trim() === "2") return false;
      }
      return null;
    },
    waitFor: (plugin) => {
      const timer = setTimeout(() => {
        terminal.note([style("dim", `waiting for age-plugin-${plugin}; a key may want to be touched`)]);
      }, SILENCE);
      return () => clearTimeout(timer);
    },
  };
}
