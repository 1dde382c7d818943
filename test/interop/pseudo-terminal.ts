/** A command with a terminal of its own, to answer its questions, and to have it wait at one of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bundledProgram, environmentIn, type Place } from "./under-fire.ts";

export interface Conversation {
  /** Waits until this was printed; fails with what was printed instead. */
  readonly shows: (pattern: RegExp) => Promise<void>;
  /** Keys as the terminal sends them: Enter is `\r`, Ctrl-C is `\x03`. */
  readonly type: (keys: string) => void;
  /** As a shell would show it: 130 for Ctrl-C. Also all that was printed. */
  readonly ended: () => Promise<{ readonly code: number; readonly said: string }>;
}

const PATIENCE = 60_000;

export async function talkTo(t: TestContext, place: Place, argv: readonly string[]): Promise<Conversation> {
  const words = [process.execPath, await bundledProgram(), ...argv].map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const child = spawn("script", ["-qefc", `exec ${words.join(" ")}`, "/dev/null"], {
    cwd: place.root,
    env: { ...environmentIn(place), TERM: "xterm", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("latin1");
  });
  const end = once(child, "close");
  return {
    shows: async (pattern) => {
      for (let waited = 0; !pattern.test(said); waited += 20) {
        assert.ok(waited < PATIENCE && child.exitCode === null, `never ${pattern}:\n${said}`);
        await sleep(20);
      }
    },
    type: (keys) => void child.stdin.write(keys),
    ended: async () => {
      const [code] = await end;
      return { code, said };
    },
  };
}
