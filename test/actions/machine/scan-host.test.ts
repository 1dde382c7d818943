import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { knownHostName, parseScanTarget, scanHost } from "../../../src/actions/machine/scan-host.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { fingerprintOf, isFingerprintOf } from "../../../src/age/ssh-fingerprint.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";

const key = () => makeSshKeyPair("").publicKey.trim();
const [A, B] = [key(), key()];
const RSA = `ssh-rsa ${"A".repeat(372)}`;
const ECDSA = `ecdsa-sha2-nistp256 ${"A".repeat(140)}`;
const target = { host: "web", port: 22 };
const scan = (text: string) => scanHost(async () => text, target);

describe("parseScanTarget", () => {
  it("takes names, addresses and ports", () => {
    for (const [text, host, port] of [
      ["web01", "web01", 22],
      ["web01.example.org:2222", "web01.example.org", 2222],
      ["192.0.2.7:65535", "192.0.2.7", 65_535],
      ["[2001:db8::1]:2222", "2001:db8::1", 2222],
      ["[2001:db8::1]", "2001:db8::1", 22],
      ["2001:db8::1", "2001:db8::1", 22],
      ["host_with_underscore", "host_with_underscore", 22],
    ] as const) {
      assert.deepEqual(parseScanTarget(text), { host, port }, text);
    }
  });

  it("refuses what another program could take for an option, and what is no host", () => {
    for (const text of [
      "-oProxyCommand=x",
      "",
      "a b",
      "web:",
      "web:0",
      "web:65536",
      "web:x",
      "root@web",
      "$(id)",
      "a/b",
      "web\n",
      "[x y]:1",
      ":22",
      "-",
      "a..-",
    ]) {
      assert.throws(() => parseScanTarget(text), { code: "E_USAGE" }, JSON.stringify(text));
    }
  });
});

it("names a host as known_hosts does", () => {
  assert.equal(knownHostName(target), "web");
  assert.equal(knownHostName({ host: "2001:db8::1", port: 2222 }), "[2001:db8::1]:2222");
});

describe("scanHost", () => {
  it("finds the ed25519 key among the others, whatever surrounds it", async () => {
    const found = await scan(`# web:22 SSH-2.0-OpenSSH_9.2\nweb ${RSA}\nweb ${A}\r\nweb ${ECDSA}\nweb ${A}\n`);
    assert.deepEqual(found, { publicKey: A, recipient: sshToAgeRecipient(A), fingerprint: fingerprintOf(A) });
  });

  it("tells what a host has instead, and how to get the right one", async () => {
    const error = await scan(`web ${RSA}\nweb ${ECDSA}\n`).catch(
      (one: unknown) => one as Error & { hint: string; code: string },
    );
    assert.ok("code" in error && error.code === "E_SCAN_NO_ED25519");
    assert.match(error.message, /only ECDSA and RSA/);
    assert.match(error.hint, /ssh-keygen -A[\s\S]*services\.openssh\.hostKeys/);
  });

  it("refuses several keys, none, and nonsense", async () => {
    await assert.rejects(scan(`web ${A}\nweb ${B}\n`), { code: "E_SCAN" });
    await assert.rejects(scan(""), { code: "E_SCAN" });
    await assert.rejects(scan("# nobody\n\n"), { code: "E_SCAN" });
    await assert.rejects(scan("web ssh-ed25519 AAAA\n"), { code: "E_RECIPIENT" });
    await assert.rejects(scan(`${A}\n`), { code: "E_SCAN" });
  });
});

it("takes a fingerprint as people copy it, and no other", () => {
  const right = fingerprintOf(A);
  assert.match(right, /^SHA256:[A-Za-z0-9+/]{43}$/);
  for (const typed of [right, right.slice(7), ` ${right}\n`, `${right}=`, right.replace("SHA256", "sha256")]) {
    assert.ok(isFingerprintOf(A, typed), typed);
  }
  for (const typed of ["", "SHA256:", fingerprintOf(B), right.slice(0, -1), right.toUpperCase(), `${right}x`]) {
    assert.ok(!isFingerprintOf(A, typed), typed);
  }
});
