/** `secrets check` as a whole: what it prints where, and how it ends. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Sample, sampleFleet } from "../sample.ts";

const MAILER = "secrets/services/mailer.env";
const MAIN = fileURLToPath(new URL("../../../src/cli/main.ts", import.meta.url));
const NOBODY = { SOPS_AGE_KEY_FILE: "" };

/** The sample without the drift that was put there. */
async function cleanFleet(t: Parameters<typeof sampleFleet>[0]): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await rm(join(fleet.root, MAILER));
  await fleet.git("add", "--all");
  return fleet;
}

const codesIn = (stdout: Buffer) =>
  (JSON.parse(stdout.toString()) as { findings: { code: string; path: string }[] }).findings.map(
    ({ code, path }) => `${code} ${path}`,
  );

test("findings are told and end the run with 1; no key is needed", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout, stderr } = await fleet.secrets(["check"], { env: NOBODY });
  assert.equal(code, 1);
  assert.match(
    stdout.toString(),
    /^secrets\/services\/mailer\.env\n {2}error: db01 should read it and cannot \[reader-drift\]\n/,
  );
  assert.match(stdout.toString(), /\n {4}\+ db01 age1.{10}….{6}\n {4}→ secrets sync secrets\/services\/mailer\.env\n/);
  assert.match(stdout.toString(), /\n\n30 documents, 1 error, 0 warnings\n$/);
  assert.equal(stderr, "");
});

test("a clean fleet, and one with information alone, end with 0", async (t) => {
  const fleet = await cleanFleet(t);
  const clean = await fleet.secrets(["check", "--json"]);
  assert.deepEqual([clean.code, codesIn(clean.stdout)], [0, ["rule-unused .sops.yaml"]]);
});

test("where nothing can be looked at, the run does not end as a clean one", async (t) => {
  const fleet = await cleanFleet(t);
  for (const argv of [["nosuch"], ["secrets/users/ada"], [".."], ["/etc"], ["secrets", "nosuch"]]) {
    const { code, stderr, stdout } = await fleet.secrets(["check", ...argv]);
    assert.deepEqual([code, stdout.toString()], [2, ""], argv.join(" "));
    assert.match(stderr, /E_NOT_FOUND/);
  }
  const outside = await fleet.secrets(["check"], { cwd: ".." });
  assert.deepEqual([outside.code, outside.stdout.toString()], [2, ""]);
});

test("paths count from where the person stands; addresses do too", async (t) => {
  const fleet = await sampleFleet(t);
  const found = async (cwd: string, ...paths: string[]) => {
    const { code, stdout } = await fleet.secrets(["check", "--json", ...paths], { cwd });
    const { documents } = JSON.parse(stdout.toString());
    return [code, documents.vars + documents.files];
  };
  assert.deepEqual(await found("", "."), [1, 30]);
  assert.deepEqual(await found("secrets/users", "../.."), [1, 30]);
  assert.deepEqual(await found("secrets/users", "."), [0, 3]);
  assert.deepEqual(await found("secrets/users", "../services/mailer.env"), [1, 1]);
  assert.deepEqual(await found("secrets/users", join(fleet.root, "secrets")), [1, 5]);
  assert.deepEqual(await found("secrets", "vars/web01/acme"), [0, 1]);
});

test("--staged sees the index and not the work tree", async (t) => {
  const fleet = await cleanFleet(t);
  const path = "secrets/services/new.json";
  await writeFile(join(fleet.root, path), '{"token": "hunter2"}');
  const run = async (...flags: string[]) => codesIn((await fleet.secrets(["check", "--json", ...flags])).stdout);
  const idle = "rule-unused .sops.yaml";
  assert.deepEqual(await run(), [idle, `not-encrypted ${path}`]);
  assert.deepEqual(await run("--staged"), [idle]);
  await fleet.git("add", path);
  await rm(join(fleet.root, path));
  const { code, stdout } = await fleet.secrets(["check", "--staged", "--json"]);
  assert.deepEqual([code, codesIn(stdout)], [1, [idle, `not-encrypted ${path}`]]);
  assert.doesNotMatch(stdout.toString(), /hunter2/);
});

test("what was removed and not yet committed is gone, its links too", async (t) => {
  const fleet = await cleanFleet(t);
  const { code } = await fleet.secrets(["rm", "vars/web01/acme/dns-token", "--yes"]);
  assert.equal(code, 0);
  assert.deepEqual(codesIn((await fleet.secrets(["check", "--json"])).stdout), ["rule-unused .sops.yaml"]);
});

