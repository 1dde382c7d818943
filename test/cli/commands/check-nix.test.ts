/** Nix files and keys compared by the whole program: in the work tree, in the index, in every format; and the mends mend. */
import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { scaffoldModule } from "../../../src/actions/machine/scaffold.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const REGISTRY = "modules/clan/machines.nix";
const NIX = /^(?:nix-unsure|machine-(?:unregistered|keyless|without-module|namespace))$/;

async function write({ root }: Sample, path: string, text: string): Promise<void> {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), text);
}

/** The sample fleet with a module for each of its machines, and a registry of some. */
async function dendritic(t: TestContext, ...registered: string[]): Promise<Sample> {
  const fleet = await sampleFleet(t);
  const names = (await fleet.git("ls-files", "sops/machines")).match(/[^/]+(?=\/key\.json)/g) ?? [];
  const modules = [...new Set([...names, ...registered])].map((name) => scaffoldModule(name, "nixos"));
  for (const { path, text } of modules) await write(fleet, path, text);
  const lines = modules.flatMap(({ registration }) => registration).map((line) => `  ${line}\n`);
  await write(fleet, REGISTRY, `{ config, ... }:\n{\n${lines.join("")}}\n`);
  return fleet;
}

async function found(fleet: Sample, ...argv: string[]): Promise<string[]> {
  const { stdout } = await fleet.secrets(["check", "--json", ...argv]);
  const { findings } = JSON.parse(Buffer.from(stdout).toString("utf8")) as {
    findings: { code: string; path: string; line?: number; fix: string }[];
  };
  return findings
    .filter(({ code }) => NIX.test(code))
    .map(({ code, path, line, fix }) => `${code} ${path}:${line} ${fix}`);
}

test("a module that machine add would write, and its registry lines, are right", async (t) => {
  assert.deepEqual(await found(await dendritic(t)), []);
});

test("the index is looked at, not the work tree", async (t) => {
  const fleet = await dendritic(t);
  assert.deepEqual(await found(fleet, "--staged"), [], "nothing of it is staged");
  await fleet.git("add", "--all");
  assert.deepEqual(await found(fleet, "--staged"), []);
  await write(fleet, REGISTRY, "{ config, ... }: { clan.machines.nowhere = { }; }\n");
  assert.deepEqual(await found(fleet, "--staged"), []);
  await fleet.git("add", "--all");
  await write(fleet, REGISTRY, "{ }\n");
  assert.ok(
    (await found(fleet, "--staged")).includes(`machine-keyless ${REGISTRY}:1 secrets machine add nowhere --generate`),
  );
});

test("a machine without a key: the command that is proposed gives it one", async (t) => {
  const fleet = await dendritic(t, "web09");
  const [only, ...more] = await found(fleet);
  assert.match(only ?? "", /^machine-keyless modules\/clan\/machines\.nix:\d+ secrets machine add web09 --generate$/);
  assert.deepEqual(more, []);
  const { code, stderr } = await fleet.secrets(["machine", "add", "web09", "--generate", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.deepEqual(await found(fleet), []);
});

test("every format names the line", async (t) => {
  const fleet = await dendritic(t, "web09");
  for (const format of ["human", "github", "sarif"]) {
    const { stdout: bytes, code } = await fleet.secrets(["check", "--format", format, "modules"]);
    assert.equal(code, 1);
    const stdout = Buffer.from(bytes).toString("utf8");
    assert.match(stdout, /web09 is registered and has no key/, format);
    assert.match(stdout, /modules\/clan\/machines\.nix/, format);
  }
});

test("a link out of the repository is not followed, and makes nothing fail", async (t) => {
  const fleet = await dendritic(t);
  await symlink("/etc", join(fleet.root, "modules/clan/etc"));
  await symlink("/etc/passwd", join(fleet.root, "modules/machines/nixos/passwd.nix"));
  assert.deepEqual(await found(fleet), []);
});
