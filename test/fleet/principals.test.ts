import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "./memory-ground.ts";

const A = "age1apae8hqf0y748ukhqv265y2nzsn6j0pwgxmr669rk8feekrlrcgqx9lthc";
const B = "age14gfzmkrjkac23wh4n9sjf3dl4wzhgnrurpkpxknga46ywhyfafwqpkm67d";
const C = "age1e9yjp2frh7gypht86n7fxk085twd5fd34hu8a936ad8w8rp3944qlzku92";
const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq";

const key = (...recipients: string[]) => JSON.stringify(recipients.map((publickey) => ({ publickey, type: "age" })));
const anchors = (named: Readonly<Record<string, string>>) =>
  `keys:\n${Object.entries(named)
    .map(([name, recipient]) => `  - &${name} ${recipient}\n`)
    .join("")}`;

async function principalsOf(files: MemoryFiles) {
  return (await loadFleet(memoryGround(files))).principals;
}

const JOINS: readonly (readonly [anchor: string, kind: "users" | "machines", name: string, joined: boolean])[] = [
  ["ada", "users", "ada", true],
  ["Ada", "users", "ada", true],
  ["user_ada", "users", "ada", true],
  ["admin_ada", "users", "ada", true],
  ["admin-ada", "users", "ada", true],
  ["host_web01", "machines", "web01", true],
  ["server_web01", "machines", "web01", true],
  ["machine_web01", "machines", "web01", true],
  ["host_web_01", "machines", "web-01", true],
  ["host_ada", "users", "ada", false],
  ["user_web01", "machines", "web01", false],
  ["ada_laptop", "users", "ada", false],
  ["adam", "users", "ada", false],
  ["ada_new", "users", "ada", true],
  ["ada-new", "users", "ada", true],
  ["admin_ada_new", "users", "ada", true],
  ["ada_key2", "users", "ada", true],
  ["host_web01_key12", "machines", "web01", true],
  ["host_ada_new", "users", "ada", false],
  // Machines are numbered: web_2 is another one.
  ["web_2", "machines", "web", false],
  ["ada_key", "users", "ada", false],
  ["ada_newest", "users", "ada", false],
  ["ada_new_key2", "users", "ada", false],
];

for (const [anchor, kind, name, joined] of JOINS) {
  test(`&${anchor} ${joined ? "is" : "is not"} ${kind}/${name}`, async () => {
    const principals = await principalsOf({
      [`sops/${kind}/${name}/key.json`]: key(A),
      ".sops.yaml": anchors({ [anchor]: B }),
    });
    assert.equal(principals.nameOf(B), joined ? name : anchor);
    // The same name with another key is told, whether or not it is meant.
    assert.deepEqual(
      principals.disagreements.map(({ principal, varsOnly, filesOnly }) => [
        principal.name,
        varsOnly.map(({ id }) => id),
        filesOnly.map(({ id }) => id),
      ]),
      joined ? [[name, [A], [B]]] : [],
    );
  });
}

test("an anchor that names its own principal names no other's next key", async () => {
  const principals = await principalsOf({
    "sops/machines/web/key.json": key(A),
    "sops/machines/web-key2/key.json": key(B),
    ".sops.yaml": anchors({ web_key2: C }),
  });
  assert.equal(principals.nameOf(C), "web-key2");
});

test("an anchor's next key is of the same principal where only anchors name people", async () => {
  const principals = await principalsOf({ ".sops.yaml": anchors({ ada: A, ada_new: B, bob_new: C }) });
  assert.deepEqual([A, B, C].map(principals.nameOf), ["ada", "ada", "bob_new"]);
});

test("equal keys join before equal names", async () => {
  const principals = await principalsOf({
    "sops/users/ada/key.json": key(A),
    "sops/users/bob/key.json": key(B),
    ".sops.yaml": anchors({ bob: A, the_desk: B }),
  });
  assert.deepEqual([principals.nameOf(A), principals.nameOf(B)], ["ada", "bob"]);
  assert.deepEqual(
    principals.sharedKeys.map(({ id, names }) => [id, names]),
    [
      [A, ["ada", "bob"]],
      [B, ["bob", "the_desk"]],
    ],
  );
  assert.deepEqual(principals.disagreements, []);
});

