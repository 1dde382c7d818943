import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { listFiles, readBlobs, stagedPaths } from "../../src/repo/git.ts";
import { findRoot } from "../../src/repo/root.ts";
import { git, makeDirectory, makeGitRoot, writeTree } from "./fleet.ts";

const line = (file: { path: string; kind: string; tracked: boolean; sparse: boolean }) =>
  `${file.tracked ? "tracked" : "new"} ${file.kind} ${file.path}${file.sparse ? " (sparse)" : ""}`;

describe("listFiles", () => {
  it("lists tracked files and new ones that are not ignored, whatever their names", async (t) => {
    const root = makeGitRoot(t, {
      ".gitignore": "*.log\n",
      "x.log": "",
      "-rf": "",
      "a\nb": "",
      "? spoof": "",
      "100644 0123 0\tspoof": "",
      "é/ü": "",
      link: "-> nowhere",
      run: "",
    });
    chmodSync(join(root.path, "run"), 0o755);
    git(root.path, "add", ".");
    writeTree(root.path, { "new": "", "H 100644 x 0\tnew": "", "new-link": "-> x" });
    writeFileSync(Buffer.concat([Buffer.from(`${root.path}/`), Buffer.from([0xff, 0xfe])]), "");
    mkdirSync(join(root.path, "inner"));
    git(join(root.path, "inner"), "init", "-q");
    const listing = await listFiles(root);
    assert.deepEqual(listing.files.map(line).sort(), [
      "new file H 100644 x 0\tnew",
      "new file new",
      "new link new-link",
      "tracked executable run",
      "tracked file -rf",
      "tracked file .gitignore",
      "tracked file 100644 0123 0\tspoof",
      "tracked file ? spoof",
      "tracked file a\nb",
      "tracked file é/ü",
      "tracked link link",
    ]);
    assert.deepEqual(listing.refused, ['"ÿþ"']);
    const paths = listing.files.map(({ path }) => path);
    assert.deepEqual(paths, [...paths].sort());
  });

  it("knows submodules, unresolved merges and files that a sparse checkout leaves out", async (t) => {
    const inner = makeGitRoot(t, { f: "" });
    git(inner.path, "add", ".");
    git(inner.path, "commit", "-qm", "one");
    const root = makeGitRoot(t, { f: "0", g: "" });
    git(root.path, "submodule", "add", "-q", inner.path, "sub");
    git(root.path, "add", ".");
    git(root.path, "commit", "-qm", "0");
    git(root.path, "checkout", "-qb", "other");
    for (const [branch, text] of [
      ["other", "1"],
      ["main", "2"],
    ] as const) {
      git(root.path, "checkout", "-q", branch);
      writeFileSync(join(root.path, "f"), text);
      git(root.path, "commit", "-qam", text);
    }
    assert.throws(() => git(root.path, "merge", "other"));
    git(root.path, "update-index", "--skip-worktree", "g");
    const { files } = await listFiles(root);
    assert.deepEqual(files.map(line), [
      "tracked file .gitmodules",
      "tracked file f",
      "tracked file g (sparse)",
      "tracked submodule sub",
    ]);
    assert.equal(files.find(({ path }) => path === "f")?.blob, undefined);
  });

  it("walks the directory where there is no git, and follows no link", async (t) => {
    const path = makeDirectory(t);
    writeTree(path, { ".sops.yaml": "", "vars/a": "", "node_modules/x": "", ".git/nothing": "", loop: "-> ." });
    const { files, refused } = await listFiles(await findRoot(path));
    assert.deepEqual(files.map(line), ["new file .sops.yaml", "new link loop", "new file vars/a"]);
    assert.deepEqual(refused, []);
  });

  it("starts nothing that the repository's settings name", async (t) => {
    const root = makeGitRoot(t, { f: "" });
    const trap = join(root.path, ".git", "trap");
    writeFileSync(trap, `#!/bin/sh\ntouch ${root.path}/.git/sprung\n`, { mode: 0o755 });
    for (const name of [
      "core.fsmonitor",
      "core.pager",
      "diff.external",
      "core.sshCommand",
      "core.gitProxy",
      "filter.x.clean",
      "diff.x.textconv",
    ]) {
      git(root.path, "config", name, trap);
    }
    writeTree(root.path, { ".gitattributes": "* filter=x diff=x\n" });
    const { files } = await listFiles(root);
    await stagedPaths(root);
    assert.equal(files.length, 2);
    assert.equal(existsSync(join(root.path, ".git", "sprung")), false);
  });

  it("explains a repository that git does not trust", { skip: process.getuid?.() !== 0 }, async (t) => {
    const root = makeGitRoot(t, { f: "" });
    execFileSync("chown", ["-R", "12345", root.path]);
    const home = process.env["HOME"];
    process.env["HOME"] = root.path;
    t.after(() => {
      process.env["HOME"] = home;
    });
    await assert.rejects(listFiles(root), { code: "E_GIT", hint: /safe\.directory/ });
  });
});

describe("stagedPaths and readBlobs", () => {
  it("give what is about to be committed, before the first commit and after", async (t) => {
    const root = makeGitRoot(t, { "a b": "staged", c: "x" });
    assert.deepEqual(await stagedPaths(root), []);
    git(root.path, "add", ".");
    writeFileSync(join(root.path, "a b"), "later");
    assert.deepEqual(await stagedPaths(root), ["a b", "c"]);
    const { files } = await listFiles(root);
    const ids = files.flatMap(({ blob }) => (blob === undefined ? [] : [blob]));
    const texts: string[] = [];
    for await (const { bytes } of readBlobs(root, ids, 100)) texts.push(Buffer.from(bytes ?? []).toString());
    assert.deepEqual(texts, ["staged", "x"]);
    git(root.path, "commit", "-qm", "one");
    assert.deepEqual(await stagedPaths(root), []);
    rmSync(join(root.path, "c"));
    git(root.path, "add", "-A");
    assert.deepEqual(await stagedPaths(root), ["a b"]);
  });

  it("use the index that git gives to a hook, and no other", async (t) => {
    const root = makeGitRoot(t, { f: "1" });
    git(root.path, "add", ".");
    const before = process.env["GIT_INDEX_FILE"];
    t.after(() => {
      if (before === undefined) delete process.env["GIT_INDEX_FILE"];
      else process.env["GIT_INDEX_FILE"] = before;
    });
    process.env["GIT_INDEX_FILE"] = ".git/next-index.lock";
    assert.deepEqual(await stagedPaths(root), []);
    process.env["GIT_INDEX_FILE"] = "/nowhere/index";
    assert.deepEqual(await stagedPaths(root), ["f"]);
  });

  it("leave out what is too large or missing, keep the order, and take nothing but object ids", async (t) => {
    const root = makeGitRoot(t, { large: "x".repeat(1000), small: "s", odd: "a\nblob 3\n" });
    const ids = ["small", "large", "odd"].map((name) => git(root.path, "hash-object", "-w", name).trim());
    const seen: unknown[] = [];
    for await (const blob of readBlobs(root, [...ids, "0".repeat(40), ...ids], 100)) {
      seen.push(blob.bytes === undefined ? undefined : Buffer.from(blob.bytes).toString());
    }
    assert.deepEqual(seen, ["s", undefined, "a\nblob 3\n", undefined, "s", undefined, "a\nblob 3\n"]);
    await assert.rejects(
      async () => {
        for await (const _ of readBlobs(root, ["HEAD\n--help"], 100));
      },
      { code: "E_GIT" },
    );
  });
});
