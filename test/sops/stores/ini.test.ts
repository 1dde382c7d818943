import assert from "node:assert/strict";
import { test } from "node:test";
import { removeAt, setAt } from "../../../src/sops/access.ts";
import { pair } from "../../../src/sops/pair.ts";
import { parsePlain, plainText } from "../../../src/sops/plain-text.ts";
import { iniStore } from "../../../src/sops/stores/ini.ts";
import type { MapNode } from "../../../src/sops/tree.ts";
import { updateFile } from "../../../src/sops/update-file.ts";
import { create, NOW, reopen } from "../clear-keys.ts";
import { golden, open } from "../golden.ts";
import { map, text } from "../trees.ts";

/** Sections, keys, values and comments in tree order. */
function tree(content: string): string[] {
  const show = (node: MapNode): string[] =>
    node.entries.flatMap((entry) => {
      if (entry.kind === "comment") return [`;${entry.text}`];
      if (entry.value.kind === "map") return [`[${entry.key}]`, ...show(entry.value)];
      return [
        `${entry.key}=${entry.value.kind === "scalar" && entry.value.scalar.type === "str" ? entry.value.scalar.value : "?"}`,
      ];
    });
  return iniStore.read(content).documents.flatMap(show);
}

const READ: [string, string, string[]][] = [
  ["keys before any section", "g = 1\n[s]\na=2\n", ["[DEFAULT]", "g=1", "[s]", "a=2"]],
  ["no empty default section", "[s]\na = 2\n", ["[s]", "a=2"]],
  [
    "comments stand behind their key in the tree",
    "; top\n[s]\n# one\n; two\na = 1\n",
    ["[s]", ";top", "a=1", ";one\n; two"],
  ],
  ["both delimiters", "[s]\na: 1\nb = c: d\n", ["[s]", "a=1", "b=c: d"]],
  [
    "quotes are taken off",
    '[s]\na = "x y"\nb = \'z\'\nc = `q;#`\nd = """m"""\n',
    ["[s]", "a=x y", "b=z", "c=q;#", "d=m"],
  ],
  ["quotes inside stay", '[s]\na = x"y"\nb = "a" "b"\n', ["[s]", 'a=x"y"', 'b="a" "b"']],
  ["several lines in triple quotes", '[s]\na = """x\n y\n"""\nb = 1\n', ["[s]", "a=x\n y\n", "b=1"]],
  ["a backslash continues", "[s]\na = x\\\n   y\\\n z\nb = 1\n", ["[s]", "a=xyz", "b=1"]],
  ["inline comments are cut", "[s]\na = 1 ; why\n", ["[s]", "a=1", ";why"]],
  ["quoted keys", '[s]\n`a=b` = 1\n"c d" = 2\n', ["[s]", "a=b=1", "c d=2"]],
  ["repeated sections", "[s]\na = 1\n[s]\na = 2\n", ["[s]", "a=1", "[s]", "a=2"]],
  ["blanks and CRLF", "  [s]  \r\n\ta\t=\tb\t\r\n", ["[s]", "a=b"]],
  ["an empty value", "[s]\na =\nb = \n", ["[s]", "a=", "b="]],
];
for (const [name, content, want] of READ) test(`reading: ${name}`, () => assert.deepEqual(tree(content), want));

test("what gopkg.in/ini refuses is refused, with its line", () => {
  for (const content of [
    "[s]\nnope\n",
    "[s]\n= 1\n",
    "[s\na = 1\n",
    "[]\n",
    "[s]\n`a = 1\n",
    '[s]\na = """x\n',
    "[s]\n- = 1\n",
  ]) {
    assert.throws(() => tree(content), { code: "E_INI_SYNTAX" }, content);
  }
  assert.throws(() => tree("[s]\na = 1\n\nnope\n"), { location: { line: 4, column: 1 } });
});

test("writing: aligned, quoted and separated as gopkg.in/ini does", () => {
  const document = map({
    DEFAULT: map({ g: text("1") }),
    s: map({
      a: text("x"),
      longer: text("semi;colon"),
      "k=v": text(" outer "),
      e: text(""),
      m: text("a\nb"),
      t: text("`"),
    }),
    empty: map({}),
    z: map({ é: text("1"), ab: text("2") }),
  });
  const want =
    'g = 1\n\n[s]\na      = x\nlonger = `semi;colon`\n`k=v`  = " outer "\ne      = \nm      = """a\nb"""\nt      = """`"""\n\n[empty]\n\n[z]\né = 1\nab = 2\n';
  assert.equal(plainText("ini", [document]), want);
});

