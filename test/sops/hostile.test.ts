import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { clearLeaves } from "../../src/sops/clear-leaves.ts";
import { decryptFile } from "../../src/sops/decrypt-file.ts";
import { parsePlain, plainBytes } from "../../src/sops/plain-text.ts";
import { scalarText } from "../../src/sops/scalar.ts";
import { parseSopsFile } from "../../src/sops/sops-file.ts";
import type { Format } from "../../src/sops/store.ts";
import type { CommentNode, EntryNode, ValueNode } from "../../src/sops/tree.ts";
import { create, reopen } from "./clear-keys.ts";
import { golden, goldenFiles, open } from "./golden.ts";
import { FORMATS, map, text } from "./trees.ts";

const RUNS = process.env["SLOW"] === undefined ? 300 : 20_000;

function codeOf(fault: unknown): string {
  const { name, code, message } = fault as { name?: string; code?: string; message?: string };
  assert.equal(name, "SecretsError", `${message}\n${(fault as Error).stack}`);
  return code ?? "";
}

/** Parses, or fails with a code; anything else is a bug. */
function attempt(bytes: Uint8Array, format: Format): string {
  try {
    parseSopsFile(bytes, format);
    return "parsed";
  } catch (fault) {
    return codeOf(fault);
  }
}

for (const format of FORMATS) {
  test(`${format}: any bytes are parsed or refused with a code`, () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .string({ unit: fc.constantFrom(..."{}[]\"':,-=#;\\ \n\t\r&*!|>%@`~?aé0.eE_sops"), maxLength: 120 })
        .map((value) => Buffer.from(value)),
    );
    fc.assert(
      fc.property(bytes, (content) => {
        attempt(content, format);
        try {
          parsePlain(content, format);
        } catch (fault) {
          codeOf(fault);
        }
      }),
      { numRuns: RUNS },
    );
  });
}

/** One golden document a format and layout: all of its prefixes are tried. */
const CUT = [
  "basic-yaml/enc-3.9.4.yaml",
  "basic-yaml/enc-3.13.2.yaml",
  "basic-json/enc-3.9.4.json",
  "basic-env/enc-3.13.2.env",
  "basic-ini/enc-3.9.4.ini",
  "text-txt/enc-3.13.2.txt",
];

for (const name of CUT) {
  test(`${name}: cut off at any byte it is refused, or its MAC tells`, async () => {
    const { bytes, format } = golden(name);
    const whole = await open(bytes, format);
    for (let length = 0; length < bytes.length; length++) {
      const cut = bytes.subarray(0, length);
      if (attempt(cut, format) !== "parsed") continue;
      // What still parses must not give other content than the whole file.
      const plain = await decryptFile(parseSopsFile(cut, format), whole.dataKey).catch(codeOf);
      if (typeof plain !== "string") {
        assert.deepEqual(plainBytes(format, plain.documents), plainBytes(format, whole.documents), `${length}`);
      }
    }
  });

  test(`${name}: a flipped bit anywhere is refused or changes nothing that the MAC covers`, async () => {
    const { bytes, format } = golden(name);
    const whole = await open(bytes, format);
    const want = whole.documents.map(valuesOf).join("");
    const step = process.env["SLOW"] === undefined ? 37 : 3;
    for (let bit = 0; bit < bytes.length * 8; bit += step) {
      const flipped = Buffer.from(bytes);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (attempt(flipped, format) !== "parsed") continue;
      const plain = await decryptFile(parseSopsFile(flipped, format), whole.dataKey).catch(codeOf);
      if (typeof plain === "string") continue;
      // Keys of clear values, types, nulls, empty values and comments are not authenticated by the format.
      assert.equal(plain.documents.map(valuesOf).join(""), want, `bit ${bit}`);
    }
  });
}

/** All that the MAC covers: the values, in order. */
function valuesOf(node: ValueNode | CommentNode | EntryNode): string {
  switch (node.kind) {
    case "scalar":
      return scalarText(node.scalar);
    case "entry":
      return valuesOf(node.value);
    case "map":
      return node.entries.map(valuesOf).join("");
    case "list":
      return node.items.map(valuesOf).join("");
    case "comment":
      return "";
  }
}

test("every golden document refuses another document's MAC and a missing one", async () => {
  for (const { bytes, format, name } of goldenFiles().filter((file) => file.name.includes("basic-"))) {
    const { file, dataKey } = await open(bytes, format);
    const other = golden("rules/enc-mac-only-encrypted-3.13.2.yaml").bytes.toString();
    const mac = /mac: (ENC\[\S+\])/.exec(other)?.[1] ?? "";
    const swap = (value: string) => ({
      ...file,
      metadata: { ...file.metadata, mac: value === "" ? undefined : value },
    });
    await assert.rejects(decryptFile(swap(mac), dataKey), { code: "E_MAC_MISMATCH" }, name);
    await assert.rejects(decryptFile(swap(""), dataKey), { code: "E_MAC_MISSING" }, name);
    const dated = { ...file, metadata: { ...file.metadata, lastModified: "2026-11-23T05:24:59Z" } };
    await assert.rejects(decryptFile(dated, dataKey), { code: "E_MAC_MISMATCH" }, name);
    const unversioned = { ...file, metadata: { ...file.metadata, version: "" } };
    await assert.rejects(decryptFile(unversioned, dataKey), { code: "E_METADATA" }, name);
  }
});

