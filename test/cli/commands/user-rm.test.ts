/** Locking somebody out, at two in the morning. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const HIS = "secrets/users/bruno.sops.yaml";

const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");

test("what nobody else could read is named, with both ways out, and nothing is changed", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["user", "rm", "bruno", "--yes"]);
  assert.equal(code, 2);
  assert.match(stderr, /E_ONLY_READER/);
  for (const part of [HIS, "secrets grant", "--drop-documents"]) assert.ok(stderr.includes(part), part);
  await clean(fleet);
});

test("--drop-documents takes them away with their rules; everything else is sealed anew, and undo brings all back", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout, stderr } = await fleet.secrets(["user", "rm", "bruno", "--drop-documents", "--yes", "--json"]);
  assert.equal(code, 0, stderr);
  const plan = JSON.parse(stdout.toString());
  assert.ok(!existsSync(join(fleet.root, HIS)));
  assert.ok(!existsSync(join(fleet.root, "sops/users/bruno")));
  const rules = await fleet.read(".sops.yaml");
  assert.ok(!rules.includes("bruno"), "anchor, aliases and the rule of his own");
  assert.ok(rules.includes("chiara"), "and nobody else's");
  assert.ok(plan.documents.length > 20);
  for (const { path, dataKey, removed } of plan.documents) {
    assert.equal(dataKey, "new", path);
    assert.deepEqual(
      removed.map(({ name }: { name: string }) => name),
      ["bruno"],
      path,
    );
  }
  const his = { env: { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") } };
  for (const { path } of [plan.documents[0], plan.documents.at(-1)]) {
    assert.equal((await fleet.secrets(["get", path], his)).code, 4, path);
  }
  assert.deepEqual(new Set(plan.exposed.map((address: string) => address.split("#")[0])).size, plan.documents.length);
  // The sample's own drift is not his.
  const { code: found } = await fleet.secrets(["check"]);
  assert.ok(found === 0 || found === 1);
  assert.equal((await fleet.secrets(["undo", "--yes"])).code, 0);
  await clean(fleet);
});

test("a rule of somebody's own that decides for nothing goes by itself", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("rm", "--quiet", HIS);
  const { code, stderr } = await fleet.secrets(["user", "rm", "bruno", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.ok(!(await fleet.read(".sops.yaml")).includes("bruno"));
});

test("a document that somebody else may read is no reason to stop", async (t) => {
  const fleet = await sampleFleet(t);
  const added = ["user", "add", "dora", "--age-key", makeAgeKey().recipient, "--document", HIS, "--yes"];
  const made = await fleet.secrets(added, { env: { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") } });
  assert.equal(made.code, 0, made.stderr);
  const { code, stderr } = await fleet.secrets(["user", "rm", "bruno", "--dry-run"]);
  // ada cannot open it; that is said, and not that nobody could.
  assert.equal(code, 4, stderr);
  assert.match(stderr, /E_CANNOT_OPEN/);
  assert.ok(stderr.includes(HIS));
});

test("a machine goes with its sealed key; its own secrets stay for the people who read them", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["machine", "rm", "web01", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.ok(!existsSync(join(fleet.root, "sops/secrets/web01-age.key")));
  assert.ok(!existsSync(join(fleet.root, "sops/machines/web01")));
  assert.match(stderr, /secrets of web01 itself stay/);
  assert.equal((await fleet.secrets(["get", "vars/web01/acme/dns-token"])).code, 0);
});
