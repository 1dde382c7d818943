import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { keysOf } from "../../../src/actions/trust/keys-of.ts";
import { listTrust } from "../../../src/actions/trust/list-trust.ts";
import { describeNewcomers, tellProvenance } from "../../../src/actions/trust/newcomers.ts";
import { openTrust, type TrustPlace } from "../../../src/actions/trust/trust.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { type Fleet, loadFleet } from "../../../src/fleet/fleet.ts";
import type { Provenance, Statement } from "../../../src/repo/provenance.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson, sealed } from "../in-memory.ts";

const [ada, bob, eve, unknown] = [makeAgeKey(), makeAgeKey(), makeAgeKey(), makeAgeKey()];
const FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567";
const SECRET = "vars/per-machine/web01/acme/token";

/** Ada reads; a link and a rule ask for eve; bob is in a group that a link asks for. */
async function fleetWithEve(): Promise<Fleet> {
  return loadFleet(
    memoryGround({
      ".sops.yaml": [
        "keys:",
        `  - &ada ${ada.recipient}`,
        `  - &eve ${eve.recipient}`,
        "creation_rules:",
        "  - path_regex: ^files/",
        "    age: [*ada, *eve]",
        `    pgp: ["${FINGERPRINT}"]`,
        "",
      ].join("\n"),
      "files/a.yaml": await sealed("yaml", "a: 1\n", [[ada, unknown]]),
      "sops/users/ada/key.json": keyJson(ada),
      "sops/users/bob/key.json": keyJson(bob),
      "sops/users/eve/key.json": keyJson(eve),
      "sops/groups/admins/users/bob": { link: "../../../users/bob" },
      [`${SECRET}/secret`]: await sealed("binary", "x", [[ada]]),
      [`${SECRET}/users/ada`]: { link: "../../../../../../sops/users/ada" },
      [`${SECRET}/users/eve`]: { link: "../../../../../../sops/users/eve" },
      [`${SECRET}/groups/admins`]: { link: "../../../../../../sops/groups/admins" },
    }),
  );
}

const age = ({ recipient }: { recipient: string }) => ({ type: "age", id: recipient }) as const;

describe("describeNewcomers", () => {
  it("gives every place that states a key, and asks the history about those and about the link", async () => {
    const asked: Statement[] = [];
    const commit = (subject: string): Provenance => ({
      kind: "commit",
      id: "1234567",
      author: "M",
      subject,
    });
    const find = async (statement: Statement) => {
      asked.push(statement);
      return commit(statement.text === undefined ? "link" : "key");
    };
    const [only, ...more] = await describeNewcomers(
      await fleetWithEve(),
      [{ ...age(eve), name: "eve" }, age(eve)],
      find,
    );
    assert.deepEqual(more, []);
    assert.deepEqual(only, {
      ...age(eve),
      places: [
        { path: "sops/users/eve/key.json", line: 1 },
        { path: ".sops.yaml", line: 3 },
      ],
      provenance: commit("key"),
      link: { path: `${SECRET}/users/eve`, provenance: commit("link") },
    });
    assert.deepEqual(asked, [
      { text: eve.recipient, paths: ["sops/users/eve/key.json", ".sops.yaml"] },
      { paths: [`${SECRET}/users/eve`] },
    ]);
  });

  it("names the link to the group that lets somebody in", async () => {
    const [{ link } = {}] = await describeNewcomers(await fleetWithEve(), [age(bob)], async () => undefined);
    assert.deepEqual(link, { path: `${SECRET}/groups/admins` });
  });

  it("asks about a few only, and lists all", async () => {
    let asked = 0;
    const find = async (): Promise<undefined> => void asked++;
    const many = Array.from({ length: 50 }, () => makeAgeKey());
    const stated = many.map(({ recipient }, i) => `  - &k${i} ${recipient}\n`).join("");
    const fleet = await loadFleet(memoryGround({ ".sops.yaml": `keys:\n${stated}creation_rules: []\n` }));
    const found = await describeNewcomers(fleet, [...many.map(age), age(unknown)], find);
    assert.deepEqual(
      found.map(({ places }) => places.length),
      [...many.map(() => 1), 0],
    );
    assert.equal(asked, 20);
    assert.deepEqual(await describeNewcomers(fleet, [age(unknown)], find), [{ ...age(unknown), places: [] }]);
    assert.equal(asked, 20);
  });
});

describe("keysOf", () => {
  it("takes names, groups, keys that the fleet knows and keys that it does not", async () => {
    const fleet = await fleetWithEve();
    const stranger = makeAgeKey().recipient;
    const ids = (...texts: string[]) => keysOf(fleet, texts).map(({ id, name }) => [id, name]);
    assert.deepEqual(ids("eve"), [[eve.recipient, "eve"]]);
    assert.deepEqual(ids("users/eve", bob.recipient), [
      [eve.recipient, "eve"],
      [bob.recipient, "bob"],
    ]);
    assert.deepEqual(ids("groups/admins"), [[bob.recipient, "bob"]]);
    assert.deepEqual(ids(stranger, unknown.recipient), [
      [stranger, undefined],
      [unknown.recipient, undefined],
    ]);
    assert.deepEqual(keysOf(fleet, [FINGERPRINT.toLowerCase()]), [{ type: "pgp", id: FINGERPRINT }]);
  });

  it("says what it does not know, without repeating what may be a private key", async () => {
    const fleet = await fleetWithEve();
    assert.throws(() => keysOf(fleet, ["evee"]), { code: "E_NOT_FOUND", hint: /eve/ });
    assert.throws(() => keysOf(fleet, ["age1nonsense"]), { code: "E_RECIPIENT" });
  });
});

it("listTrust shows whom documents or their policies name without an approval", async () => {
  const fleet = await fleetWithEve();
  let content: Uint8Array | undefined;
  const place: TrustPlace = {
    load: () => content,
    update: async (change) => {
      content = change(content);
    },
  };
  const trust = await openTrust(place, fleet, new Date());
  const list = await listTrust(fleet, trust, async () => undefined);
  assert.deepEqual(
    list.approved.map(({ name }) => name),
    ["ada"],
  );
  const waiting = list.waiting.map(({ name, id }) => name ?? id);
  assert.deepEqual(waiting.sort(), ["bob", "eve", FINGERPRINT, unknown.recipient].sort());
});

it("tellProvenance puts it into words, one line each", () => {
  const commit = { kind: "commit", id: "1234567", author: "M", subject: "S" } as const;
  assert.equal(tellProvenance({ ...commit, date: "2026-03-01T12:00:00Z" }), "commit 1234567 of M, 2026-03-01: S");
  assert.equal(tellProvenance({ kind: "commit", id: "1234567", author: "M", subject: "S" }), "commit 1234567 of M: S");
  const others = [{ kind: "uncommitted" } as const, { kind: "shallow" } as const, undefined];
  for (const other of others) assert.match(tellProvenance(other), /^[^\n]{5,}$/);
});
