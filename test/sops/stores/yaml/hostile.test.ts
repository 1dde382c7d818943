import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { SecretsError } from "../../../../src/errors.ts";
import { yamlStore } from "../../../../src/sops/stores/yaml.ts";

const times = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("");
const LAUGHS = `a: &a [${"x,".repeat(10)}]\n${times(9, (n) => `${"bcdefghij"[n]}: &${"bcdefghij"[n]} [${`*${"abcdefghi"[n]},`.repeat(10)}]\n`)}`;

/** Texts made to cost time, memory or the process, and how each ends. */
const BOMBS: [name: string, text: () => string, end: string][] = [
  ["100,000 open brackets", () => `a: ${"[".repeat(1e5)}`, "E_YAML_NESTING"],
  ["100,000 open braces", () => `a: ${"{a: ".repeat(1e5)}`, "E_YAML_NESTING"],
  ["100,000 dashes", () => "- ".repeat(1e5), "E_YAML_NESTING"],
  ["100,000 dashes below a key", () => `a:\n  ${"- ".repeat(1e5)}`, "E_YAML_NESTING"],
  ["100,000 question marks", () => "? ".repeat(1e5), "E_YAML_NESTING"],
  ["100,000 keys on one line", () => "a: ".repeat(1e5), "E_YAML_NESTING"],
  ["3,000 steps of indentation", () => times(3000, (n) => `${" ".repeat(n)}a:\n`), "E_YAML_NESTING"],
  ["a billion laughs", () => LAUGHS, "E_YAML_ALIAS"],
  [
    "3,000 aliases within each other",
    () => `a: &a0 {x: 1}\n${times(3000, (n) => `k${n}: &a${n + 1} {x: *a${n}}\n`)}`,
    "E_YAML_ALIAS",
  ],
  [
    "100 aliases within each other",
    () => `a: &a0 {x: 1}\n${times(100, (n) => `k${n}: &a${n + 1} {x: *a${n}}\n`)}`,
    "E_YAML_NESTING",
  ],
  ["100,000 empty lists in a list", () => `a: [${"[],".repeat(1e5)}]`, "E_YAML_SIZE"],
  ["a value of 10 MB", () => `a: ${"x".repeat(1e7)}\n`, "read"],
  ["a literal of 10 MB", () => `a: |\n${"  xxxxxxx\n".repeat(1e6)}`, "read"],
  ["a folded text of 10 MB", () => `a: >\n${"  xxxxxxx\n".repeat(1e6)}`, "read"],
  ["100,000 keys", () => times(1e5, (n) => `k${n}: v\n`), "read"],
  ["100,000 comments", () => `a: 1\n${"# c\n".repeat(1e5)}`, "read"],
  ["100,000 documents", () => "---\na: 1\n".repeat(1e5), "read"],
  ["a million digits", () => `a: ${"9".repeat(1e6)}\n`, "read"],
  ["a million colons", () => `a: 1${":0".repeat(5e5)}\n`, "read"],
  ["a million quotes", () => `a: '${"''".repeat(5e5)}\n`, "E_YAML_SYNTAX"],
  ["a million blanks", () => `a:${" ".repeat(1e6)}1\n`, "read"],
  ["65 MiB", () => "#".repeat(65 * 1024 * 1024), "E_YAML_SIZE"],
];

for (const [name, text, expected] of BOMBS) {
  test(`${name}: ${expected}, and soon`, () => {
    const input = text();
    const before = process.cpuUsage();
    let end = "read";
    try {
      yamlStore.read(input);
    } catch (error) {
      assert.ok(error instanceof SecretsError, String(error));
      end = error.code;
    }
    const spent = process.cpuUsage(before).user / 1e6;
    assert.equal(end, expected);
    // It takes a third of a second at most; the rest is for slow and busy machines.
    assert.ok(spent < 2, `${spent} s`);
  });
}

test("every bomb in one process stays in bounded memory", () => {
  const program = `
    import { yamlStore } from ${JSON.stringify(new URL("../../../../src/sops/stores/yaml.ts", import.meta.url).href)};
    const texts = ["a: " + "[".repeat(1e5), "- ".repeat(1e5), ${JSON.stringify(LAUGHS)}, "a: [" + "[],".repeat(1e5) + "]", "a: [1]\\n" + "k: v # c\\n".repeat(1e5)];
    for (let round = 0; round < 2; round++) for (const text of texts) try { yamlStore.read(text) } catch (error) { if (!/^E_YAML_/.test(error.code)) throw error }
    console.log("survived");`;
  const run = spawnSync(process.execPath, ["--max-old-space-size=150", "--input-type=module", "-e", program], {
    encoding: "utf8",
  });
  assert.equal(run.stdout.trim(), "survived", run.stderr);
});

test("64 levels are read, in blocks, brackets and both, and 65 are not", () => {
  const blocks = (depth: number) => `${times(depth, (n) => `${" ".repeat(n)}a:${n === depth - 1 ? " 1" : ""}\n`)}`;
  const flow = (depth: number) => `a: ${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}\n`;
  for (const make of [blocks, flow]) {
    assert.equal(yamlStore.read(make(64)).documents.length, 1);
    assert.throws(() => yamlStore.read(make(66)), { code: "E_YAML_NESTING" });
  }
  assert.equal(
    yamlStore.read(`a: "${"[".repeat(1000)}"\nb: |\n  ${"[".repeat(1000)}\nc: x${"[".repeat(1000)}\nd: [x]\n`).documents
      .length,
    1,
  );
});
