/** How much is read to compare Nix files with keys, and how long it takes at worst. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkNixModules } from "../../../src/actions/check/nix-modules.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import type { Ground } from "../../../src/fleet/ground.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { nixFindings, nixFleet } from "./nix-fleet.ts";

/** The ground of a fleet, and what was asked of it. */
function counted(files: MemoryFiles): { ground: Ground; lists: () => number; reads: () => readonly string[] } {
  const inner = memoryGround(files);
  let lists = 0;
  const reads: string[] = [];
  const list = () => {
    lists++;
    return inner.list();
  };
  const read = (path: string) => {
    reads.push(path);
    return inner.read(path);
  };
  return { ground: { ...inner, list, read }, lists: () => lists, reads: () => reads };
}

test("a fleet without the layout is not even listed for it", async () => {
  const fleet = await loadFleet(memoryGround({ "modules/home.nix": "{ }" }));
  const { ground, lists } = counted({ "modules/home.nix": "{ }" });
  await checkNixModules({ ...fleet, ground });
  assert.equal(lists(), 0);
});

test("other Nix files are read only when something seems to be wrong", async () => {
  const files = nixFleet({});
  const fleet = await loadFleet(memoryGround(files));
  const quiet = counted(files);
  await checkNixModules({ ...fleet, ground: quiet.ground });
  assert.ok(!quiet.reads().includes("modules/system/base.nix"));
  assert.ok(quiet.reads().every((path) => /^modules\/(?:machines|clan)\//.test(path)));
});

test("a thousand misspelt modules are told in good time", async () => {
  const names = Array.from({ length: 5000 }, (_, index) => `"machine/nixos/${"web".repeat(25)}${index}" = { };`);
  const text = `{ flake.modules.nixos = { ${names.join(" ")} }; }`;
  const files = nixFleet({ "modules/clan/many.nix": text });
  const started = process.cpuUsage();
  assert.equal((await nixFindings(files)).length, 5000);
  assert.ok(process.cpuUsage(started).user < 3_000_000);
});
