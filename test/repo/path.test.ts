import assert from "node:assert/strict";
import { posix } from "node:path";
import { describe, it } from "node:test";
import fc from "fast-check";
import { findTwins, isRepoPath, repoPath } from "../../src/repo/path.ts";

describe("repoPath", () => {
  const refused = [
    ["", "empty"],
    ["/etc/passwd", "absolute"],
    ["../x", ".."],
    ["a/../../x", ".."],
    ["a/./b", "."],
    ["a//b", "empty component"],
    ["a/", "empty component"],
    ["a\0b", "NUL"],
    [".git", ".git"],
    [".git/config", ".git"],
    [".GIT/config", ".git"],
    ["sub/.git/hooks/x", ".git"],
    [".g\u200cit/config", ".git"],
    ["\u200c.git/config", ".git"],
    ["git~1/config", ".git"],
    ["GIT~1/config", ".git"],
    ["a\ud800", "Unicode"],
    ["x".repeat(256), "too long"],
    ["é".repeat(128), "too long"],
    [`${"x/".repeat(2100)}y`, "too long"],
  ] as const;
  for (const [text, reason] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 30))}`, () => {
      assert.throws(
        () => repoPath(text),
        (error: Error & { code: string }) => {
          assert.equal(error.code, "E_PATH");
          assert.match(error.message, new RegExp(reason.replaceAll(".", "\\.")));
          return true;
        },
      );
      assert.equal(isRepoPath(text), false);
    });
  }

  for (const text of [
    "a",
    "-rf",
    "a\nb",
    "a/.gitignore",
    ".github/x",
    "git",
    "...",
    "a b",
    "é",
    "con",
    "a\\b",
    "\u001b[2J",
    "é".repeat(127),
  ]) {
    it(`takes ${JSON.stringify(text.slice(0, 30))}`, () => assert.equal(repoPath(text), text));
  }

  it("never takes a path that leads elsewhere", () => {
    const part = fc.oneof(fc.constantFrom(".", "..", "", ".git", "a"), fc.string());
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const text = parts.join("/");
        if (!isRepoPath(text)) return;
        assert.equal(posix.join("/root", text), `/root/${text}`);
        assert.ok(!text.toLowerCase().split("/").includes(".git"));
      }),
    );
  });
});

describe("findTwins", () => {
  const cases: [string, string[], string[][]][] = [
    ["case", ["a/X", "a/x", "b/x"], [["a/X", "a/x"]]],
    ["normal forms", ["\u00e9", "e\u0301"], [["e\u0301", "\u00e9"]]],
    ["directories, once", ["A/x", "a/y", "a/z"], [["A", "a"]]],
    ["folds of several letters", ["straße", "STRASSE"], [["STRASSE", "straße"]]],
    ["nothing", ["a/b", "a/c", "b/b"], []],
    ["the same path twice", ["a", "a"], []],
  ];
  for (const [name, paths, twins] of cases) it(name, () => assert.deepEqual(findTwins(paths), twins));
});