test("values that change places are refused with the key path, and the error tells no value", async () => {
  const content = await create("json", [map({ a: text("first secret"), b: text("second secret") })]);
  const [a = "", b = ""] = content.match(/ENC\[[^\]]*\]/g) ?? [];
  const swapped = content.replace(a, "\0").replace(b, a).replace("\0", b);
  await assert.rejects(
    reopen(swapped, "json"),
    (fault: { code: string; location: object; message: string; hint: string }) => {
      assert.equal(fault.code, "E_VALUE_DAMAGED");
      assert.deepEqual(fault.location, { keyPath: ["a"], line: 2, column: 7 });
      assert.ok(!`${fault.message}${fault.hint}`.includes("secret"));
      return true;
    },
  );
});

test("a value in clear where it should be encrypted is found without a key and refused with one", async () => {
  const content = await create("yaml", [map({ a: map({ b: text("x") }), c: text("y") })]);
  const clear = content.replace(/b: ENC\S*/, "b: left in clear");
  const file = parseSopsFile(Buffer.from(clear), "yaml");
  const found = await clearLeaves(file);
  assert.deepEqual(
    found.map(({ keyPath, kind }) => ({ keyPath, kind })),
    [{ keyPath: ["a", "b"], kind: "value" }],
  );
  const { span } = found[0] ?? {};
  assert.equal(span && clear.slice(span.start, span.end), "left in clear");
  await assert.rejects(reopen(clear, "yaml"), { code: "E_VALUE_NOT_ENCRYPTED" });
  await assert.rejects(reopen(clear.replace("left in clear", "5"), "yaml"), { code: "E_VALUE_NOT_ENCRYPTED" });
});

test("a value made out to be a comment is refused: it would leave the MAC", async () => {
  const content = await create("json", [map({ a: text("x"), l: { kind: "list", items: [text("y")] } })]);
  await assert.rejects(reopen(content.replace("type:str", "type:comment"), "json"), { code: "E_VALUE_DAMAGED" });
  const second = content.lastIndexOf("type:str", content.indexOf('"sops"'));
  const inList = `${content.slice(0, second)}type:comment${content.slice(second + 8)}`;
  await assert.rejects(reopen(inList, "json"), { code: "E_MAC_MISMATCH" });
});

test("nesting bombs, big scalars and long lists end in bounded time", async () => {
  const started = performance.now();
  const deep = 200_000;
  assert.equal(attempt(Buffer.from('{"a":'.repeat(deep)), "json"), "E_JSON_NESTING");
  assert.equal(attempt(Buffer.from("[".repeat(deep)), "json"), "E_JSON_SYNTAX");
  assert.equal(attempt(Buffer.from(`{"a":${"[".repeat(deep)}`), "json"), "E_JSON_NESTING");
  assert.notEqual(attempt(Buffer.from(`a: ${"[".repeat(deep)}`), "yaml"), "parsed");
  assert.notEqual(attempt(Buffer.from("- ".repeat(deep)), "yaml"), "parsed");
  assert.equal(attempt(Buffer.from(`{"a": ${"9".repeat(1_000_000)}}`), "json"), "E_JSON_SYNTAX");
  const long = "x".repeat(10 * 1024 * 1024);
  for (const [content, format] of [
    [`{"a": "${long}"}`, "json"],
    [`a=${long}`, "dotenv"],
    [`a = ${long}`, "ini"],
    [`a: ${long}\n`, "yaml"],
    [`a = ${" ".repeat(1_000_000)}`, "ini"],
    [`{"a": "${"\\".repeat(2_000_000)}"}`, "json"],
  ] as const) {
    attempt(Buffer.from(content), format);
  }
  assert.ok(performance.now() - started < 20_000, `${performance.now() - started}`);
});

test("hundreds of thousands of keys are no trouble for any store", async () => {
  const count = 150_000;
  const keys = (line: (i: number) => string, join = "\n"): string =>
    Array.from({ length: count }, (_, i) => line(i)).join(join);
  for (const [content, format] of [
    [`[s]\n${keys((i) => `k${i} = v`)}\n`, "ini"],
    [`${keys((i) => `k${i}=v`)}\n`, "dotenv"],
    [`{${keys((i) => `"k${i}": "v"`, ",")}}`, "json"],
  ] as const) {
    const documents = parsePlain(content, format);
    assert.ok(plainBytes(format, documents).length > count * 4);
  }
});

test("repeated keys are refused in every format, with their line", () => {
  for (const [content, format, line] of [
    ['{"a": 1,\n"b": {"c": 1,\n"c": 2}}', "json", 3],
    ["a=1\nb=2\na=3\n", "dotenv", 3],
    ["[s]\na = 1\nA = 2\na = 3\n", "ini", 4],
    ["a: 1\nb: 2\na: 3\n", "yaml", 3],
  ] as const) {
    assert.throws(
      () => parsePlain(content, format),
      (fault: { code: string; location: { line: number } }) => {
        assert.match(fault.code, /DUPLICATE/);
        assert.equal(fault.location.line, line);
        return true;
      },
    );
  }
});

test("keys named like the language's own parts are keys", async () => {
  const document = parsePlain('{"__proto__": {"polluted": true}, "constructor": "c", "toString": "t"}', "json");
  const { documents } = await reopen(await create("json", document), "json");
  assert.deepEqual(plainBytes("json", documents), plainBytes("json", document));
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test("half a surrogate pair is the replacement character, as sops reads it", () => {
  const [document] = parsePlain('{"a": "x\\ud800y", "b": "\\ud83d\\ude00"}', "json");
  assert.equal(plainBytes("json", [document ?? map({})]).toString(), '{\n\t"a": "x\ufffdy",\n\t"b": "😀"\n}\n');
});
