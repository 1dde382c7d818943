import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { publicHalf } from "../../../../src/age/age-key.ts";
import { parseSshKeyFile } from "../../../../src/age/ssh-private-key.ts";
import { SecretsError } from "../../../../src/errors.ts";
import { KINDS } from "../../../../src/fleet/services/kinds.ts";
import { made, NOW, textOf } from "./made.ts";

test("every kind makes exactly the files that its definition has, and none that it has not", async () => {
  const ca = await made("ca", "kind: x509-ca");
  for (const [name, { outputs }] of Object.entries(KINDS)) {
    if (name === "prompt" || name === "external") continue;
    const extra = {
      "x509-cert": "options: { ca: ca }\ndependencies: [ca]",
      copy: "options: { from: ca/ca.crt }\ndependencies: [ca]",
    };
    const text = `kind: ${name}\n${extra[name as keyof typeof extra] ?? ""}`;
    const standard = await made("x", text, { dependencies: [ca] });
    assert.deepEqual(
      [...standard.files.keys()].sort(),
      standard.service.files.map((file) => file.name),
      name,
    );
    assert.ok(
      [...standard.files.values()].every((bytes) => bytes.length > 0),
      name,
    );
    const renamed = Object.keys(outputs).map((output) => `  new/${output}: { output: ${output} }`);
    const all = await made("x", `${text}\nfiles:\n${renamed.join("\n")}`, { dependencies: [ca] });
    assert.deepEqual(
      [...all.files.keys()].sort(),
      Object.keys(outputs)
        .map((output) => `new/${output}`)
        .sort(),
      name,
    );
  }
});

test("nothing comes twice", async () => {
  for (const kind of ["ssh-key", "age-key", "password", "passphrase", "random", "wireguard-key", "x509-ca"]) {
    const [first, second] = [await made("x", `kind: ${kind}`), await made("x", `kind: ${kind}`)];
    for (const [file, bytes] of first.files) assert.notDeepEqual(bytes, second.files.get(file), `${kind} ${file}`);
  }
});