test("an anchor that may name a user or a machine joins neither", async () => {
  const principals = await principalsOf({
    "sops/users/web/key.json": key(A),
    "sops/machines/web/key.json": key(B),
    ".sops.yaml": anchors({ web: C }),
  });
  assert.deepEqual(principals.disagreements, []);
  assert.equal(principals.ownerOf(C)?.kind, "unknown");
  assert.equal(principals.find("web", "machine")?.keys[0]?.id, B);
});

test("an SSH key is the same with and without its comment", async () => {
  const principals = await principalsOf({
    "sops/users/ada/key.json": key(`${SSH} ada@desk`),
    ".sops.yaml": anchors({ ada: `"${SSH}"` }),
  });
  assert.equal(principals.nameOf(SSH), "ada");
  assert.deepEqual(
    principals
      .find("ada")
      ?.keys.map(({ id, origins }) => [id, origins.map(({ tier, line, text }) => [tier, line, text])]),
    [
      [
        SSH,
        [
          ["vars", 1, `${SSH} ada@desk`],
          ["files", 2, SSH],
        ],
      ],
    ],
  );
  assert.deepEqual([principals.disagreements, principals.oneTier, principals.sharedKeys], [[], [], []]);
});

test("who is known to one tier alone, in a fleet that has both", async () => {
  const both = await principalsOf({
    "sops/users/ada/key.json": key(A),
    "sops/machines/web01/key.json": key(B),
    ".sops.yaml": anchors({ ada: A, host_db01: C }),
  });
  assert.deepEqual(
    both.oneTier.map(({ principal, tier }) => [principal.name, principal.kind, tier]),
    [
      ["host_db01", "machine", "files"],
      ["web01", "machine", "vars"],
    ],
  );
  assert.deepEqual((await principalsOf({ "sops/users/ada/key.json": key(A) })).oneTier, []);
});

test("a key that a rule states without an anchor belongs to nobody, unless it is registered", async () => {
  const principals = await principalsOf({
    "sops/users/ada/key.json": key(A),
    ".sops.yaml": `creation_rules:\n  - age: ${A},${B}\n`,
  });
  assert.deepEqual([principals.nameOf(A), principals.nameOf(B)], ["ada", undefined]);
  assert.deepEqual(principals.oneTier, []);
});

test("groups: clan's links, and lists with an anchor", async () => {
  const principals = await principalsOf({
    "sops/users/ada/key.json": key(A),
    "sops/machines/web01/key.json": key(B),
    "sops/groups/admins/users/ada": { link: "../../../users/ada" },
    "sops/groups/admins/machines/web01": { link: "../../../machines/web01" },
    ".sops.yaml": `keys:\n  - &team\n    - ${A}\n    - &eve ${C}\n`,
  });
  const membersOf = (name: string) =>
    principals.find(name, "group")?.members.map((member) => `${member.kind} ${member.name}`);
  assert.deepEqual(membersOf("admins"), ["machine web01", "user ada"]);
  assert.deepEqual(membersOf("team"), ["user ada", "unknown eve"]);
});

test("names that are special to the language are names", async () => {
  const principals = await principalsOf({
    "sops/users/constructor/key.json": key(A),
    ".sops.yaml": anchors({ __proto__x: B, toString: C }),
  });
  assert.deepEqual(
    [principals.nameOf(A), principals.nameOf(B), principals.nameOf(C)],
    ["constructor", "__proto__x", "toString"],
  );
  assert.equal(principals.nameOf("__proto__"), undefined);
  assert.equal(principals.find("hasOwnProperty"), undefined);
});

test("ten thousand stated keys are joined in bounded time", async () => {
  const users = Object.fromEntries(
    Array.from({ length: 500 }, (_, i) => [`sops/users/u${i}/key.json`, key(A)] as const),
  );
  const lines = Array.from({ length: 5000 }, (_, i) => `  - &u_${i} ${A}\n`).join("");
  const start = performance.now();
  const principals = await principalsOf({ ...users, ".sops.yaml": `keys:\n${lines}` });
  assert.equal(principals.all.length, 500);
  assert.ok(performance.now() - start < 10_000);
});
