import assert from "node:assert/strict";
import { test } from "node:test";
import { parseFlakeServices } from "../../../../src/fleet/services/flake/parse-flake.ts";

const ca = (share: boolean) => ({
  ca: { share, dependencies: [], validationHash: null, prompts: {}, files: {} },
});

const machine = (share: boolean, ...defaultGroups: string[]) => ({
  secretStore: "sops",
  defaultGroups,
  generators: ca(share),
});

/** clan's own `generate` adds them at its end; its `check` calls the service unhealthy without. */
test("the default groups of every machine read a shared service, once each", () => {
  const flake = { web01: machine(true, "ops", "admins"), db01: machine(true, "admins"), app01: machine(true) };
  const [service, ...others] = parseFlakeServices(JSON.stringify(flake));
  assert.deepEqual(service?.readers, ["groups/admins", "groups/ops"]);
  assert.deepEqual(service?.machines, ["app01", "db01", "web01"]);
  assert.deepEqual(others, []);
});

test("a service of a machine is read by the default groups of that machine alone", () => {
  const flake = { web01: machine(false, "ops", "admins"), db01: machine(false, "admins") };
  assert.deepEqual(
    parseFlakeServices(JSON.stringify(flake)).map(({ address, readers }) => [address, readers]),
    [
      ["vars/db01/ca", ["groups/admins"]],
      ["vars/web01/ca", ["groups/admins", "groups/ops"]],
    ],
  );
});
