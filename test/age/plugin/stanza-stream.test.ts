import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { formatStanza, StanzaReader } from "../../../src/age/plugin/stanza-stream.ts";

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const argument = fc.stringMatching(/^[\x21-\x7e]{1,20}$/);
const stanza = fc.record({
  args: fc.array(argument, { minLength: 1, maxLength: 4 }),
  body: fc.uint8Array({ maxLength: 200 }),
});

describe("stanzas on a pipe", () => {
  it("come back as they were written, wherever the chunks end", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(stanza, { maxLength: 5 }), fc.integer({ min: 1, max: 70 }), async (all, size) => {
        const bytes = Buffer.concat(all.map(({ args, body }) => formatStanza(args, body)));
        const reader = new StanzaReader(chunked(bytes, size));
        for (const { args, body } of all) {
          const found = await reader.next();
          assert.deepEqual(found?.args, args);
          assert.deepEqual(Buffer.from(found?.body ?? []), Buffer.from(body));
        }
        assert.equal(await reader.next(), null);
      }),
    );
  });

  it("end a body with a short line, even if that is empty", () => {
    assert.equal(Buffer.from(formatStanza(["done"])).toString(), "-> done\n\n");
    assert.equal(Buffer.from(formatStanza(["x", "y"], Buffer.alloc(48))).toString(), `-> x y\n${"A".repeat(64)}\n\n`);
  });

  it("are refused when they are none, never end, or are cut off", async () => {
    for (const text of [
      "hello\n",
      "->\n\n",
      "->  x\n\n",
      "-> x\u0007\n\n",
      "-> x\nnot base64!\n",
      "-> x\nAB\n",
      `-> x\n${"A".repeat(65)}\n\n`,
      "-> x",
      "-> x\n",
      `-> x\n${"A".repeat(64)}\n`,
      `-> ${"x".repeat(2_000_000)}`,
      `-> x\n${`${"A".repeat(64)}\n`.repeat(20_000)}\n`,
    ]) {
      const reader = new StanzaReader(chunked(Buffer.from(text, "latin1"), 100_000));
      await assert.rejects(reader.next(), { code: "E_AGE_PLUGIN" }, text.slice(0, 40));
    }
  });
});
