/** `group` and the lists of principals as a person types them. What they plan is tried in test/actions/principal. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sampleFleet } from "../sample.ts";

test("a group is made, grows, shrinks and goes", async (t) => {
  const fleet = await sampleFleet(t);
  const done = async (...argv: string[]) => {
    const { code, stderr } = await fleet.secrets(["group", ...argv, "--yes"]);
    assert.equal(code, 0, stderr);
    return stderr;
  };
  assert.match(await done("add", "ops", "chiara", "machines/db01"), /next: secrets grant groups\/ops ADDRESS…/);
  assert.match(await done("add-member", "ops", "bruno"), /done: add bruno to group ops/);
  const listed = await fleet.secrets(["group", "ls"]);
  assert.match(listed.stdout.toString(), /^ops +reads \d+ +db01, bruno, chiara/m);
  assert.match(await done("rm-member", "ops", "bruno", "chiara"), /done: remove bruno, chiara from group ops/);
  assert.match(await done("rm-member", "ops", "db01"), /group ops has no member left and is gone/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  const gone = await fleet.secrets(["group", "rm", "ops", "--yes"]);
  assert.deepEqual([gone.code, /there is no group ops/.test(gone.stderr)], [2, true]);
  assert.equal((await fleet.secrets(["group", "add", "lonely", "--yes"])).code, 3);
  assert.equal((await fleet.secrets(["group", "rm", "admins", "--yes"])).code, 2);
});

test("lists show who there is, as text and as data, and hostile names as what they are", async (t) => {
  const fleet = await sampleFleet(t);
  const name = "evil\u001b[31m\nname";
  await mkdir(join(fleet.root, "sops/users", name), { recursive: true });
  await writeFile(join(fleet.root, "sops/users", name, "key.json"), "[]");
  const { code, stdout } = await fleet.secrets(["user", "ls"]);
  assert.equal(code, 0);
  const lines = stdout.toString().trimEnd().split("\n");
  assert.equal(lines.length, 4, stdout.toString());
  assert.ok(!stdout.includes("\u001b"));
  assert.match(stdout.toString(), /^ada +reads \d+ +age1\S+ +vars\+files in admins$/m);
  assert.match(stdout.toString(), /no key/);
  const machines = JSON.parse((await fleet.secrets(["machine", "ls", "--json"])).stdout.toString());
  assert.deepEqual(
    machines.principals.map((one: { name: string }) => one.name),
    ["backup01", "db01", "studio", "web01"],
  );
  assert.equal(machines.schemaVersion, 1);
});
