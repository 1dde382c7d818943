/** Recipients that a plugin serves, in a large change: no thread for them, and few sessions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { openFile, parseFile } from "../../src/age/file.ts";
import { sealBatch } from "../../src/age/seal-batch.ts";
import { createSealer } from "../../src/age/sealer.ts";
import { alice, dataKey } from "./keyring-machine.ts";
import { of } from "./plugin/memory-plugin.ts";

const recipient = encodeBech32("age1t", Buffer.alloc(8, 1));

/** Its stanza holds the file key in clear. */
const wrapping = () =>
  of(async ({ told, say, write }) => {
    const keys = told.filter(({ args }) => args[0] === "wrap-file-key");
    for (const [i, { body }] of keys.entries()) await say(["recipient-stanza", String(i), "t"], body);
    write("-> done\n\n");
  });

async function opened(enc: string): Promise<Uint8Array | null> {
  const unwrapFileKey = ({ stanzas }: { stanzas: readonly { body: Uint8Array }[] }) =>
    Uint8Array.from(stanzas[0]?.body ?? []);
  return openFile(parseFile(enc), { kind: "plugin", recipients: [], source: "", unwrapFileKey });
}

test("many keys for a plugin's recipient are one session, and go to no thread", async () => {
  const { plugins, starts } = wrapping();
  const handed: string[] = [];
  const threads = {
    spare: 1,
    start: () => ({
      ready: Promise.resolve(),
      sealBatch: (batch: Parameters<typeof sealBatch>[0]) => {
        handed.push(...batch.recipients);
        return sealBatch(batch);
      },
      close: async () => {},
    }),
  };
  const sealer = createSealer(2000, threads, plugins);
  const asked = Array.from({ length: 200 }, (_, i) =>
    sealer.seal(i % 2 === 0 ? ` ${recipient} ` : alice.recipient, dataKey),
  );
  const sealed = await Promise.all(asked);
  await sealer.close();
  assert.equal(starts(), 1);
  assert.ok(handed.length > 0 && handed.every((one) => one === alice.recipient));
  for (const enc of sealed.filter((_, i) => i % 2 === 0)) assert.deepEqual(await opened(enc), dataKey);
  assert.equal(new Set(sealed).size, 200);
});

test("without plugins such a recipient is refused, and what is none is told where it is sealed to", async () => {
  const sealer = createSealer(1);
  await assert.rejects(sealer.seal(recipient, dataKey), { code: "E_AGE_PLUGIN" });
  const able = createSealer(1, undefined, wrapping().plugins);
  await assert.rejects(able.seal("age1nonsense", dataKey), { code: "E_RECIPIENT" });
});
