/** What built-in kinds make, in the hands of the programs that it is for. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type TestContext, test } from "node:test";
import { openPasswordHash } from "../../src/repo/password-hash.ts";
import { type Made, made } from "../actions/service/make/made.ts";

const PEERS = resolve(process.env["SECRETS_PEERS"] ?? ".peers/bin");

function run(program: string, args: readonly string[], input = "", env: NodeJS.ProcessEnv = process.env): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { input, encoding: "utf8", env });
  if (error !== undefined) throw error;
  assert.equal(status, 0, `${program}: ${stderr}`);
  return stdout;
}

function laidOut(t: TestContext, { files }: Made): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "secrets-test-"));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes, { mode: 0o600 });
  return (name) => join(folder, name);
}

const text = ({ files }: Made, name: string) => Buffer.from(files.get(name) ?? assert.fail(name)).toString("latin1");

test("ssh-keygen reads both halves, and signs with them", async (t) => {
  for (const type of ["ed25519", "rsa"]) {
    const pair = await made("git", `kind: ssh-key\noptions: { type: ${type}, bits: 3072 }`);
    const file = laidOut(t, pair);
    assert.equal(run("ssh-keygen", ["-y", "-f", file("ssh.id")]), text(pair, "ssh.id.pub"));
    assert.match(
      run("ssh-keygen", ["-l", "-f", file("ssh.id.pub")]),
      type === "rsa" ? /^3072 .*\(RSA\)$/m : /^256 .*\(ED25519\)$/m,
    );
    writeFileSync(file("message"), "message");
    run("ssh-keygen", ["-q", "-Y", "sign", "-n", "test", "-f", file("ssh.id"), file("message")]);
  }
});

test("age-keygen derives the recipient, and age opens what it sealed", async (t) => {
  for (const postQuantum of [false, true]) {
    const pair = await made("x", `kind: age-key\noptions: { postQuantum: ${postQuantum} }`);
    const file = laidOut(t, pair);
    assert.equal(run(join(PEERS, "age-keygen"), ["-y", file("age.key")]), text(pair, "age.pub"));
    const env = { ...process.env, PATH: `${PEERS}:${process.env["PATH"]}` };
    const sealed = run(join(PEERS, "age"), ["-a", "-r", text(pair, "age.pub").trim()], "message", env);
    assert.equal(run(join(PEERS, "age"), ["-d", "-i", file("age.key")], sealed, env), "message");
  }
});

test("wg derives the same public key", async () => {
  for (let i = 0; i < 5; i++) {
    const pair = await made("x", "kind: wireguard-key");
    assert.equal(run("wg", ["pubkey"], text(pair, "wireguard.key")), text(pair, "wireguard.pub"));
  }
});

test("openssl trusts a certificate by its authority, for its names and its purpose alone", async (t) => {
  for (const algorithm of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"]) {
    const now = new Date();
    const ca = await made("ca", `kind: x509-ca\noptions: { algorithm: ${algorithm} }`, { now });
    const definition = `kind: x509-cert\ndependencies: [ca]\noptions: { ca: ca, algorithm: ${algorithm}, names: [web.example.org, 10.0.0.1] }\nfiles: { tls.key: , tls.crt: , tls.chain.crt: }`;
    const leaf = await made("tls", definition, { dependencies: [ca], now });
    const file = laidOut(t, { ...leaf, files: new Map([...ca.files, ...leaf.files]) });
    const verify = (...args: string[]) =>
      spawnSync("openssl", ["verify", "-x509_strict", "-CAfile", file("ca.crt"), ...args, file("tls.crt")]).status;
    assert.equal(verify("-purpose", "sslserver", "-verify_hostname", "web.example.org"), 0, algorithm);
    assert.equal(verify("-verify_ip", "10.0.0.1"), 0);
    assert.notEqual(verify("-verify_hostname", "other.example.org"), 0);
    assert.notEqual(verify("-purpose", "sslclient"), 0);
    const publicKey = run("openssl", ["x509", "-in", file("tls.crt"), "-noout", "-pubkey"]);
    assert.equal(run("openssl", ["pkey", "-in", file("tls.key"), "-pubout"]), publicKey);
    assert.match(run("openssl", ["storeutl", "-certs", "-noout", file("tls.chain.crt")]), /^Total found: 2$/m);
  }
});

test("crypt(3) and openssl agree with the hashes", async () => {
  const hash = openPasswordHash(process.env);
  const password = "correct horse $&'\"\\ ü";
  const sha512 = await hash("sha-512", Buffer.from(password));
  const [, , salt = ""] = sha512.split("$");
  assert.equal(run("openssl", ["passwd", "-6", "-salt", salt, "-stdin"], `${password}\n`).trim(), sha512);
  const yescrypt = await hash("yescrypt", Buffer.from(password));
  assert.match(yescrypt, /^\$y\$/);
  const program = "my $p = <STDIN>; chomp $p; print crypt($p, $ARGV[0])";
  assert.equal(run("perl", ["-e", program, yescrypt], `${password}\n`), yescrypt);
  assert.notEqual(run("perl", ["-e", program, yescrypt], "another\n"), yescrypt);
  const onlyOpenssl = { PATH: "/nonexistent" };
  await assert.rejects(
    openPasswordHash(onlyOpenssl)("yescrypt", Buffer.from("x")),
    /mkpasswd, which hashes passwords, is not here/,
  );
});
