/** `set`, `edit` and `renew` of values whose service is defined in a file, as a person types them. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const HASH = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

async function fleetWith(t: TestContext, definitions: Readonly<Record<string, string>>): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await mkdir(join(fleet.root, "vars/services"), { recursive: true });
  for (const [name, text] of Object.entries(definitions)) {
    await writeFile(join(fleet.root, `vars/services/${name}.yaml`), text);
  }
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Define");
  return fleet;
}

async function does(fleet: Sample, argv: readonly string[], stdin = "", env = {}): Promise<string> {
  const { code, stderr } = await fleet.secrets(argv, { stdin, env });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return stderr;
}

const API = "machines: [web01]\nkind: external\nvalidation: 1\nfiles: { token: {}, id: { secret: false } }\n";
const DERIVED =
  "machines: [web01]\ndependencies: [api]\nkind: copy\noptions: { from: api/token }\nfiles: { token: {} }\n";
const FRESH =
  "machines: [web01]\nkind: external\ngroups: [admins]\nfiles: { key: { deploy: false }, clear: { deploy: false } }\n";
const LOGIN = "machines: [web01]\nprompts: { word: { type: hidden, persist: true } }\nkind: prompt\n";

test("a value of a defined service: its readers, its hash, what has to be made anew", async (t) => {
  const fleet = await fleetWith(t, { api: API, derived: DERIVED });
  await does(fleet, ["set", "vars/web01/api/id", "-"], "public");
  assert.equal(await fleet.read("vars/per-machine/web01/api/id/value"), "public");
  const created = await does(fleet, ["set", "vars/web01/api/token", "-"], "");
  assert.match(created, /^done: create vars\/web01\/api\/token as its definition says$/m);
  assert.equal(await fleet.read("vars/per-machine/web01/api/.validation-hash"), HASH);
  assert.deepEqual((await fleet.secrets(["get", "vars/web01/api/token"])).stdout, Buffer.of());
  await does(fleet, ["generate", "--yes"]);
  assert.equal((await fleet.secrets(["generate", "--check"])).code, 0);
  const changed = await does(fleet, ["set", "vars/web01/api/token", "-"], "second");
  assert.match(changed, /^next: secrets generate$/m);
  assert.equal((await fleet.secrets(["generate", "--check"])).code, 1);
  await does(fleet, ["generate", "--yes"]);
  assert.equal((await fleet.secrets(["get", "vars/web01/derived/token"])).stdout.toString(), "second");
});

test("an editor does as set does", async (t) => {
  const fleet = await fleetWith(t, { api: API, fresh: FRESH });
  await does(fleet, ["set", "vars/web01/api/id", "-"], "public");
  await does(fleet, ["set", "vars/web01/api/token", "-"], "first");
  await writeFile(join(fleet.root, "vars/per-machine/web01/api/.validation-hash"), "0".repeat(64));
  await does(fleet, ["renew", "vars/web01/api/token", "--yes"]);
  assert.match(await fleet.git("status", "--porcelain", "--untracked-files=all"), /sops\/renewals\//);
  const editor = join(dirname(fleet.root), "editor");
  await writeFile(editor, '#!/bin/sh\nprintf edited > "$1"\n');
  await chmod(editor, 0o755);
  const edit = (address: string) => does(fleet, ["edit", address, "--allow-disk"], "", { SECRETS_EDITOR: editor });
  assert.match(
    await edit("vars/web01/fresh/key"),
    /it will be read by groups\/admins \(the definition of vars\/web01\/fresh\)/,
  );
  assert.deepEqual(await readdir(join(fleet.root, "vars/per-machine/web01/fresh/key")), ["groups", "secret"]);
  await mkdir(join(fleet.root, "vars/per-machine/web01/fresh/clear"));
  await writeFile(join(fleet.root, "vars/per-machine/web01/fresh/clear/value"), "in the open");
  await edit("vars/web01/fresh/clear");
  assert.deepEqual(await readdir(join(fleet.root, "vars/per-machine/web01/fresh/clear")), ["groups", "secret"]);
  await edit("vars/web01/api/token");
  assert.equal((await fleet.secrets(["get", "vars/web01/api/token"])).stdout.toString(), "edited");
  assert.equal(await fleet.read("vars/per-machine/web01/api/.validation-hash"), HASH);
  assert.doesNotMatch(await fleet.git("status", "--porcelain", "--untracked-files=all"), /sops\/renewals\//);
});

test("a definition that is faulty is told, and stops nobody", async (t) => {
  const fleet = await fleetWith(t, { api: API, broken: "kind: nonsense\n" });
  assert.match(
    await does(fleet, ["set", "vars/web01/api/id", "-"], "x"),
    /^note: a definition of a service is faulty/m,
  );
});

test("renew asks prompts, or takes their answers from a file; the earlier answer is no new value", async (t) => {
  const fleet = await fleetWith(t, { login: LOGIN });
  await does(fleet, ["generate", "--yes", "--answers", "-"], "vars/web01/login/word: first\n");
  await does(fleet, ["renew", "vars/web01/login", "--yes", "--answers", "-"], "vars/web01/login/word: second\n");
  assert.equal((await fleet.secrets(["get", "vars/web01/login/word"])).stdout.toString(), "second");
  const kept = await does(fleet, ["renew", "vars/web01/login", "--yes"]);
  assert.match(kept, /vars\/web01\/login\/word came out as the same value again/);
  assert.match(kept, /^done: list 1 value to renew by hand$/m);
});
