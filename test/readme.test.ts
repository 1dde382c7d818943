/** What the README promises is what the program has. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { CATALOGUE } from "../src/actions/check/catalogue.ts";
import { EXIT_TABLE } from "../src/cli/exit-codes.ts";
import { KINDS, type Kind } from "../src/fleet/services/kinds.ts";
import { secrets } from "./cli/harness.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

test("every finding is in the README's table, with its severity and explanation", () => {
  const rows = Object.entries(CATALOGUE).map(
    ([code, { severity, explanation }]) => `| \`${code}\` | ${severity} | ${explanation} |`,
  );
  const [, table = ""] = /\n\| code \| severity \| meaning \|\n\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
  assert.deepEqual(table.trimEnd().split("\n"), rows);
});

test("every kind of service is in the README's table, with what it makes and its options", () => {
  const rows = Object.entries<Kind>(KINDS).map(([name, { brief, outputs, options }]) => {
    const made = Object.entries(outputs).map(([output, { file }]) => `${output} (\`${file}\`)`);
    const said = Object.keys(options).map((option) => `\`${option}\``);
    return `| \`${name}\` | ${brief} | ${made.join(", ")} | ${said.join(", ")} |`;
  });
  const [, table = ""] = /\n\| kind \|.*\n\|---\|---\|---\|---\|\n((?:\|.*\n)+)/.exec(readme) ?? [];
  assert.deepEqual(table.trimEnd().split("\n"), rows);
});

test("the table of exit codes is the program's own", () => {
  for (const [code, meaning] of EXIT_TABLE) {
    assert.ok(readme.includes(`| ${code} | ${meaning.replace("(check)", "(`check`)")} |`), `${code} ${meaning}`);
  }
});

test("every command of the help is in the README, and no other", async () => {
  const { stdout } = await secrets(["--help"], { cwd: "." });
  const [, commands = ""] = /\nCOMMANDS\n([\s\S]*)$/.exec(stdout.toString()) ?? [];
  const names = [...commands.matchAll(/^ {2}(\w+)/gm)]
    .map(([, name]) => name ?? "")
    .filter((name) => name !== "status");
  for (const name of names) assert.match(readme, new RegExp(`secrets ${name}\\b`), name);
  for (const [, name] of readme.matchAll(/^\| `secrets (\w+)/gm)) assert.ok(names.includes(name ?? ""), name);
});
