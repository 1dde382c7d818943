/** Vars of machines that are gone, and of machines that only seem to be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkLeftovers } from "../../../src/actions/check/leftovers.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson } from "../in-memory.ts";

const key = makeAgeKey();
const VALUE = { "vars/per-machine/m1/openssh/key.pub/value": "x" };
const ANCHOR = (name: string) => ({ ".sops.yaml": `keys:\n  - &${name} ${key.recipient}\n` });

const CASES: readonly (readonly [what: string, files: MemoryFiles, ...leftovers: string[]])[] = [
  ["a machine that nothing knows", VALUE, "vars/per-machine/m1"],
  ["one that clan knows", { ...VALUE, "sops/machines/m1/key.json": keyJson(key) }],
  ["one that rules know by a machine's name", { ...VALUE, ...ANCHOR("host_m1") }],
  ["one that rules know by a bare name", { ...VALUE, ...ANCHOR("m1") }],
  ["one without any secret, in use", { ...VALUE, "machines/m1/configuration.nix": "{ }" }],
  ["one of a user's name", { ...VALUE, "sops/users/m1/key.json": keyJson(key) }, "vars/per-machine/m1"],
  ["two of them", { ...VALUE, "vars/per-machine/m2/a/b/value": "x" }, "vars/per-machine/m1", "vars/per-machine/m2"],
  ["a fleet without per-machine", { "vars/m1/openssh/key.pub/value": "x" }, "vars/m1"],
  ["what machines share", { "vars/shared/a/b/value": "x" }],
];

for (const [what, files, ...leftovers] of CASES) {
  test(what, async () => {
    const findings = await checkLeftovers(await loadFleet(memoryGround(files)));
    assert.deepEqual(
      findings.map(({ code, path, fix }) => [code, path, fix]),
      leftovers.map((path) => ["machine-unknown", path, `git rm -r ${path}`]),
    );
  });
}
