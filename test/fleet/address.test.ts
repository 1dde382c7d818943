import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Address, formatAddress, parseAddress, suggest } from "../../src/fleet/address.ts";

const vars = { tier: "vars", kind: "var" } as const;

const SPELLINGS: readonly (readonly [text: string, address: Address, canonical?: string])[] = [
  ["vars/web01/openssh/key", { ...vars, machine: "web01", service: "openssh", file: "key" }],
  ["vars/web01/openssh", { ...vars, machine: "web01", service: "openssh", file: undefined }],
  ["vars/shared/wifi/psk", { ...vars, machine: undefined, service: "wifi", file: "psk" }],
  ["vars/web01/boot/keys/db/db.key", { ...vars, machine: "web01", service: "boot", file: "keys/db/db.key" }],
  ["vars/per-machine/web01/s/f", { ...vars, machine: "web01", service: "s", file: "f" }, "vars/web01/s/f"],
  ["vars/per-machine/web01/s/f/secret", { ...vars, machine: "web01", service: "s", file: "f" }, "vars/web01/s/f"],
  ["vars/shared/s/f/value", { ...vars, machine: undefined, service: "s", file: "f" }, "vars/shared/s/f"],
  ["vars/web01/s/secret", { ...vars, machine: "web01", service: "s", file: "secret" }],
  ["vars/web01/s/a/secret/secret", { ...vars, machine: "web01", service: "s", file: "a/secret" }],
  ["vars/per-machine/shared/s/f", { ...vars, machine: "shared", service: "s", file: "f" }],
  ["vars/per-export/k/s/f", { ...vars, machine: undefined, exportKey: "k", service: "s", file: "f" }],
  ["sops/secrets/web01-age.key", { tier: "vars", kind: "secret", name: "web01-age.key" }],
  ["sops/secrets/x/secret", { tier: "vars", kind: "secret", name: "x" }, "sops/secrets/x"],
  ["secrets/a.yaml", { tier: "files", kind: "file", path: "secrets/a.yaml", keyPath: [] }],
  ["secrets/a.yaml#db/0/x\\/y", { tier: "files", kind: "file", path: "secrets/a.yaml", keyPath: ["db", 0, "x/y"] }],
  ["odd\\#name.yaml#k", { tier: "files", kind: "file", path: "odd#name.yaml", keyPath: ["k"] }],
  ["./vars/a/b.yaml#k", { tier: "files", kind: "file", path: "vars/a/b.yaml", keyPath: ["k"] }],
  ["vars/plain.yaml", { tier: "files", kind: "file", path: "vars/plain.yaml", keyPath: [] }, "./vars/plain.yaml"],
  ["./a.env", { tier: "files", kind: "file", path: "a.env", keyPath: [] }, "a.env"],
];

for (const [text, address, canonical = text] of SPELLINGS) {
  test(`address ${text}`, () => {
    assert.deepEqual(parseAddress(text), address);
    assert.equal(formatAddress(address), canonical);
    assert.deepEqual(parseAddress(canonical), address);
  });
}

const HOSTILE = [
  "",
  "/etc/passwd",
  "../x",
  "a/../b",
  "vars/m/s/../f",
  "vars//s/f",
  "a\0b",
  "a\nb",
  "\x1b[2Jx",
  "-rf",
  "a/-rf",
  "vars/-m/s/f",
  "sops/secrets/..",
  "sops/secrets/a/b",
  "a\\b",
  "vars/",
  "./",
  "a/./b",
  "././a",
  ".//a",
];
for (const text of HOSTILE) {
  test(`no address: ${JSON.stringify(text)}`, () => {
    assert.throws(() => parseAddress(text), { code: "E_ADDRESS", kind: "usage" });
  });
}

test("whatever is taken is written back to an address that means the same, and never leaves the root", () => {
  const piece = fc.constantFrom(
    "vars",
    "shared",
    "per-machine",
    "per-export",
    "sops",
    "secrets",
    "secret",
    "value",
    "a",
    "b#c",
    "x.yaml",
    "..",
    ".",
    "-r",
    "",
    "\\#",
    "\\",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 7 }), fc.constantFrom("", "#k", "#a/0"), (pieces, end) => {
      let address: Address;
      try {
        address = parseAddress(pieces.join("/") + end);
      } catch {
        return;
      }
      const text = formatAddress(address);
      assert.deepEqual(parseAddress(text), address);
      const path = address.kind === "file" ? address.path : text;
      assert.ok(!path.split("/").includes("..") && !path.startsWith("/"));
    }),
    { numRuns: 2000 },
  );
});

test("suggestions: nearest first, few, and none for what is far", () => {
  const known = ["vars/web01/openssh/key", "vars/web02/openssh/key", "secrets/ada.yaml", "vars/shared/wifi/psk"];
  assert.deepEqual(suggest("vars/web1/openssh/key", known).slice(0, 2), known.slice(0, 2));
  assert.deepEqual(suggest("ada", known), ["secrets/ada.yaml"]);
  assert.deepEqual(suggest("zzzzzzzz", known), []);
  assert.equal(
    suggest(
      "vars/web0",
      Array.from({ length: 50 }, (_, i) => `vars/web0${i}`),
    ).length,
    3,
  );
  assert.deepEqual(suggest("x".repeat(100_000), known), []);
});
