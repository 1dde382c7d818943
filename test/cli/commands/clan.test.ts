/** Whole commands on the fleet that clan itself wrote. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../../src/repo/program.ts";
import { secrets, temporaryDirectory } from "../harness.ts";

const golden = fileURLToPath(new URL("../../../fixtures/golden/clan/", import.meta.url));
const expected: {
  readonly secrets: Record<string, { readonly plaintext_b64: string; readonly sources: readonly string[] }>;
  readonly public: Record<string, string>;
} = JSON.parse(readFileSync(join(golden, "expect.json"), "utf8"));

async function clanFleet(t: TestContext) {
  const base = await temporaryDirectory(t);
  await run(["tar", "-xzf", join(golden, "sops-repo.tgz"), "-C", base]);
  const root = join(base, "repo");
  await run(["git", "init", "-q"], { cwd: root });
  const as = (name: string): Record<string, string> =>
    name === "dave"
      ? { SOPS_AGE_SSH_PRIVATE_KEY_FILE: join(golden, "keys/dave_ssh_ed25519") }
      : { SOPS_AGE_KEY_FILE: join(golden, `keys/${name}.txt`) };
  return {
    root,
    run: (name: string, argv: readonly string[], stdin = "") =>
      secrets(argv, { cwd: root, env: { HOME: base, ...as(name) }, stdin }),
  };
}

const addressOf = (path: string) => path.replace("vars/per-machine/", "vars/").replace(/\/value$/, "");

test("every secret is read by each kind of reader, to the byte, and every public value", async (t) => {
  const fleet = await clanFleet(t);
  const read = async (name: string, path: string) => (await fleet.run(name, ["get", addressOf(path)])).stdout;
  for (const [path, { plaintext_b64, sources }] of Object.entries(expected.secrets)) {
    // A person, and the last of the others: a machine, or who has an SSH key.
    for (const name of new Set([sources.at(0), sources.at(-1)].map((source) => source?.split("/")[1] ?? ""))) {
      assert.equal((await read(name, path)).toString("base64"), plaintext_b64, `${path} as ${name}`);
    }
  }
  for (const [path, text] of Object.entries(expected.public))
    assert.equal((await read("alice", path)).toString(), text);
});

test("what is changed and added stays clean by clan's own reckoning of readers", async (t) => {
  const fleet = await clanFleet(t);
  assert.equal((await fleet.run("alice", ["set", "vars/m1/user-password/pw", "-"], "changed")).code, 0);
  assert.equal((await fleet.run("alice", ["set", "vars/m1/user-password/new", "-"], "added")).code, 0);
  const folder = join(fleet.root, "vars/per-machine/m1/user-password/new");
  assert.equal(await readlink(join(folder, "machines/m1")), "../../../../../../sops/machines/m1");
  assert.equal(await readlink(join(folder, "groups/admins")), "../../../../../../sops/groups/admins");
  const { code, stdout } = await fleet.run("alice", ["check", "--deep"]);
  assert.equal(code, 0, stdout.toString());
  for (const name of ["bob", "dave", "m1"]) {
    assert.equal((await fleet.run(name, ["get", "vars/m1/user-password/new"])).stdout.toString(), "added", name);
  }
});

test("what clan wrote is exported to the byte, and comes back into the same fleet after it was lost", async (t) => {
  const fleet = await clanFleet(t);
  const done = await fleet.run("alice", ["export", "../dump"]);
  assert.equal(done.code, 0, done.stderr);
  const dumped = (path: string) => readFileSync(join(fleet.root, "../dump", path.replace(/^vars\//, "")));
  const vars = Object.entries(expected.secrets).filter(([path]) => path.startsWith("vars/"));
  for (const [path, { plaintext_b64 }] of vars) assert.equal(dumped(path).toString("base64"), plaintext_b64, path);
  for (const [path, text] of Object.entries(expected.public))
    assert.equal(dumped(path.replace(/\/value$/, "")).toString(), text, path);
  const hash = "vars/per-machine/m1/dep/.validation-hash";
  const before = readFileSync(join(fleet.root, hash));
  assert.deepEqual(dumped(hash), before);
  await rm(join(fleet.root, "vars/per-machine/m1/dep"), { recursive: true });
  const back = await fleet.run("alice", ["import", "../dump", "--yes"]);
  assert.equal(back.code, 0, back.stderr);
  assert.deepEqual(readFileSync(join(fleet.root, hash)), before);
  for (const [path, { plaintext_b64 }] of vars) {
    for (const name of path.includes("/dep/") ? ["bob", "m1"] : ["bob"]) {
      const { stdout } = await fleet.run(name, ["get", addressOf(path)]);
      assert.equal(stdout.toString("base64"), plaintext_b64, `${path} as ${name}`);
    }
  }
  assert.equal((await fleet.run("alice", ["check"])).code, 0);
});
