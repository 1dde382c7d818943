import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { importDataKey, isSealed, openValue, sealedType, sealValue } from "../../src/sops/cipher.ts";

const key = importDataKey(Buffer.from("f".repeat(32)));
/** The vector of sops' own aes/cipher_test.go. */
const VECTOR =
  "ENC[AES256_GCM,data:oYyi,iv:MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0EyV8o=,tag:t5z2Z023Up0kxwCgw1gNxg==,type:str]";

const opened = (text: string, aad = "bar:"): string | undefined => {
  const value = openValue(text, key, aad);
  return value === undefined ? undefined : Buffer.from(value.bytes).toString("utf8");
};

test("the vector of sops opens under its key path and no other", () => {
  assert.equal(opened(VECTOR), "foo");
  for (const aad of ["", "bar", "baz:", "bar::"]) assert.equal(opened(VECTOR, aad), undefined);
});

test("what is sealed opens again, and never twice the same", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.string(), (content, aad) => {
      const a = sealValue("str", content, key, aad);
      assert.notEqual(a, sealValue("str", content, key, aad));
      assert.match(a, /^ENC\[AES256_GCM,data:[^,]+,iv:[A-Za-z0-9+/]{43}=,tag:[A-Za-z0-9+/]{22}==,type:str\]$/);
      assert.deepEqual(Buffer.from(openValue(a, key, aad)?.bytes ?? []), Buffer.from(content));
    }),
  );
});

test("every flipped bit of data, nonce and tag is refused; the type is not covered", () => {
  const [data, iv, tag] = ["oYyi", "MyIDYbT718JRr11QtBkcj3Dwm4k1aCGZBVeZf0EyV8o=", "t5z2Z023Up0kxwCgw1gNxg=="];
  for (const part of [data, iv, tag]) {
    const raw = Buffer.from(part, "base64");
    for (let bit = 0; bit < raw.length * 8; bit++) {
      const flipped = Buffer.from(raw);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      assert.equal(opened(VECTOR.replace(part, flipped.toString("base64"))), undefined);
    }
  }
  assert.equal(opened(VECTOR.replace("type:str", "type:int")), "foo");
});

test("a shortened tag or a missing nonce is refused, however the cipher would take it", () => {
  assert.equal(opened(VECTOR.replace("t5z2Z023Up0kxwCgw1gNxg==", "t5z2Zw==")), undefined);
  assert.equal(opened(VECTOR.replace(/iv:[^,]+/, "iv:")), undefined);
  assert.equal(opened(VECTOR.replace(/iv:[^,]+/, `iv:${randomBytes(4096).toString("base64")}`)), undefined);
});

test("sops tolerates text behind the bracket; nothing else may differ", () => {
  assert.equal(opened(`${VECTOR} trailing`), "foo");
  for (const text of [
    ` ${VECTOR}`,
    VECTOR.slice(0, -1),
    VECTOR.replace("256", "128"),
    VECTOR.replace("oYyi", "o-Yi"),
    "ENC[",
    "",
  ]) {
    assert.equal(opened(text), undefined, text);
  }
});

test("fields are told apart as greedy groups would", () => {
  assert.equal(sealedType("ENC[AES256_GCM,data:a,iv:b,tag:c,type:str]"), "str");
  assert.equal(sealedType("ENC[AES256_GCM,data:a,iv:b,tag:c,type:str] # ]"), "str] # ");
  for (const text of [
    "ENC[AES256_GCM,data:,iv:b,tag:c,type:d]",
    "ENC[AES256_GCM,data:a,iv:,tag:c,type:d]",
    "ENC[AES256_GCM,data:a,tag:c,iv:b,type:d]",
    "ENC[AES256_GCM,data:a,iv:b,tag:c,type:]",
    "ENC[AES256_GCM,data:a\n,iv:b,tag:c,type:d]",
  ]) {
    assert.equal(isSealed(text), false, text);
  }
});

test("the splitter agrees with sops' own expression on any text", () => {
  const piece = fc.constantFrom("ENC[AES256_GCM,data:", ",iv:", ",tag:", ",type:", "]", "a", "=", "\n", " ");
  const expression = /^ENC\[AES256_GCM,data:([^\n]+),iv:([^\n]+),tag:([^\n]+),type:([^\n]+)\]/;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 16 }), (pieces) => {
      const text = `ENC[AES256_GCM,data:${pieces.join("")}`;
      assert.equal(sealedType(text), expression.exec(text)?.[4]);
    }),
    { numRuns: 2000 },
  );
});

test("hostile text takes linear time", () => {
  const started = performance.now();
  assert.equal(isSealed(`ENC[AES256_GCM,data:${",iv:,tag:,type:".repeat(500_000)}`), false);
  assert.ok(performance.now() - started < 1000);
});
