/** Which names may be new, of every kind, and where it is said that one is not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { knownToOneTier } from "../../../src/actions/principal/half-known.ts";
import { clanNote, type NewKind, refuseKnownName, refuseNewName } from "../../../src/actions/principal/new-name.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { ada, bob, keyFile, links, next, other, stated, web } from "../planned.ts";

const memoryFleet = (files: MemoryFiles) => loadFleet(memoryGround(files));
const KINDS: readonly NewKind[] = ["user", "machine", "group"];
const E_NAME = { code: "E_NAME", kind: "usage" };

describe("refuseNewName", () => {
  it("takes what the rule takes, and nothing else", () => {
    for (const kind of KINDS) {
      for (const name of ["a", "0", "web-01", "x_", "a-", "e".repeat(63), "all", "keys", "ssh-gate", "deadbeef"]) {
        refuseNewName(kind, name);
      }
      for (const name of [
        "",
        "-",
        "-n",
        "_x",
        "Ada",
        "a.b",
        "a/b",
        "..",
        "a b",
        "e".repeat(64),
        "é",
        "a\n",
        "a\u0000",
      ]) {
        assert.throws(() => refuseNewName(kind, name), E_NAME, `${kind} ${JSON.stringify(name)}`);
      }
    }
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 70 }), (name) => {
        const takes = /^[a-z0-9][a-z0-9_-]{0,62}$/.test(name) && !name.includes("\n");
        if (takes) return;
        assert.throws(() => refuseNewName("user", name), E_NAME);
      }),
    );
  });

  it("takes no name that could be read as something else", () => {
    for (const name of [ada.recipient.slice(0, 40), "age1", "0123456789abcdef", "ab".repeat(20)]) {
      assert.throws(() => refuseNewName("user", name), { ...E_NAME, hint: /looks like a key/ }, name);
    }
    for (const name of ["shared", "per-machine", "per-export"]) {
      assert.throws(() => refuseNewName("machine", name), E_NAME, name);
      refuseNewName("user", name);
    }
  });
});

const REGISTRY: MemoryFiles = {
  ...keyFile("users", "ada", ada),
  ...keyFile("machines", "web-1", web),
  ...links("sops/groups/admins/users/ada"),
};

function config(...lines: readonly string[]): MemoryFiles {
  return { ".sops.yaml": ["keys:", ...lines.map((line) => `  - ${line}`), "creation_rules: []", ""].join("\n") };
}

const ADA = `&ada ${ada.recipient}`;

describe("refuseKnownName", () => {
  it("finds whoever bears the name, of whatever kind and in whichever tier, and says where", async () => {
    const fleet = await memoryFleet({
      ...REGISTRY,
      ...config(ADA, `&nas ${next.recipient}`, "&team", `  - ${other.recipient}`),
      "sops/users/half/other.json": "{}",
    });
    for (const kind of KINDS) {
      for (const [name, file, line] of [
        ["ada", "sops/users/ada/key.json", 1],
        ["web-1", "sops/machines/web-1/key.json", 1],
        ["web_1", "sops/machines/web-1/key.json", 1],
        ["admins", "sops/groups/admins", undefined],
        ["half", "sops/users/half/key.json", undefined],
        ["nas", ".sops.yaml", 3],
      ] as const) {
        const location = line === undefined ? { file } : { file, line };
        assert.throws(() => refuseKnownName(fleet, kind, name), { code: "E_EXISTS", location }, `${kind} ${name}`);
      }
      refuseKnownName(fleet, kind, "eve");
    }
  });

  it("tells no two names apart that a file system without cases does not", async () => {
    const fleet = await memoryFleet({ ...keyFile("users", "Eve", other), ...keyFile("machines", "Nas.Home", next) });
    for (const name of ["eve", "nas-home", "nas_home"]) {
      assert.throws(() => refuseKnownName(fleet, "user", name), { code: "E_EXISTS", hint: /one another/ }, name);
    }
  });

  it("takes no name by which the key of one would be read as a key of another", async () => {
    const files = await memoryFleet(config(ADA, `&admin_eve ${other.recipient}`, `&host-nas ${next.recipient}`));
    for (const name of ["ada_new", "ada-key2", "admin_ada", "eve", "admin_eve"]) {
      assert.throws(() => refuseKnownName(files, "user", name), { code: "E_EXISTS" }, name);
    }
    assert.throws(() => refuseKnownName(files, "machine", "nas"), { code: "E_EXISTS" });
    refuseKnownName(files, "machine", "host_db");
    // The word before it tells that these are two.
    refuseKnownName(files, "user", "nas");
    refuseKnownName(files, "machine", "eve");
    // In the registry the name itself stands.
    refuseKnownName(await memoryFleet(REGISTRY), "user", "admin_ada");
  });

  it("lets be called so who is called so", async () => {
    const fleet = await memoryFleet(config(`&admin_eve ${other.recipient}`, `&admin_eve_key2 ${next.recipient}`));
    const half = knownToOneTier(fleet, "user", "eve", [stated(next), stated(other)]);
    assert.equal(half?.name, "admin_eve");
    refuseKnownName(fleet, "user", "eve", half);
    for (const keys of [[stated(other)], [stated(other), stated(bob)], [stated(other), stated(next), stated(bob)]]) {
      assert.equal(knownToOneTier(fleet, "user", "eve", keys), undefined);
    }
    assert.equal(knownToOneTier(fleet, "machine", "eve", [stated(next), stated(other)]), undefined);
  });
});

describe("clanNote", () => {
  it("speaks of names that clan's commands refuse as an argument, in fleets of clan's", async () => {
    const fleet = await memoryFleet(REGISTRY);
    for (const [kind, name, told] of [
      ["user", "eve", false],
      ["user", "0eve", true],
      ["user", "e".repeat(33), true],
      ["group", "0", true],
      ["group", "ops_1", false],
      ["machine", "0", false],
      ["machine", "m".repeat(63), false],
      ["machine", "web_1", true],
      ["machine", "web-", true],
    ] as const) {
      assert.equal(clanNote(fleet, kind, name) !== undefined, told, `${kind} ${name}`);
      assert.equal(clanNote({ ...fleet, registry: emptyRegistry, documents: [] }, kind, name), undefined);
    }
  });
});

const emptyRegistry = { users: new Map(), machines: new Map(), groups: new Map(), anomalies: [] };
