/** The form of Nix: what is read, where it is refused, and that neither takes long. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { SecretsError } from "../../../src/errors.ts";
import { parseNix } from "../../../src/fleet/nix/parse.ts";
import { visit } from "../../../src/fleet/nix/syntax.ts";
import { NIX_TEXTS } from "./nix-texts.ts";

/** An expression without its places. */
function form(text: string): unknown {
  return JSON.parse(JSON.stringify(parseNix(text), (key, value) => (key === "at" ? undefined : value)));
}

for (const [what, text] of NIX_TEXTS) {
  test(`read: ${what}`, () => {
    assert.ok(parseNix(text));
  });
}

const EQUAL: readonly (readonly [string, string])[] = [
  ["{ a.b = 1; }", "{a.b=1;}"],
  ['{ "a".${"b"}.c = x; }', "{ a.b.c = x; }"],
  ["a: b: c", "a : b : c"],
  ["f x y", "f x (y)"],
  ["let a = 1; in a", "let a=1;in a"],
  ["x . y . z", "x.y.z"],
  ["[ 1 ./a (f x) ]", "[1 ./b(f x)]"],
  ["if a then b else c", "if(a)then(b)else(c)"],
];
for (const [a, b] of EQUAL) {
  test(`${a} is ${b}`, () => {
    const plain = (text: string) =>
      JSON.stringify(form(text), (key, value) => (key === "start" || key === "inner" ? undefined : value));
    assert.equal(plain(a), plain(b));
  });
}

test("what could be the head of a function is a URI without a blank behind the colon", () => {
  assert.deepEqual(
    ["x:y", "x: y", "x :y"].map((text) => parseNix(text).kind),
    ["constant", "function", "function"],
  );
});

const STRINGS: readonly (readonly [source: string, text: string, interpolations: number])[] = [
  ['"a\\n\\t\\"\\\\"', 'a\n\t"\\', 0],
  ['"$a $$ \\${x} $${x}"', "$a $$ ${x} $${x}", 0],
  ['"a${x}b${y}"', "a", 2],
  ['"$$${x}"', "$$", 1],
  ['"a$"', "a$", 0],
  ["''a ' b $ c''", "a ' b $ c", 0],
  ["''a '${x}''", "a '", 1],
  ["''a''${x} $${x} '''''", "a''${x} $${x} '''", 0],
  ['"${"${x}"}"', "", 2],
  ['"a # b /* c"', "a # b /* c", 0],
];
for (const [source, text, interpolations] of STRINGS) {
  test(`the string ${source}`, () => {
    const read = parseNix(source);
    assert.equal(read.kind, "string");
    assert.equal(read.kind === "string" && read.text, text);
    let told = -1;
    visit(read, () => told++);
    assert.equal(told, interpolations);
  });
}

const REFUSED: readonly (readonly [text: string, line: number])[] = [
  ["", 1],
  ["{", 1],
  ["{\n  a = 1\n}", 3],
  ["{ a = ; }", 1],
  ['{\n\n  a = "x;\n}', 4],
  ["''\n\n", 3],
  ["/* \n\n", 1],
  ["[ 1\n2", 2],
  ["(a", 1],
  ["a )", 1],
  ["{ a, b }", 1],
  ["let a = 1;", 1],
  ["if a then b", 1],
  ["a b.", 1],
  ["{ inherit (a; }", 1],
  ['"${a"', 1],
  ["\u0000", 1],
  ["{ a = 1; } }", 1],
];
for (const [text, line] of REFUSED) {
  test(`refused: ${JSON.stringify(text)}`, () => {
    assert.throws(
      () => parseNix(text),
      (error) => error instanceof SecretsError && error.code === "E_NIX_SYNTAX" && error.location?.line === line,
    );
  });
}

