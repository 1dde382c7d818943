/** What we read and write of Nix, against the parser of Nix itself. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import fc from "fast-check";
import { scaffoldModule } from "../../src/actions/machine/scaffold.ts";
import { nixAttribute } from "../../src/fleet/nix/attribute-name.ts";
import { parseNix } from "../../src/fleet/nix/parse.ts";
import { NIX_FILES } from "../actions/check/nix-fleet.ts";
import { NIX_TEXTS } from "../fleet/nix/nix-texts.ts";

/** What Nix prints of it in its own spelling; undefined where it refuses. */
function nix(text: string): string | undefined {
  const { status, stdout, stderr, error } = spawnSync("nix-instantiate", ["--parse", "--store", "dummy://", "-"], {
    input: text,
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: "/nonexistent" },
    timeout: 20_000,
  });
  if (error !== undefined) throw error;
  assert.ok(status === 0 || stderr.includes("error"), stderr);
  return status === 0 ? stdout : undefined;
}

function isRead(text: string): boolean {
  try {
    parseNix(text);
    return true;
  } catch {
    return false;
  }
}

for (const [what, text] of [...NIX_TEXTS, ...Object.entries(NIX_FILES)]) {
  test(`Nix takes what our tests read: ${what}`, () => {
    const printed = nix(text);
    assert.ok(printed !== undefined);
    assert.ok(isRead(text));
    assert.ok(isRead(printed), "and as Nix prints it");
  });
}

const PIECES = [
  "{",
  "}",
  "(",
  ")",
  "[",
  "]",
  ";",
  ":",
  "=",
  ".",
  "a",
  '"',
  "''",
  "${",
  "//",
  "++",
  "?",
  "@",
  ",",
  "...",
  "or",
  "rec",
  "let",
];
const MORE = [
  "in",
  "./b",
  "<c>",
  "1.5",
  "-",
  "!",
  "#",
  "'",
  "$",
  "\\",
  "with",
  "inherit",
  "x:y",
  "~/a",
  ".5",
  "a/b",
  "\n",
  " ",
  "/*",
];

test("what Nix takes after something was put in or taken out, we read", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...NIX_TEXTS.map(([, text]) => text), ...Object.values(NIX_FILES)),
      fc.nat(2000),
      fc.nat(3),
      fc.constantFrom("", " "),
      fc.constantFrom(...PIECES, ...MORE),
      (text, place, gone, blank, piece) => {
        const at = place % (text.length + 1);
        const changed = `${text.slice(0, at)}${blank}${piece}${blank}${text.slice(at + gone)}`;
        // Nix asks for more than form: names have to be known, and attributes not to be given twice.
        if (!isRead(changed)) assert.equal(nix(changed), undefined, changed);
      },
    ),
    { numRuns: 400 },
  );
});

test("a module that we write is one, whatever the machine is called", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.constantFrom("in", "rec", "4th", "or", "web-01", "a_b", "inherit"),
        fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/),
      ),
      fc.constantFrom("nixos" as const, "darwin" as const),
      (name, platform) => {
        const { text, registration } = scaffoldModule(name, platform);
        assert.ok(nix(text) !== undefined, text);
        assert.ok(nix(`config: {\n${registration.join("\n")}\n}`) !== undefined, registration.join("\n"));
      },
    ),
    { numRuns: 40 },
  );
});

test("any name is an attribute", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom("${a}", "$${a}", '"', "\\", "a\nb", "$")), (name) => {
      if (name.includes("\u0000")) return;
      const text = `{ ${nixAttribute(name)} = 1; }`;
      assert.ok(nix(text) !== undefined, text);
      const read = parseNix(text);
      const [binding] = read.kind === "set" ? read.bindings : [];
      assert.equal(binding?.kind === "attribute" && binding.path[0]?.text, name);
    }),
    { numRuns: 60 },
  );
});
