/** The sealer with this program's threads. */
import type { Plugins } from "../age/plugin/plugins.ts";
import { createSealer, type Sealer, type SealThread } from "../age/sealer.ts";
import { spareCores, startThread } from "../repo/thread.ts";

/** @param expected how many keys will have to be sealed, as far as that is known */
export function openSealer(expected: number, plugins?: Plugins): Sealer {
  return createSealer(expected, { spare: spareCores(), start: startSealThread }, plugins);
}

function startSealThread(): SealThread {
  const thread = startThread(entryOfThread());
  return {
    ready: thread.ready,
    sealBatch: async (batch) => (await thread.ask(batch, [batch.keys.buffer])) as (string | null)[],
    close: () => thread.close(),
  };
}

/** As installed it lies beside the launcher, whose `require` the program has. */
function entryOfThread(): string | URL {
  return typeof require === "function"
    ? require.resolve("./seal-thread.cjs")
    : new URL("./seal-thread.ts", import.meta.url);
}
