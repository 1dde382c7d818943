import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { readServiceFiles } from "../../../src/fleet/services/definition-files.ts";
import { NIX_INDEX, planNixIndex, renderNixIndex } from "../../../src/fleet/services/nix-index.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { type MemoryFiles, memoryGround } from "../memory-ground.ts";

const KEY = '[{"publickey":"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p","type":"age"}]';
const TLS = `machines: all
script: "true"
files:
  key: { owner: nginx, group: web, mode: "0440", restartUnits: [nginx.service] }
  cert: { secret: false }
  hash: { neededFor: users }
  notes: { deploy: false }
`;
const TOKEN = "share: true\nmachines: [web02]\nkind: random\n";
const FLEET: MemoryFiles = {
  "sops/machines/web01/key.json": KEY,
  "sops/machines/web02/key.json": KEY,
  "vars/services/tls.yaml": TLS,
  "vars/services/token.yml": TOKEN,
  "vars/services/README.md": "",
};

async function servicesOf(files: MemoryFiles): Promise<readonly Service[]> {
  const ground = memoryGround(files);
  const { services, faults } = await readServiceFiles(ground);
  assert.deepEqual(faults, []);
  return services;
}

async function planned(files: MemoryFiles) {
  return planNixIndex(memoryGround(files), await servicesOf(files));
}

async function written(files: MemoryFiles): Promise<string> {
  const change = await planned(files);
  assert.ok(change?.kind === "write");
  return Buffer.from(change.bytes).toString("utf8");
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

test("it says what differs from what clan has by default, and of which definitions", async () => {
  assert.deepEqual(JSON.parse(await written(FLEET)), {
    version: 1,
    definitions: { "tls.yaml": sha256(TLS), "token.yml": sha256(TOKEN) },
    services: {
      tls: {
        files: {
          cert: { secret: false },
          hash: { neededFor: "users" },
          key: { group: "web", mode: "0440", owner: "nginx", restartUnits: ["nginx.service"] },
          notes: { deploy: false },
        },
      },
      token: { share: true, files: { random: {} } },
    },
  });
});

test("it is written once, and again when a definition changes, a comment of it even; a machine more changes nothing", async () => {
  const current = { ...FLEET, [NIX_INDEX]: await written(FLEET) };
  assert.equal(await planned(current), undefined);
  assert.equal(await planned({ ...current, "sops/machines/web03/key.json": KEY }), undefined);
  const commented = await planned({ ...current, "vars/services/tls.yaml": `# why\n${TLS}` });
  assert.ok(commented?.kind === "write");
  assert.equal(commented.expect, sha256(current[NIX_INDEX]));
});

test("where nothing is defined in files there is none, and one that is left is taken away", async () => {
  const bare = { "sops/machines/web01/key.json": KEY };
  assert.equal(await planned(bare), undefined);
  const left = await planned({ ...bare, [NIX_INDEX]: "{}" });
  assert.deepEqual({ ...left }, { kind: "remove", path: NIX_INDEX, expect: sha256("{}") });
});

test("a definition for no machine is among the definitions, so that Nix takes the index for current", async () => {
  const index = JSON.parse(await written({ "vars/services/x.yaml": "machines: all\nkind: random\n" }));
  assert.deepEqual(Object.keys(index.definitions), ["x.yaml"]);
  assert.deepEqual(index.services, {});
});

test("something else in its place is told, and not followed", async () => {
  for (const at of [{ [NIX_INDEX]: { link: "tls.yaml" } }, { [`${NIX_INDEX}/x`]: "" }]) {
    await assert.rejects(planned({ ...FLEET, ...at }), { code: "E_NOT_A_FILE" });
  }
});

test("the same bytes in whatever order services come, for whatever names; a flake's services are not in it", async () => {
  const services = await servicesOf(FLEET);
  const [first] = services;
  assert.ok(first !== undefined);
  const names = fc.uniqueArray(fc.constantFrom("__proto__", "constructor", "a", "a-b", "10", "9", "toString"));
  fc.assert(
    fc.property(names, fc.infiniteStream(fc.nat()), (names, order) => {
      const all = names.map((name): Service => ({ ...first, name, address: `vars/web01/${name}` }));
      const shuffled = all.map((service) => ({ service, at: order.next().value ?? 0 })).sort((a, b) => a.at - b.at);
      const flake: Service = { ...first, name: "zerotier", origin: { kind: "flake" } };
      const definitions = new Map(names.map((name) => [`vars/services/${name}.yaml`, Buffer.from(name)] as const));
      const bytes = renderNixIndex([flake, ...shuffled.map(({ service }) => service)], definitions);
      assert.deepEqual(bytes, renderNixIndex(all, new Map([...definitions].reverse())));
      const index = JSON.parse(Buffer.from(bytes).toString("utf8"));
      assert.deepEqual(Object.keys(index.services).sort(), [...names].sort());
      assert.deepEqual(Object.keys(index.definitions).sort(), names.map((name) => `${name}.yaml`).sort());
    }),
  );
});
