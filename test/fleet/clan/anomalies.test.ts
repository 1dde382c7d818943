import assert from "node:assert/strict";
import { test } from "node:test";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround, unpackFixture } from "../memory-ground.ts";

const golden = unpackFixture("golden/clan/sops-repo.tgz");
const LEAF = "vars/per-machine/m1/dep/bin";
const SECRET = golden[`${LEAF}/secret`] as Uint8Array;
const ALICE = "sops/users/alice/key.json";
const RECIPIENT = "age1apae8hqf0y748ukhqv265y2nzsn6j0pwgxmr669rk8feekrlrcgqx9lthc";

/** The golden fleet with some files replaced; undefined takes one away. */
function changed(changes: Readonly<Record<string, MemoryFiles[string] | undefined>>): MemoryFiles {
  const files = { ...golden, ...changes };
  return Object.fromEntries(
    Object.entries(files).filter((entry): entry is [string, MemoryFiles[string]] => entry[1] !== undefined),
  );
}

const CASES: readonly (readonly [
  title: string,
  changes: Parameters<typeof changed>[0],
  found: readonly (readonly [code: string, path: string])[],
])[] = [
  [
    "a link to nobody",
    { [`${LEAF}/users/eve`]: { link: "../../../../../../sops/users/eve" } },
    [["link-dangling", `${LEAF}/users/eve`]],
  ],
  ["an empty link", { [`${LEAF}/users/eve`]: { link: "" } }, [["link-dangling", `${LEAF}/users/eve`]]],
  [
    "a link through a file",
    { [`${LEAF}/users/eve`]: { link: `../../../../../../${ALICE}/x` } },
    [["link-dangling", `${LEAF}/users/eve`]],
  ],
  ["a link to itself", { [`${LEAF}/users/eve`]: { link: "eve" } }, [["link-loop", `${LEAF}/users/eve`]]],
  [
    "two links in a circle",
    { [`${LEAF}/users/x`]: { link: "y" }, [`${LEAF}/users/y`]: { link: "x" } },
    [
      ["link-loop", `${LEAF}/users/x`],
      ["link-loop", `${LEAF}/users/y`],
    ],
  ],
  [
    "a link out of the repository",
    { [`${LEAF}/users/eve`]: { link: "../../../../../../../etc/users/eve" } },
    [["link-escapes", `${LEAF}/users/eve`]],
  ],
  ["an absolute link", { [`${LEAF}/users/eve`]: { link: "/etc" } }, [["link-escapes", `${LEAF}/users/eve`]]],
  [
    "a user's link to a machine",
    { [`${LEAF}/users/m1`]: { link: "../../../../../../sops/machines/m1" } },
    [["link-misdirected", `${LEAF}/users/m1`]],
  ],
  [
    "a link to a user of another folder",
    {
      "evil/users/eve/key.json": `{"publickey":"${RECIPIENT}","type":"age"}`,
      [`${LEAF}/users/eve`]: { link: "../../../../../../evil/users/eve" },
    },
    [["link-misdirected", `${LEAF}/users/eve`]],
  ],
  [
    "a link to the key file itself",
    { [`${LEAF}/users/key.json`]: { link: `../../../../../../${ALICE}` } },
    [["link-misdirected", `${LEAF}/users/key.json`]],
  ],
  [
    "a link named differently",
    { [`${LEAF}/users/carol`]: { link: "../../../../../../sops/users/dave" } },
    [["link-misdirected", `${LEAF}/users/carol`]],
  ],
  [
    "a file where a link should be",
    { [`${LEAF}/users/eve`]: "../../../../../../sops/users/alice" },
    [["link-expected", `${LEAF}/users/eve`]],
  ],
  [
    "a folder where a link should be",
    { [`${LEAF}/users/eve/key.json`]: "[]", [`${LEAF}/users/eve/x`]: "" },
    [["link-expected", `${LEAF}/users/eve`]],
  ],
  [
    "a leaf among the readers of another",
    { [`${LEAF}/users/eve/value`]: "x" },
    [["link-expected", `${LEAF}/users/eve`]],
  ],
  [
    "a file among the members of a group",
    { "sops/groups/admins/users/eve": "x" },
    [["link-expected", "sops/groups/admins/users/eve"]],
  ],
  [
    "a member that is gone",
    { "sops/groups/admins/users/eve": { link: "../../../users/eve" } },
    [["link-dangling", "sops/groups/admins/users/eve"]],
  ],
  [
    "a secret that is a link",
    { "vars/shared/g/f/secret": { link: "../../x" } },
    [["link-unexpected", "vars/shared/g/f/secret"]],
  ],
  ["a user folder that is a link", { "sops/users/eve": { link: "alice" } }, [["link-unexpected", "sops/users/eve"]]],
  [
    "a key file that is a link",
    { "sops/users/eve/key.json": { link: "../alice/key.json" } },
    [["link-unexpected", "sops/users/eve/key.json"]],
  ],
  [
    "readers of nothing",
    { "vars/shared/g/f/users/alice": { link: "../../../../../sops/users/alice" } },
    [["links-without-secret", "vars/shared/g/f"]],
  ],
  ["a user without keys", { "sops/users/eve/note": "x" }, [["key-missing", "sops/users/eve"]]],
  [
    "a user called as an option",
    { "sops/users/-rf/key.json": `{"publickey":"${RECIPIENT}","type":"age"}` },
    [["name", "sops/users/-rf"]],
  ],
  ["a file called as an option", { "vars/shared/g/-rf/value": "x" }, [["name", "vars/shared/g/-rf"]]],
  [
    "a file with an escape sequence in its name",
    { "vars/shared/g/\x1b[2J/value": "x" },
    [["name", "vars/shared/g/\x1b[2J"]],
  ],
  [
    "a user whose name differs in case alone",
    { "sops/users/Alice/key.json": `{"publickey":"${RECIPIENT}","type":"age"}` },
    [["name", "sops/users/alice"]],
  ],
  [
    "files whose names differ in the spelling of an accent alone",
    { "vars/shared/g/\u00e9/value": "x", "vars/shared/g/e\u0301/value": "x" },
    [["name", "vars/shared/g/\u00e9"]],
  ],
  ["a clear value beside a secret", { [`${LEAF}/value`]: "x" }, [["value-beside-secret", `${LEAF}/value`]]],
  ["a secret in clear", { "vars/shared/g/f/secret": "hunter2" }, [["not-encrypted", "vars/shared/g/f/secret"]]],
  ["an empty secret", { "vars/shared/g/f/secret": "" }, [["not-encrypted", "vars/shared/g/f/secret"]]],
  [
    "a secret that is JSON and clear",
    { "vars/shared/g/f/secret": '{"data":"x"}' },
    [["not-encrypted", "vars/shared/g/f/secret"]],
  ],
  ["a secret cut off", { "vars/shared/g/f/secret": SECRET.slice(0, 900) }, [["document", "vars/shared/g/f/secret"]]],
];