test("as a hook it sees what git commit -a is about to record", async (t) => {
  const fleet = await cleanFleet(t);
  await fleet.git("commit", "--quiet", "-m", "Clean");
  const hook = join(fleet.root, ".git/hooks/pre-commit");
  await mkdir(dirname(hook), { recursive: true });
  await writeFile(hook, `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' check --staged\n`, { mode: 0o755 });
  await writeFile(join(fleet.root, "secrets/users/bruno.sops.yaml"), "token: hunter2\n");
  await assert.rejects(fleet.git("commit", "--quiet", "-a", "-m", "Clear text"), /not-encrypted|bruno/);
  assert.equal((await fleet.git("log", "-1", "--format=%s")).trim(), "Clean");
  await fleet.git("checkout", "--quiet", "--", ".");
  await fleet.git("commit", "--quiet", "--allow-empty", "-a", "-m", "Nothing");
});

test("--deep opens what the person's keys open, and only the paths that were asked for", async (t) => {
  const fleet = await cleanFleet(t);
  const path = "secrets/users/ada.sops.yaml";
  const text = await fleet.read(path);
  const sealed = (key: string) => new RegExp(`${key}: (ENC.*)`).exec(text)?.[1] ?? "";
  await writeFile(join(fleet.root, path), text.replace(sealed("imap"), sealed("smtp")));
  assert.deepEqual(codesIn((await fleet.secrets(["check", "--json"])).stdout), ["rule-unused .sops.yaml"]);
  const deep = await fleet.secrets(["check", "--json", "--deep"]);
  assert.equal(deep.code, 1);
  assert.deepEqual(codesIn(deep.stdout), ["rule-unused .sops.yaml", `mac ${path}`]);
  assert.match(deep.stderr, /opened and verified 26 documents; 2 are not sealed to you/);
  const part = await fleet.secrets(["check", "--deep", "vars/shared"]);
  assert.equal(part.code, 0);
  assert.match(part.stderr, /opened and verified 2 documents; 0 are not/);
  const bruno = await fleet.secrets(["check", "--deep", path], { env: { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") } });
  assert.equal(bruno.code, 0, "it is not for bruno");
});

test("in a workflow annotations are printed, unless another format is asked for", async (t) => {
  const fleet = await sampleFleet(t);
  const env = { GITHUB_ACTIONS: "true" };
  const bare = await fleet.secrets(["check"], { env });
  assert.equal(bare.code, 1);
  assert.match(
    bare.stdout.toString(),
    /^::error file=secrets\/services\/mailer\.env,title=reader-drift::db01 [^\n]*\n$/,
  );
  assert.match(bare.stderr, /1 findings? in 30 documents/);
  const asked: readonly (readonly [flags: readonly string[], start: RegExp])[] = [
    [["--format", "human"], /^secrets\//],
    [["--format", "json"], /^\{\n {2}"schemaVersion": 1,/],
    [["--json"], /^\{\n {2}"schemaVersion": 1,/],
    [["--format", "sarif"], /^\{\n {2}"\$schema": ".*sarif-2\.1\.0/],
  ];
  for (const [flags, start] of asked) {
    assert.match((await fleet.secrets(["check", ...flags], { env })).stdout.toString(), start);
  }
  assert.match((await fleet.secrets(["check", "--format", "github"])).stdout.toString(), /^::error /);
});

test("what contradicts itself is refused", async (t) => {
  const fleet = await sampleFleet(t);
  for (const flags of [
    ["--deep", "--staged"],
    ["--json", "--format", "sarif"],
  ]) {
    const { code, stdout, stderr } = await fleet.secrets(["check", ...flags]);
    assert.deepEqual([code, stdout.toString()], [3, ""]);
    assert.match(stderr, /E_USAGE/);
  }
});

test("nothing is written", async (t) => {
  const fleet = await sampleFleet(t);
  await mkdir(join(fleet.root, "vars/shared/x/y"), { recursive: true });
  await writeFile(join(fleet.root, "vars/shared/x/y/secret"), "hunter2");
  const before = [await fleet.git("status", "--porcelain"), await readFile(join(fleet.root, MAILER), "utf8")];
  await fleet.secrets(["check", "--deep"]);
  assert.deepEqual(
    [await fleet.git("status", "--porcelain"), await readFile(join(fleet.root, MAILER), "utf8")],
    before,
  );
});
