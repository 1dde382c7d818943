/** A real terminal of 80 columns with a shell in a sample fleet, driven by keys and read from the screen. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run } from "../../src/repo/program.ts";
import type { Sample } from "../cli/sample.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

export interface Screen {
  /** Types text, or keys by their tmux names. */
  readonly type: (...keys: string[]) => Promise<void>;
  /** Waits until the screen shows this; fails with what it shows instead. */
  readonly shows: (pattern: RegExp) => Promise<string>;
}

/** A shell in the fleet, with `secrets` in it. */
export async function openScreen(
  t: TestContext,
  fleet: Sample,
  env: Readonly<Record<string, string>> = {},
): Promise<Screen> {
  const home = join(dirname(fleet.root), "home");
  const socket = join(home, "tmux");
  const tmux = async (...argv: string[]) => {
    const { code, stdout, stderr } = await run(["tmux", "-S", socket, "-f", "/dev/null", ...argv], {
      cwd: fleet.root,
      env: { PATH: process.env["PATH"], HOME: home, TERM: "xterm-256color", LANG: "C.UTF-8" },
    });
    assert.equal(code, 0, stderr);
    return Buffer.from(stdout).toString("utf8");
  };
  const settings = { SOPS_AGE_KEY_FILE: fleet.keyOf("ada"), PS1: "ready> ", TMPDIR: home, ...env };
  const start = Object.entries(settings).map(([name, value]) => `export ${name}='${value}'`);
  const profile = join(home, "profile.sh");
  await writeFile(profile, `${start.join("\n")}\nunset CI\nsecrets() { "${process.execPath}" "${MAIN}" "$@"; }\n`);
  await tmux("new-session", "-d", "-x", "80", "-y", "24", `ENV='${profile}' sh -i`);
  // By its number: the directory with its socket may be gone by then.
  const server = Number(await tmux("display-message", "-p", "#{pid}"));
  t.after(() => process.kill(server));
  const shows = async (pattern: RegExp): Promise<string> => {
    let screen = "";
    for (let waited = 0; waited < 20_000; waited += 100) {
      screen = await tmux("capture-pane", "-p");
      if (pattern.test(screen)) return screen;
      await setTimeout(100);
    }
    return assert.fail(`the screen never showed ${pattern}:\n${screen}`);
  };
  await shows(/^ready>/m);
  return { type: async (...keys) => void (await tmux("send-keys", ...keys)), shows };
}