/** A hundred thousand of each: deep where it nests, long where it does not. */
const HOSTILE: readonly string[] = [
  "{",
  "[",
  "(",
  '"${',
  "''${",
  "{ a = ",
  "x: ",
  "{ x }: ",
  "with x; ",
  "if a then ",
  "let a = 1; in ",
  "a.",
  "a ",
  "a+",
  "a++",
  "- ",
  "!",
  "a//",
  "a-b ",
  "a/b ",
  "./a",
  "a:",
  "x:y ",
  "a.b.c.",
  "<",
  "<a",
  "~/",
  "1.",
  "$",
  "$$",
  '"',
  "''",
  "'",
  "/*",
  "#",
  "\n",
  "\u0000",
  "\u00e9",
  "${",
  "inherit ",
  "rec ",
  "or ",
  "? ",
  "@",
  "a@",
  "a@{",
  "{...}:",
  "a ? b ",
  "/* */",
  "\\",
];

test("a file made to be slow or deep is refused or read, at once", () => {
  for (const piece of HOSTILE) {
    const text = piece.repeat(100_000 / piece.length);
    const started = process.cpuUsage();
    try {
      visit(parseNix(text), () => undefined);
    } catch (error) {
      assert.ok(error instanceof SecretsError, `${JSON.stringify(piece)}: ${error}`);
    }
    // Of this process: others may keep the machine busy.
    const took = process.cpuUsage(started).user / 1000;
    assert.ok(took < 1500, `${JSON.stringify(piece)} took ${took} ms`);
  }
});

test("as deep as people nest is read; deeper is told", () => {
  const nested = (depth: number) => `${"[ { a = ".repeat(depth)}1${"; } ]".repeat(depth)}`;
  assert.ok(parseNix(nested(100)));
  assert.throws(() => parseNix(nested(1000)), { code: "E_NIX_NESTING" });
});

const PIECES = [
  "{",
  "}",
  "[",
  "]",
  "(",
  ")",
  "a",
  "b1",
  "-",
  "=",
  ";",
  ":",
  ",",
  ".",
  "...",
  "?",
  "@",
  '"',
  "''",
  "${",
  "$$",
  "'",
  "\\",
  "/",
  "//",
  "./x",
  "<a>",
  "#",
  "\n",
  "/*",
  "*/",
  " ",
  "rec",
  "let",
  "in",
  "with",
  "inherit",
  "if",
  "then",
  "else",
  "or",
  "1",
  "++",
  "->",
  "\u0000",
  "\ud800",
];

test("whatever it is given, it ends, and fails with nothing but an error of ours", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 200 }), (pieces) => {
      try {
        parseNix(pieces.join(""));
      } catch (error) {
        assert.ok(error instanceof SecretsError, String(error));
        assert.ok((error.location?.line ?? 0) >= 1);
      }
    }),
    { numRuns: 2000 },
  );
});

/** A file cut into tokens, so that something can be put between two of them. */
const TOKEN =
  /"(?:[^"\\$]|\\[\s\S]|\$(?!\{))*"|''(?:[^'$]|'(?!')|''[$']|\$(?!\{))*''|#[^\n]*|[a-zA-Z_][\w'-]*|\.\.\/[\w./-]+|\.\/[\w./-]+|[\w.]+|\s+|\+\+|\/\/|==|&&|\.\.\.|./gs;

test("blanks and comments between tokens change nothing", () => {
  const root = new URL("../../../fixtures/nix-fleet/", import.meta.url);
  const texts = readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".nix"))
    .map((path) => readFileSync(new URL(path, root), "utf8"))
    .filter((text) => !text.includes("${"));
  assert.ok(texts.length > 4);
  fc.assert(
    fc.property(
      fc.constantFrom(...texts),
      fc.infiniteStream(fc.constantFrom("", "", " ", "\n", "\t\r\n", "/* } */", " # ]\n", "/**/ /* a\n*/")),
      (text, blanks) => {
        const tokens = text.match(TOKEN) ?? [];
        const padded = tokens.map((token) => {
          const { value } = blanks.next();
          return token.startsWith("#") ? `${token}\n${value}` : token + value;
        });
        assert.deepEqual(form(padded.join("")), form(text));
      },
    ),
    { numRuns: 300 },
  );
});
