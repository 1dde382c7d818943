import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rank } from "../../../src/cli/terminal/fuzzy.ts";

const ADDRESSES = [
  "vars/web01/openssh/ssh.id_ed25519",
  "vars/web02/openssh/ssh.id_ed25519",
  "vars/shared/wifi/password",
  "secrets/users/alice.sops.yaml#github/token",
  "secrets/users/bob.sops.yaml#github/token",
];

const same = (text: string) => text;

test("words in any order find the address", () => {
  assert.equal(rank("token alice", ADDRESSES, same)[0], "secrets/users/alice.sops.yaml#github/token");
  assert.equal(rank("web02 ssh", ADDRESSES, same)[0], "vars/web02/openssh/ssh.id_ed25519");
});

test("letters in order are enough, and what does not match is left out", () => {
  assert.deepEqual(rank("wifipw", ADDRESSES, same), ["vars/shared/wifi/password"]);
  assert.deepEqual(rank("zzz", ADDRESSES, same), []);
});

test("a whole word leaves scattered letters no place", () => {
  assert.deepEqual(rank("bob", ["b/o/x/b", "users/bob", "bob/x"], same), ["bob/x", "users/bob"]);
  assert.deepEqual(rank("a bob", ["ada/b/o/x/b", "a/bob"], same), ["a/bob"]);
});

test("every result is one of the candidates and contains the letters in order", () => {
  fc.assert(
    fc.property(
      fc.string({ maxLength: 6 }),
      fc.array(fc.string({ maxLength: 20 }), { maxLength: 20 }),
      (term, items) => {
        for (const item of rank(term, items, same)) {
          assert.ok(items.includes(item));
          for (const word of term.toLowerCase().split(/\s+/)) {
            let at = 0;
            for (const character of word) {
              at = item.toLowerCase().indexOf(character, at) + 1;
              assert.ok(at > 0);
            }
          }
        }
      },
    ),
  );
});
