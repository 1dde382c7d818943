import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { parsePlain } from "../../src/sops/plain-text.ts";
import { decodeText, MAX_DOCUMENT_BYTES, positionAt } from "../../src/sops/text.ts";
import { create } from "./clear-keys.ts";

test("the byte order mark goes, and is remembered", () => {
  assert.deepEqual(decodeText(Buffer.from("\ufeffa\r\nb")), { text: "a\r\nb", bom: true });
  assert.deepEqual(decodeText(Buffer.from("é")), { text: "é", bom: false });
});

test("NUL and broken UTF-8 are refused with their place", () => {
  const table: [number[], number, number][] = [
    [[0x61, 0x0a, 0x62, 0x00], 2, 2],
    [[0xff], 1, 1],
    [[0x61, 0x0a, 0xc3, 0xa9, 0xc3, 0x28], 2, 3],
    [[0x61, 0xe2, 0x82], 1, 4],
    [[0xed, 0xa0, 0x80], 1, 2],
  ];
  for (const [raw, line, column] of table) {
    assert.throws(
      () => decodeText(Uint8Array.from(raw)),
      (fault: { code: string; location: unknown }) => {
        assert.equal(fault.code, "E_TEXT_ENCODING");
        assert.equal((fault.location as { line: number }).line, line, raw.join());
        assert.ok(Math.abs((fault.location as { column: number }).column - column) <= 1, raw.join());
        return true;
      },
    );
  }
});

test("any bytes give text or a coded refusal, and text is exactly the bytes", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      try {
        const { text, bom } = decodeText(bytes);
        assert.deepEqual(Buffer.from((bom ? "\ufeff" : "") + text, "utf8"), Buffer.from(bytes));
      } catch (fault) {
        assert.equal((fault as { code?: string }).code, "E_TEXT_ENCODING");
      }
    }),
  );
});

test("64 MiB is the limit", () => {
  assert.throws(() => decodeText(new Uint8Array(MAX_DOCUMENT_BYTES + 1)), { code: "E_TOO_LARGE" });
});

test("what could not be read again is not written", async () => {
  const documents = parsePlain(new Uint8Array(50 * 1024 * 1024), "binary");
  await assert.rejects(create("binary", documents), { code: "E_TOO_LARGE" });
});

test("offsets become lines and columns", () => {
  const text = "ab\ncd\r\n\nx";
  const places = [0, 2, 3, 5, 7, 8, 9, 99]
    .map((offset) => positionAt(text, offset))
    .map(({ line, column }) => `${line}:${column}`);
  assert.deepEqual(places, ["1:1", "1:3", "2:1", "2:3", "3:1", "4:1", "4:2", "4:2"]);
});
