import assert from "node:assert/strict";
import { test } from "node:test";
import { parseStatedKey, refuseTaken } from "../../../src/actions/principal/stated-key.ts";
import { whoIs } from "../../../src/actions/principal/who.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import type { SecretsError } from "../../../src/errors.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { ada, bob, other, smallFleet, stated } from "../planned.ts";

const FINGERPRINT = "0123456789ABCDEF0123456789ABCDEF01234567";

test("age, SSH and PGP keys are taken as people copy them", () => {
  const ssh = makeSshKeyPair("ada@laptop").publicKey.trim();
  const short = ssh.split(" ").slice(0, 2).join(" ");
  const spaced = (FINGERPRINT.toLowerCase().match(/.{4}/g) ?? []).join(" ");
  assert.deepEqual(parseStatedKey(` ${ada.recipient}\n`), { type: "age", id: ada.recipient, text: ada.recipient });
  assert.deepEqual(parseStatedKey(`${ssh}\n`), { type: "age", id: short, text: short });
  for (const text of [FINGERPRINT, spaced, `0x${FINGERPRINT}`, FINGERPRINT.toLowerCase()]) {
    assert.deepEqual(parseStatedKey(text), { type: "pgp", id: FINGERPRINT, text: FINGERPRINT }, text);
  }
});

test("what is no public key is refused, and never repeated: it may be a private one", () => {
  const { privateKey } = makeSshKeyPair("x");
  const cases = [
    ada.identity,
    ada.identity.toLowerCase(),
    privateKey,
    "",
    "age1",
    `${ada.recipient}x`,
    `${ada.recipient}\n${bob.recipient}`,
    `${ada.recipient},${bob.recipient}`,
    "DEADBEEF",
    "0123456789ABCDEF",
    "sk-ssh-ed25519@openssh.com AAAA",
    "age1yubikey1qwerty",
    "\u001b[31mage1",
    "__proto__",
  ];
  for (const text of cases) {
    assert.throws(
      () => parseStatedKey(text),
      (error: SecretsError) => {
        assert.match(error.code, /^E_RECIPIENT|^E_SSH/);
        if (text.length > 8) assert.ok(!`${error.message} ${error.hint}`.includes(text.trim().slice(0, 30)), text);
        return true;
      },
      text,
    );
  }
});

test("one key has one owner, unless the person insists", async () => {
  const fleet = await loadFleet(memoryGround(await smallFleet()));
  const error = (() => {
    try {
      refuseTaken(fleet, [stated(other), stated(ada)], undefined, false);
    } catch (reason) {
      return reason as SecretsError;
    }
    return assert.fail();
  })();
  assert.equal(error.code, "E_KEY_TAKEN");
  assert.equal(error.location?.file, "sops/users/ada/key.json");
  refuseTaken(fleet, [stated(ada)], whoIs(fleet, "ada"), false);
  refuseTaken(fleet, [stated(ada)], undefined, true);
  refuseTaken(fleet, [stated(other)], undefined, false);
  assert.throws(() => refuseTaken(fleet, [stated(ada)], whoIs(fleet, "bob"), false), { code: "E_KEY_TAKEN" });
});

test("a key is taken by whoever has it, or the SSH key that it is derived from", async () => {
  const ssh = makeSshKeyPair("x").publicKey.trim();
  const derived = sshToAgeRecipient(ssh);
  const json = (publickey: string) => JSON.stringify([{ publickey, type: "age" }]);
  for (const [theirs, given] of [
    [ssh, derived],
    [derived, ssh],
  ] as const) {
    const fleet = await loadFleet(memoryGround({ "sops/machines/nas/key.json": json(theirs) }));
    const keys = [parseStatedKey(given)];
    assert.throws(() => refuseTaken(fleet, keys, undefined, false), {
      code: "E_KEY_TAKEN",
      message: "this key belongs to nas already, and one is derived from the other",
      location: { file: "sops/machines/nas/key.json", line: 1 },
    });
    refuseTaken(fleet, keys, fleet.principals.find("nas"), false);
    refuseTaken(fleet, keys, undefined, true);
  }
});

test("what is typed by mistake for a key is told for what it is", () => {
  const ssh = makeSshKeyPair("x").publicKey.trim();
  for (const [text, message] of [
    [ada.identity, /private key/],
    ["~/.ssh/id_ed25519.pub", /path of a file/],
    ["/home/ada/key", /path of a file/],
    ["./key", /path of a file/],
    ["../key", /path of a file/],
    ["ada.keys", /path of a file/],
    ["id_rsa", /path of a file/],
    [`${ada.recipient},${bob.recipient}`, /several keys/],
    [`${ada.recipient}, ${ssh}`, /several keys/],
    [`${ssh.split(" ").slice(0, 2).join(" ")},${ada.recipient}`, /several keys/],
  ] as const) {
    assert.throws(() => parseStatedKey(text), { code: "E_RECIPIENT", kind: "usage", message }, text);
  }
  assert.equal(parseStatedKey(`${ssh}, of id_ed25519.pub`).text, ssh.split(" ").slice(0, 2).join(" "));
});
