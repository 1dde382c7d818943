/** One line that counts, on a person's screen only; it is gone when the work is done. */
import type { Terminal } from "./terminal.ts";

/** Below this many there is nothing to watch. */
const WORTHWHILE = 100;

/** Runs `work` with a function that it may tell how far it is. */
export async function progress<Result>(
  terminal: Terminal,
  what: string,
  work: (onProgress: (done: number, all: number) => void) => Promise<Result>,
): Promise<Result> {
  let shown = false;
  try {
    return await work((done, all) => {
      if (!terminal.reachable || all < WORTHWHILE) return;
      shown = true;
      terminal.replaceLine(`${what} ${done} of ${all}`);
    });
  } finally {
    if (shown) terminal.replaceLine("");
  }
}