test("random bytes in every form", async () => {
  const of = (encoding: string, bytes = 40) =>
    textOf("x", `kind: random\noptions: { encoding: ${encoding}, bytes: ${bytes} }`, "random");
  assert.equal((await of("raw")).length, 40);
  assert.match(await of("hex"), /^[0-9a-f]{80}$/);
  assert.equal(Buffer.from(await of("base64"), "base64").length, 40);
  assert.match(await of("base64"), /=$/);
  assert.match(await of("base64url"), /^[\w-]{54}$/);
  assert.match(await of("uuid"), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.equal((await of("raw", 65_536)).length, 65_536);
});

test("a password is of its alphabet, as long as it shall be, and takes every character equally often", async () => {
  const of = (alphabet: string, length: number) =>
    textOf("x", `kind: password\noptions: { alphabet: ${alphabet}, length: ${length} }`, "password");
  assert.match(await of("digits", 64), /^[0-9]{64}$/);
  assert.match(await of("lowercase", 64), /^[a-z]{64}$/);
  assert.match(await of("symbols", 1024), /^[\x21-\x7e]{1024}$/);
  const long = (await Promise.all(Array.from({ length: 60 }, () => of("alphanumeric", 1024)))).join("");
  const counts = Map.groupBy(long, (character) => character);
  assert.equal(counts.size, 62);
  // 61,440 characters: each is met 991 times, give or take 31; eight of these are nobody's luck.
  for (const [character, met] of counts) assert.ok(Math.abs(met.length - 991) < 250, `${character}: ${met.length}`);
});

test("a passphrase is of words of the list", async () => {
  const words = (await textOf("x", "kind: passphrase\noptions: { words: 12, separator: ' ' }", "passphrase")).split(
    " ",
  );
  assert.equal(words.length, 12);
  assert.ok(words.every((word) => wordlist.includes(word)));
});

test("an SSH key says who and where, and its halves belong together", async () => {
  for (const type of ["ed25519", "rsa"]) {
    const { files } = await made(
      "git",
      `kind: ssh-key\noptions: { type: ${type}, bits: 2048, comment: '{service} of {machine}' }`,
    );
    const [privateKey = new Uint8Array(), publicKey] = [
      files.get("ssh.id"),
      Buffer.from(files.get("ssh.id.pub") ?? "").toString(),
    ];
    assert.match(publicKey, new RegExp(`^ssh-${type} \\S+ git of web01\\n$`));
    const { encrypted, publicKey: half } = parseSshKeyFile(privateKey);
    assert.equal(encrypted, false);
    assert.equal(half?.text, publicKey.split(" ", 2).join(" "));
  }
});

test("an age key is what age-keygen writes; a post-quantum one is one", async () => {
  const { files } = await made("x", "kind: age-key");
  const [created, comment, identity = ""] = Buffer.from(files.get("age.key") ?? "")
    .toString()
    .split("\n");
  assert.equal(created, "# created: 2026-03-01T12:00:00Z");
  assert.equal(comment, `# public key: ${publicHalf(identity)}`);
  assert.equal(Buffer.from(files.get("age.pub") ?? "").toString(), `${publicHalf(identity)}\n`);
  assert.match(await textOf("x", "kind: age-key\noptions: { postQuantum: true }", "age.pub"), /^age1pq1/);
});

test("a password that was typed is hashed, and kept; without one words are drawn", async () => {
  const seen: string[] = [];
  const hashPassword = async (algorithm: string, password: Uint8Array) => {
    seen.push(`${algorithm} ${Buffer.from(password).toString()}`);
    return "$y$hash";
  };
  const text = "kind: password-hash\nprompts: { password: { type: hidden } }";
  const { files } = await made("x", text, { hashPassword, prompts: { password: "hunter 22" } });
  assert.deepEqual(seen, ["yescrypt hunter 22"]);
  assert.deepEqual([...files.values()].map((bytes) => Buffer.from(bytes).toString()).sort(), ["$y$hash", "hunter 22"]);
  assert.match(await textOf("x", "kind: password-hash\noptions: { words: 5 }", "password"), /^([a-z]+-){4}[a-z]+$/);
  for (const password of ["", "two\nlines", "nul\0"]) {
    await assert.rejects(made("x", text, { hashPassword, prompts: { password } }), (error: unknown) => {
      return error instanceof SecretsError && error.code === "E_PASSWORD" && !error.message.includes("two");
    });
  }
});

test("a WireGuard key is clamped, and of 32 bytes", async () => {
  const { files } = await made("x", "kind: wireguard-key");
  const key = Buffer.from(Buffer.from(files.get("wireguard.key") ?? "").toString(), "base64");
  assert.equal(key.length, 32);
  assert.deepEqual([(key[0] ?? 0) & 7, (key[31] ?? 0) & 192], [0, 64]);
});

test("a certificate is signed by its authority, for its names, and ends before its authority does", async () => {
  for (const algorithm of ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-3072"]) {
    const ca = await made(
      "ca",
      `kind: x509-ca\noptions: { algorithm: ${algorithm}, days: 100, organization: O, commonName: 'the {service}' }`,
    );
    const text = `kind: x509-cert\ndependencies: [ca]\noptions: { ca: ca, algorithm: ${algorithm}, names: ['{machine}', 'www.example.org', 10.0.0.1, '::1'], usage: both }\nfiles: { k: { output: key }, c: { output: certificate }, chain: { output: chain } }`;
    const leaf = await made("tls", text, { dependencies: [ca] });
    const [root, certificate] = [
      new X509Certificate(ca.files.get("ca.crt") ?? ""),
      new X509Certificate(leaf.files.get("c") ?? ""),
    ];
    assert.ok(root.ca && root.verify(root.publicKey), algorithm);
    assert.ok(!certificate.ca && certificate.verify(root.publicKey) && certificate.checkIssued(root), algorithm);
    assert.equal(root.subject, "CN=the ca\nO=O");
    assert.equal(certificate.subject, "CN=web01");
    assert.equal(
      certificate.subjectAltName,
      "DNS:web01, DNS:www.example.org, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1",
    );
    assert.ok(certificate.checkPrivateKey(createPrivateKey(Buffer.from(leaf.files.get("k") ?? ""))));
    assert.equal(certificate.validTo, root.validTo);
    assert.ok(new Date(certificate.validFrom) < NOW);
    assert.equal(
      Buffer.from(leaf.files.get("chain") ?? "").toString(),
      `${Buffer.from(leaf.files.get("c") ?? "")}${Buffer.from(ca.files.get("ca.crt") ?? "")}`,
    );
    assert.notEqual(root.serialNumber, certificate.serialNumber);
  }
});

test("an authority of another kind, and a broken one, are told", async () => {
  const text = "kind: x509-cert\ndependencies: [ca]\noptions: { ca: ca }";
  const other = await made("ca", "kind: random");
  await assert.rejects(made("tls", text, { dependencies: [other] }), /which is no service of kind x509-ca/);
  const broken = await made("ca", "kind: x509-ca");
  const files = new Map([...broken.files].map(([name]) => [name, Buffer.from("x")]));
  await assert.rejects(
    made("tls", text, { dependencies: [{ ...broken, files }] }),
    /the key or the certificate of ca cannot be read/,
  );
});

test("a certificate that nobody could accept is not made", async () => {
  const ca = await made("ca", "kind: x509-ca\noptions: { days: 30 }");
  const text = "kind: x509-cert\ndependencies: [ca]\noptions:\n  ca: ca";
  const later = new Date(NOW.getTime() + 31 * 86_400_000);
  await assert.rejects(
    made("tls", text, { dependencies: [ca], now: later }),
    /the certificate of ca ended on 2026-03-31/,
  );
  for (const [option, says] of [
    ["names: ['{machine}', 'a b']", /vars\/web01\/tls: "a b" is neither a DNS name nor an IP address/],
    [`commonName: ${"n".repeat(65)}`, /vars\/web01\/tls: its commonName has to be of 1 to 64 characters/],
    ["commonName: ''", /of 1 to 64 characters/],
  ] as const) {
    await assert.rejects(made("tls", `${text}\n  ${option}`, { dependencies: [ca] }), says);
  }
  const certificate = new X509Certificate(
    (await made("tls", `${text}\n  names: ['b\u00fccher.example', '*.example.org']`, { dependencies: [ca] })).files.get(
      "tls.crt",
    ) ?? "",
  );
  assert.equal(certificate.subjectAltName, "DNS:xn--bcher-kva.example, DNS:*.example.org");
});

test("a copy is the same bytes; what nothing has cannot be copied", async () => {
  const of = await made("of", "kind: random\noptions: { encoding: raw }");
  const { files } = await made("x", "kind: copy\ndependencies: [of]\noptions: { from: of/random }", {
    dependencies: [of],
  });
  assert.deepEqual(Buffer.from(files.get("copy") ?? ""), Buffer.from(of.files.get("random") ?? ""));
  await assert.rejects(
    made("x", "kind: copy\ndependencies: [of]\noptions: { from: of/no }", { dependencies: [of] }),
    /no dependency has that file/,
  );
});

test("a shared service has no machine to fill in, and what a person supplies is not made", async () => {
  assert.match(await textOf("x", "kind: ssh-key", "ssh.id.pub", { machine: undefined }), / x\n$/);
  const comment = "kind: ssh-key\noptions: { comment: 'of {machine}' }";
  await assert.rejects(made("x", comment, { machine: undefined }), /there is no \{machine\} to fill in/);
  await assert.rejects(made("x", "kind: external\nfiles: { a: }"), /vars\/web01\/x is supplied by hand/);
});
