/** Which values a dump and a document hold, under which addresses; and everything that is refused. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Destination, valuesOfDocument, valuesOfDump } from "../../../src/actions/service/incoming-values.ts";
import { SecretsError } from "../../../src/errors.ts";
import { parsePlain } from "../../../src/sops/plain-text.ts";
import type { Format } from "../../../src/sops/store.ts";

const HASH = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

function read(text: string | Uint8Array, destination: Destination, format: Format = "yaml", source = "secrets/a.yaml") {
  const { values, notes } = valuesOfDocument(parsePlain(text, format), format, source, destination);
  return {
    named: Object.fromEntries(values.map(({ address, bytes }) => [address, Buffer.from(bytes).toString()])),
    notes,
  };
}

function code(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof SecretsError) return error.code;
    throw error;
  }
  return "nothing";
}

describe("valuesOfDocument", () => {
  const NESTED = "a: one\ndb:\n  user: app\n  ports: [5432, 6432]\n  tls: true\n  off: null\n  empty: ''\nlist: []\n";

  it("makes a file of every key, with slashes for keys within keys, and text of every scalar", () => {
    const { named, notes } = read(NESTED, { to: "vars/shared/app" });
    assert.deepEqual(named, {
      "vars/shared/app/a": "one",
      "vars/shared/app/db/user": "app",
      "vars/shared/app/db/ports/0": "5432",
      "vars/shared/app/db/ports/1": "6432",
      "vars/shared/app/db/tls": "true",
      "vars/shared/app/db/empty": "",
    });
    assert.deepEqual(notes, ["db/off is null, and was left out"]);
  });

  it("takes names that clan's layout has for other things where they are unmistakable", () => {
    const { named } = read("secret: 1\nusers:\n  ada: 2\n", { to: "vars/web01/app" });
    assert.deepEqual(named, { "vars/web01/app/secret": "1", "vars/web01/app/users/ada": "2" });
  });

  it("picks keys, and names them", () => {
    const keys = ["a=vars/web01/tls/key", "db/user=name", "db/ports=ports", "db/tls"];
    assert.deepEqual(read(NESTED, { to: "vars/per-machine/web01/app", keys }).named, {
      "vars/web01/tls/key": "one",
      "vars/web01/app/name": "app",
      "vars/web01/app/ports/0": "5432",
      "vars/web01/app/ports/1": "6432",
      "vars/web01/app/db/tls": "true",
    });
    assert.deepEqual(read(NESTED, { keys: ["db/user=vars/web01/app"] }).named, { "vars/web01/app/user": "app" });
    assert.deepEqual(read(NESTED, { keys: ["db/user=sops/secrets/app-user"] }).named, {
      "sops/secrets/app-user": "app",
    });
  });

  it("fills clan's old tree, where names have no slashes", () => {
    const { named } = read(NESTED, { secrets: { prefix: "old-" } });
    assert.equal(named["sops/secrets/old-a"], "one");
    assert.equal(named["sops/secrets/old-db-user"], "app");
  });

  it("takes a binary document as one file, any bytes", () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const [destination, address] of [
      [{ to: "vars/web01/tls" }, "vars/web01/tls/host.key"],
      [{ to: "vars/web01/tls/key" }, "vars/web01/tls/key"],
      [{ secrets: { prefix: "" } }, "sops/secrets/host.key"],
    ] as const) {
      const { values } = valuesOfDocument(parsePlain(bytes, "binary"), "binary", "secrets/host.key", destination);
      assert.deepEqual(
        values.map((value) => [value.address, Buffer.compare(value.bytes, bytes)]),
        [[address, 0]],
      );
    }
  });

  for (const [what, text, destination, expected] of [
    ["without a destination", "a: 1", {}, "E_USAGE"],
    ["a key that is not there", "a: 1", { to: "vars/m/s", keys: ["b"] }, "E_IMPORT_KEY"],
    ["two keys of one name", "a/b: 1\na:\n  b: 2\n", { to: "vars/m/s" }, "E_IMPORT_KEY"],
    ["two keys of one name in clan's old tree", "a-b: 1\na:\n  b: 2\n", { secrets: { prefix: "" } }, "E_IMPORT_KEY"],
    ["a key that leads out", '"..": 1', { to: "vars/m/s" }, "E_IMPORT_KEY"],
    ["a key that leads out further down", "a:\n  ../../x: 1", { to: "vars/m/s" }, "E_IMPORT_KEY"],
    ["a key with a line break", '"a\\nb": 1', { to: "vars/m/s" }, "E_IMPORT_KEY"],
    ["an empty key", '"": 1', { to: "vars/m/s" }, "E_IMPORT_KEY"],
    [
      "a key that clan's layout has taken, and that an address would drop",
      "a:\n  secret: 1",
      { to: "vars/m/s" },
      "E_IMPORT_KEY",
    ],
    ["a folder of links", "a:\n  users:\n    eve: 1", { to: "vars/m/s" }, "E_IMPORT_KEY"],
    ["a name with a blank in clan's old tree", "a b: 1", { secrets: { prefix: "" } }, "E_IMPORT_KEY"],
    ["a file of the other tier", "a: 1", { to: "secrets/a.yaml" }, "E_ADDRESS"],
    ["an export", "a: 1", { to: "vars/per-export/k/s" }, "E_ADDRESS"],
    ["a destination that leads out", "a: 1", { to: "vars/../s" }, "E_ADDRESS"],
  ] as const) {
    it(`refuses ${what}`, () =>
      assert.equal(
        code(() => read(text, destination)),
        expected,
      ));
  }
});

describe("valuesOfDump", () => {
  const file = (path: string, text = "x") => ({ path, bytes: Buffer.from(text) });

  it("reads values and hashes", () => {
    const { values, hashes } = valuesOfDump([
      file("per-machine/web01/tls/.validation-hash", HASH),
      file("per-machine/web01/tls/keys/db/db.key"),
      file("shared/wifi/psk", ""),
      file("shared/wifi/.validation-hash", `${HASH}\n`),
    ]);
    assert.deepEqual(
      values.map(({ address }) => address),
      ["vars/web01/tls/keys/db/db.key", "vars/shared/wifi/psk"],
    );
    assert.deepEqual(
      [...hashes],
      [
        ["vars/web01/tls", HASH],
        ["vars/shared/wifi", HASH],
      ],
    );
  });

  for (const path of [
    "wifi/psk",
    "psk",
    "shared/psk",
    "per-machine/web01/psk",
    "per-export/key/service/file",
    "per-machine/shared/tls/key",
    "per-machine/services/tls/key",
    "shared/wifi/.psk",
    "shared/wifi/.hidden/psk",
    "shared/wifi/psk/.validation-hash",
    "shared/wifi/psk/users/ada",
    "shared/wifi/psk/secret",
    "shared/-x/psk",
    "shared/wifi/a\nb",
    "shared/wi\\fi/psk",
  ]) {
    it(`refuses ${JSON.stringify(path)}`, () =>
      assert.equal(
        code(() => valuesOfDump([file(path)])),
        "E_DUMP",
      ));
  }

  it("refuses what is no hash, and a folder without values", () => {
    assert.equal(
      code(() => valuesOfDump([file("shared/wifi/.validation-hash", "abc")])),
      "E_DUMP",
    );
    assert.equal(
      code(() => valuesOfDump([file("shared/wifi/.validation-hash", HASH)])),
      "E_DUMP",
    );
    assert.equal(
      code(() => valuesOfDump([])),
      "E_DUMP",
    );
  });
});