test("an update keeps comments, blank lines, alignment and quotes of what it does not touch", async () => {
  const plain = "; about g\ng = 1\n\n[sec]\n; about a\na         = 1\nlong_name = two\n\n[sec2]\nk_unencrypted = v\n";
  const content = (await create("ini", parsePlain(plain, "ini"))).replace("[sec2]", "\n\n[sec2]");
  const { file, documents, dataKey } = await reopen(content, "ini");
  const data = (whole: string): string[] => whole.slice(0, whole.indexOf("[sops]")).split("\n");
  const before = data(content);
  const update = async (changed: typeof documents) => data(await updateFile(file, changed, dataKey, NOW));
  const diff = (after: string[]): string[] =>
    after.filter((line) => !before.includes(line)).map((line) => line.slice(0, 16));
  assert.deepEqual(await update(documents), before);
  assert.deepEqual(diff(await update(setAt(documents, ["sec", "a"], text("x")))), ["a         = ENC["]);
  assert.deepEqual(diff(await update(setAt(documents, ["sec", "new"], text("x")))), ["new       = ENC["]);
  assert.deepEqual(diff(await update(setAt(documents, ["sec2", "k_unencrypted"], text("a;b")))), ["k_unencrypted = "]);
  assert.deepEqual(diff(await update(setAt(documents, ["third", "k"], text("x")))), ["[third]", "k = ENC[AES256_G"]);
  assert.deepEqual(diff(await update(removeAt(documents, ["sec", "long_name"]))), []);
  const gone = await update(removeAt(documents, ["sec"]));
  assert.ok(!gone.join("\n").includes("[sec]") && gone.join("\n").includes("[sec2]"));
  for (const changed of [
    setAt(documents, ["third", "k"], text("x")),
    removeAt(documents, ["DEFAULT"]),
    removeAt(documents, ["sec"]),
  ]) {
    const after = await updateFile(file, changed, dataKey, NOW);
    assert.equal(plainText("ini", (await reopen(after, "ini")).documents), plainText("ini", changed));
  }
});

test("comments that change or change places are written where they now stand", async () => {
  const plain = "[s]\n; one\na = 1\n\n; two\nb = 2\nc = 3\n";
  const { file, documents, dataKey } = await reopen(await create("ini", parsePlain(plain, "ini")), "ini");
  const edits: [string, string][] = [
    ["one", "uno"],
    ["; one\n", ""],
    ["; one\na = 1\n\n; two", "; two\na = 1\n\n; one"],
    ["c = 3", "; three\nc = 3"],
    ["[s]", "; section\n[s]"],
  ];
  for (const [from, to] of edits) {
    const edited = parsePlain(plain.replace(from, to), "ini");
    const after = await updateFile(file, pair(documents, edited, "ini"), dataKey, NOW);
    assert.equal(plainText("ini", (await reopen(after, "ini")).documents), plainText("ini", edited), `${from} → ${to}`);
  }
});

test("metadata with real line breaks in triple quotes, as 3.13.0 wrote it, is read", async () => {
  const { bytes } = golden("basic-ini/enc-3.13.2.ini");
  const multiline = bytes
    .toString()
    .replace(
      /^(age\S+_enc\s+= )(.*)$/gm,
      (_, head: string, value: string) => `${head}"""${value.replaceAll("\\n", "\n")}"""`,
    );
  assert.notEqual(multiline, bytes.toString());
  const { documents, file, dataKey } = await open(multiline, "ini");
  assert.equal(plainText("ini", documents), golden("basic-ini/dec-3.13.2.ini").bytes.toString());
  const after = await updateFile(file, setAt(documents, ["sec", "a"], text("x")), dataKey, NOW);
  assert.equal(after.split("\n").filter((line, i) => line !== multiline.split("\n")[i]).length, 3);
});

test("two metadata sections are refused", () => {
  assert.throws(() => iniStore.read("[sops]\na = 1\n[sops]\nb = 1\n"), { code: "E_METADATA" });
});
