import assert from "node:assert/strict";
import { test } from "node:test";
import { checkServices } from "../../../src/actions/service/check-services.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { read } from "../../fleet/services/definitions.ts";

const SOUND = "machines: [web01, web02]\nkind: random\n";
const none = { services: [], without: undefined };

async function faultsOf(
  definitions: Readonly<Record<string, string>>,
  flake: Parameters<typeof checkServices>[0]["flake"] = none,
) {
  const { faults, graph } = checkServices({ files: await read(definitions), flake });
  return { told: faults.map(({ code, message }) => `${code} ${message}`), sound: [...graph.services.keys()] };
}

test("a dependency that nothing makes is told once, however many machines have the service", async () => {
  const { told, sound } = await faultsOf({ a: `${SOUND}dependencies: [b]\n` });
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /^E_SERVICE_DEPENDENCY vars\/web01\/a depends on b/);
  assert.deepEqual(sound, ["vars/web01/a", "vars/web02/a"]);
});

test("what follows from a definition that cannot be read is not told beside it; anything else is", async () => {
  const { told } = await faultsOf({ a: `${SOUND}dependencies: [b, c]\n`, b: "kind: no\n" });
  assert.deepEqual(
    told.map((one) => one.replace(/,.*/, "")),
    [
      "E_DEFINITION kind has to be one of ssh-key",
      "E_DEFINITION nothing says which machines have this service",
      "E_SERVICE_DEPENDENCY vars/web01/a depends on c",
    ],
  );
});

test("a dependency may be clan's as long as nobody knows what clan's services are", async () => {
  const a = { a: `${SOUND}dependencies: [openssh]\n` };
  assert.deepEqual((await faultsOf(a, { services: [], without: "no nix" })).told, []);
  const [service] = (await read({ openssh: "share: true\nmachines: all\nkind: random\n" })).services;
  const openssh = { ...(service as Service), origin: { kind: "flake" } } as const;
  assert.deepEqual((await faultsOf(a, { services: [openssh], without: undefined })).told, []);
});

test("what is defined in both sources is told, and what the files say is there to be looked at", async () => {
  const { services } = await read({ a: SOUND });
  const flake = services.map((one): Service => ({ ...one, origin: { kind: "flake" } }));
  const { told, sound } = await faultsOf({ a: SOUND }, { services: flake, without: undefined });
  assert.match(told.join("\n"), /^E_SERVICE_TWICE vars\/web01\/a is defined twice/);
  assert.deepEqual(sound, ["vars/web01/a", "vars/web02/a"]);
});

test("many unknown names on many machines are told in time", async () => {
  const names = Array.from({ length: 1500 }, (_, i) => `unknown-${i}`).join(", ");
  const definition = `machines: all\nkind: random\ndependencies: [${names}]\n`;
  const definitions = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, definition]));
  const start = performance.now();
  assert.equal((await faultsOf(definitions)).told.length, 30_000);
  assert.ok(performance.now() - start < 5000);
});
