import assert from "node:assert/strict";
import { access } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { sampleFleet } from "../sample.ts";

const FILE = "secrets/users/ada.sops.yaml";

test("one key goes, the rest keeps its bytes", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["rm", `${FILE}#github/user`, "--yes"]);
  assert.equal(code, 0, stderr);
  const removed = (await fleet.git("diff", "--unified=0")).split("\n").filter((line) => /^-[^-]/.test(line));
  assert.deepEqual(
    removed.map((line) => /^-\s+(\w+):/.exec(line)?.[1]),
    ["user", "lastmodified", "mac"],
  );
  assert.equal((await fleet.secrets(["get", `${FILE}#github/user`])).code, 2);
});

test("a vars secret goes with its links, and its empty folders", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["rm", "vars/web01/secureboot/keys/db/db.key", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /remove vars\/per-machine\/web01\/secureboot\/keys\/db\/db\.key\/machines\/web01/);
  await assert.rejects(access(join(fleet.root, "vars/per-machine/web01/secureboot")));
  assert.doesNotMatch(await fleet.git("status", "--porcelain"), /^(?!( D|D )).+$/m);
});

test("without an answer nothing is removed", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stderr } = await fleet.secrets(["rm", FILE]);
  assert.equal(code, 3);
  assert.match(stderr, /--yes/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("what is not there cannot be removed", async (t) => {
  const fleet = await sampleFleet(t);
  assert.match((await fleet.secrets(["rm", `${FILE}#nothing`, "--yes"])).stderr, /E_PATH_MISSING/);
  assert.match((await fleet.secrets(["rm", "vars/web01/acme/nothing", "--yes"])).stderr, /E_NOT_FOUND/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});
