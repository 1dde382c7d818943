import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { type SourceFile, sourceFaults } from "./architecture/source-rules.ts";
import { textFaults } from "./architecture/text-rules.ts";

const sources = globSync("src/**/*.ts", { exclude: ["**/*.d.ts"] }).map(read);

test("the house is in order", () => {
  assert.ok(sources.length > 0);
  assert.deepEqual(sourceFaults(sources), []);
});

test("no other code is larger than one idea either", () => {
  const others = globSync(["test/**/*.ts", "scripts/**/*.ts", "bench/**/*.ts"]).map(read);
  assert.deepEqual(
    others.filter(({ text }) => text.split("\n").length > 400).map(({ path }) => path),
    [],
  );
});

test("no tracked text holds a path of a machine or a registry's host", () => {
  const tracked = execFileSync("git", ["ls-files", "-z"], { encoding: "utf8" }).split("\0").filter(Boolean);
  const texts = tracked
    .filter((path) => existsSync(path))
    .map(read)
    .filter(({ text }) => !text.includes("\0"));
  assert.ok(texts.length > 0);
  assert.deepEqual(textFaults(texts), []);
});

test("the lock file names no download address, so that any registry's mirror serves it", () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8"));
  const entries = Object.entries<{ resolved?: string }>(packages);
  assert.deepEqual(
    entries.filter(([, { resolved }]) => resolved !== undefined),
    [],
  );
});

test("which files have no test of their own name", (t) => {
  // Told, not judged: a file can be proved through the one that uses it.
  const alone = sources
    .map(({ path }) => path)
    .filter((path) => !existsSync(path.replace(/^src/, "test").replace(/\.ts$/, ".test.ts")));
  t.diagnostic(`without a test of their own name: ${alone.join(", ") || "none"}`);
});

const BROKEN: readonly (readonly [rule: string, path: string, text: string, fault: RegExp])[] = [
  ["an import goes up", "src/fleet/a.ts", 'import { x } from "../actions/x.ts";', /floor above/],
  ["a type import goes up", "src/repo/a.ts", 'import type { X } from "../fleet/x.ts";', /floor above/],
  ["a lazy import goes up", "src/age/a.ts", 'const x = await import("../sops/x.ts");', /floor above/],
  ["errors import a floor", "src/errors.ts", 'import { x } from "./age/x.ts";', /floor above/],
  ["the public face shows the roof", "src/index.ts", 'export { x } from "./cli/x.ts";', /floor above/],
  ["sops reads files", "src/sops/a.ts", 'import { readFileSync } from "node:fs";', /pure over bytes/],
  ["sops runs programs", "src/sops/stores/a.ts", 'import { spawn } from "child_process";', /pure over bytes/],
  ["age uses the ground", "src/age/a.ts", 'import { x } from "../repo/x.ts";', /pure over bytes/],
  ["an action knows the process", "src/actions/a.ts", "const home = process.env.HOME;", /process/],
  ["it does so in a template", "src/actions/a.ts", `const home = \`\${process.env.HOME}\`;`, /process/],
  ["it does so by import", "src/repo/a.ts", 'import { env } from "node:process";', /process/],
  ["the ground reads what was typed", "src/repo/a.ts", "export const typed = process.argv;", /process/],
  ["the ground ends the run", "src/repo/a.ts", "process.exit(1);", /process/],
  ["a default export", "src/repo/a.ts", "export default function x() {}", /default export/],
  ["a default export by renaming", "src/repo/a.ts", "export { x as default };", /default export/],
  ["a barrel", "src/repo/a.ts", 'export * from "./x.ts";', /hands on/],
  ["a barrel by name", "src/repo/a.ts", 'export { x, y } from "./x.ts";', /hands on/],
  ["a name that says nothing", "src/repo/utils.ts", "", /named after nothing/],
  ["a folder that says nothing", "src/common/a.ts", "", /named after nothing/],
  ["too long", "src/repo/a.ts", "\n".repeat(400), /400 lines/],
];
for (const [rule, path, text, fault] of BROKEN) {
  test(`seen as a fault: ${rule}`, () => {
    const faults = sourceFaults([{ path, text }]);
    assert.equal(faults.length, 1, faults.join("\n"));
    assert.match(faults[0] ?? "", fault);
  });
}

const SOUND: readonly (readonly [what: string, path: string, text: string])[] = [
  ["an import goes down", "src/actions/a.ts", 'import { x } from "../sops/x.ts"; import { y } from "../errors.ts";'],
  ["sops uses age", "src/sops/a.ts", 'import { x } from "../age/x.ts"; import { createHash } from "node:crypto";'],
  [
    "the word process in a comment, a string or a field",
    "src/sops/a.ts",
    '// process.exit\nconst a = "process"; a.process; f({ process: 1 });',
  ],
  ["the ground knows the machine", "src/repo/a.ts", 'process.kill(process.pid, "SIGTERM"); process.on("exit", f);'],
  ["the roof knows the process", "src/cli/main.ts", "process.exitCode = 1;"],
  ["the public face hands on", "src/index.ts", 'export { x } from "./sops/x.ts";'],
  ["an export of its own", "src/repo/a.ts", "const x = 1;\nexport { x };\nexport const y = 2;"],
];
for (const [what, path, text] of SOUND) {
  test(`no fault: ${what}`, () => assert.deepEqual(sourceFaults([{ path, text }]), []));
}

test("seen as a fault: a path or a registry in a text", () => {
  const held = [
    ["", "work", "main", "x"],
    ["https:", "", ["registry", "npmjs", "org"].join("."), "x"],
  ].map((parts) => parts.join("/"));
  assert.equal(textFaults([{ path: "a.md", text: `fine\n${held.join("\n")}` }]).length, 2);
});

function read(path: string): SourceFile {
  return { path: path.replaceAll("\\", "/"), text: readFileSync(path, "utf8") };
}
