import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePlain, plainBytes, plainText } from "../../../src/sops/plain-text.ts";
import { create, reopen } from "../clear-keys.ts";
import { map, scalar, text } from "../trees.ts";

test("any bytes come back as they were", async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      const { documents } = await reopen(await create("binary", parsePlain(bytes, "binary")), "binary");
      assert.deepEqual(Buffer.from(plainBytes("binary", documents)), Buffer.from(bytes));
    }),
  );
});

test("a byte order mark, NUL and CRLF are content", async () => {
  const bytes = Buffer.from("\ufeffa\0\r\n");
  const { documents } = await reopen(await create("binary", parsePlain(bytes, "binary")), "binary");
  assert.deepEqual(Buffer.from(plainBytes("binary", documents)), bytes);
});

test("content that is not text has no text", () => {
  assert.throws(() => plainText("binary", parsePlain(Uint8Array.of(0xff), "binary")), { code: "E_BINARY_TEXT" });
});

test("a document without a string under 'data' is not a binary one", () => {
  for (const document of [
    map({}),
    map({ other: text("x") }),
    map({ data: scalar({ type: "int", value: 1n }) }),
    map({ data: map({}) }),
  ]) {
    assert.throws(() => plainBytes("binary", [document]), { code: "E_BINARY_DATA" });
  }
});