for (const [title, changes, found] of CASES) {
  test(`told: ${title}`, async () => {
    const { anomalies } = await loadFleet(memoryGround(changed(changes)));
    assert.deepEqual(
      anomalies.map(({ code, path }) => [code, path]),
      found,
    );
  });
}

const BAD_KEYS: readonly (readonly [text: string, keys: number, why: RegExp])[] = [
  ["", 0, /not JSON/],
  ["null", 0, /neither a list/],
  ['"age1"', 0, /neither a list/],
  ["[]", 0, /lists no keys/],
  ["[[]]", 0, /not a key/],
  [`{"publickey":"${RECIPIENT}"}`, 0, /without a type/],
  [`{"publickey":"${RECIPIENT}","type":"ssh"}`, 0, /neither age nor pgp/],
  [`{"publickey":"","type":"age"}`, 0, /without a publickey/],
  [`{"publickey":"age1xyz","type":"age"}`, 0, /mistyped/],
  ['{"publickey":"AGE-SECRET-KEY-1QQQQ","type":"age"}', 0, /private key/],
  ['{"publickey":"nobody","type":"pgp"}', 0, /fingerprint/],
  [`[{"publickey":"${RECIPIENT}","type":"age"},{"publickey":"${RECIPIENT}","type":"AGE"}]`, 1, /already has/],
  [`[{"publickey":"${RECIPIENT}","type":"age"},7]`, 1, /as key 2, something/],
  ["[".repeat(100_000), 0, /not JSON/],
  [`[${" ".repeat(1024 * 1024)}]`, 0, /larger than 1 MiB/],
];

for (const [text, keys, why] of BAD_KEYS) {
  test(`key.json ${JSON.stringify(text.slice(0, 60))}`, async () => {
    const fleet = await loadFleet(memoryGround({ "sops/users/eve/key.json": text }));
    assert.deepEqual(
      fleet.anomalies.map(({ code, path }) => [code, path]),
      [["key-json", "sops/users/eve/key.json"]],
    );
    assert.match(fleet.anomalies[0]?.message ?? "", why);
    assert.ok(!fleet.anomalies[0]?.message.includes("AGE-SECRET"));
    assert.equal(fleet.registry.users.get("eve")?.keys.length, keys);
    assert.equal(fleet.registry.users.get("eve")?.sound, false);
  });
}

test("very many bad keys are told in few lines", async () => {
  const many = JSON.stringify(Array.from({ length: 20_000 }, () => 7));
  const { anomalies } = await loadFleet(memoryGround({ "sops/users/eve/key.json": many }));
  assert.equal(anomalies.length, 21);
  assert.match(anomalies.at(-1)?.message ?? "", /19980 more/);
});

test("both forms of key.json give the same keys, with the line of each", async () => {
  const one = `{"publickey": "${RECIPIENT}", "type": "age"}`;
  const fleet = await loadFleet(
    memoryGround({ "sops/users/a/key.json": one, "sops/users/b/key.json": `[\n  ${one}\n]` }),
  );
  const keyOf = (name: string) => fleet.registry.users.get(name)?.keys[0];
  assert.deepEqual(keyOf("a"), { type: "age", id: RECIPIENT, text: RECIPIENT, line: 1 });
  assert.deepEqual(keyOf("b"), { type: "age", id: RECIPIENT, text: RECIPIENT, line: 2 });
});

const INCOMPLETE: readonly (readonly [title: string, changes: Parameters<typeof changed>[0]])[] = [
  ["a linked user's key.json is damaged", { [ALICE]: "{}", "sops/secrets/legacy/users/alice": undefined }],
  ["a link leads to nobody", { [`${LEAF}/users/eve`]: { link: "../../../../../../sops/users/eve" } }],
  ["a linked group has a member that is gone", { "sops/groups/admins/users/eve": { link: "../../../users/eve" } }],
  [
    "a linked machine has no key.json",
    {
      "sops/machines/m2/key.json": undefined,
      "sops/machines/m2/x": "",
      [`${LEAF}/machines/m2`]: { link: "../../../../../../sops/machines/m2" },
    },
  ],
];

for (const [title, changes] of INCOMPLETE) {
  test(`a policy says that it may lack readers when ${title}`, async () => {
    const fleet = await loadFleet(memoryGround(changed(changes)));
    const complete = new Map(fleet.documents.map(({ address, policy }) => [address, policy.complete]));
    assert.equal(complete.get("vars/m1/dep/bin"), false);
    assert.equal(complete.get("sops/secrets/legacy"), true);
  });
}

test("a link named differently counts for its target, as clan counts it; a misdirected one for nobody", async () => {
  const fleet = await loadFleet(
    memoryGround(
      changed({
        "sops/secrets/legacy/users/carol": { link: "../../../users/dave" },
        "sops/secrets/legacy/users/m2": { link: "../../../machines/m2" },
      }),
    ),
  );
  const legacy = fleet.documents.find(({ address }) => address === "sops/secrets/legacy");
  assert.deepEqual(legacy?.missing, [fleet.registry.users.get("dave")?.keys[0]?.id]);
});

test("drift: a reader that is linked and missing, and one that is there and not linked", async () => {
  const fleet = await loadFleet(
    memoryGround(
      changed({
        "sops/secrets/legacy/machines/m1": undefined,
        "sops/secrets/legacy/machines/m2": { link: "../../../machines/m2" },
      }),
    ),
  );
  const legacy = fleet.documents.find(({ address }) => address === "sops/secrets/legacy");
  const idOf = (machine: string) => fleet.registry.machines.get(machine)?.keys.map(({ id }) => id);
  assert.deepEqual([legacy?.missing, legacy?.extra], [idOf("m2"), idOf("m1")]);
  assert.deepEqual(legacy?.policy.readers.find(({ name }) => name === "m2")?.reasons, ["machines/m2"]);
});

test("file names with slashes, a fleet without per-machine, a machine called shared", async () => {
  const fleet = await loadFleet(
    memoryGround({
      "vars/web01/boot/keys/db/db.key/secret": SECRET,
      "vars/shared/g/secret/secret": SECRET,
      "vars/web01/g/f/value": "x",
    }),
  );
  assert.deepEqual(
    [...fleet.documents, ...fleet.publicValues].map(({ address }) => address),
    ["vars/shared/g/secret", "vars/web01/boot/keys/db/db.key", "vars/web01/g/f"],
  );
  const named = await loadFleet(memoryGround({ "vars/per-machine/shared/g/f/secret": SECRET }));
  assert.deepEqual(
    named.documents.map(({ address }) => address),
    ["vars/per-machine/shared/g/f"],
  );
});

test("a document that clan's layout does not explain is not hidden: it is a file", async () => {
  const fleet = await loadFleet(
    memoryGround(changed({ "vars/stray/a/b/secret": SECRET, "sops/secrets/a/b/secret": SECRET })),
  );
  assert.deepEqual(
    fleet.documents.filter(({ tier }) => tier === "files").map(({ address }) => address),
    ["./sops/secrets/a/b/secret", "./vars/stray/a/b/secret"],
  );
});
