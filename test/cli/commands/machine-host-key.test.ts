/** What is taken for a machine's host key, and what is told of everything else that people have in such files. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const SSH = fileURLToPath(new URL("../../../fixtures/age/ssh/", import.meta.url));
const { privateKey, publicKey } = makeSshKeyPair("root@new");
const line = publicKey.trim();
const other = makeSshKeyPair("x").publicKey.trim();
const rsa = readFileSync(join(SSH, "rsa3072.pub"), "utf8").trim();

const plan = (fleet: Sample, stdin: string) =>
  fleet.secrets(["machine", "add", "web02", "--host-key", "-", "--dry-run", "--json"], { stdin });

test("a host key is taken however people have it", async (t) => {
  const fleet = await sampleFleet(t);
  for (const [what, text] of [
    ["a .pub file", publicKey],
    ["without a comment, with CRLF", `${line.split(" ").slice(0, 2).join(" ")}\r\n`],
    ["what ssh-keyscan prints", `# web:22 SSH-2.0\nweb ${rsa}\nweb ${line}\n`],
    ["known_hosts of several names", `web,192.0.2.7 ${line}\n[web]:2222 ${line}\n`],
    ["with a byte order mark", `\uFEFF${publicKey}`],
    ["the private key", privateKey],
    ["the private key with CRLF", privateKey.replaceAll("\n", "\r\n")],
  ] as const) {
    const { code, stdout, stderr } = await plan(fleet, text);
    assert.equal(code, 0, `${what}: ${stderr}`);
    assert.match(stdout.toString(), /"path": "sops\/machines\/web02\/key\.json"/, what);
  }
  const added = await fleet.secrets(["machine", "add", "web02", "--host-key", "-", "--yes"], {
    stdin: privateKey.replaceAll("\n", "\r\n"),
  });
  assert.equal(added.code, 0, added.stderr);
  assert.equal(JSON.parse(await fleet.read("sops/machines/web02/key.json"))[0].publickey, sshToAgeRecipient(line));
  const kept = await fleet.secrets(["get", "vars/web02/openssh/ssh.id_ed25519"]);
  assert.equal(kept.stdout.toString(), privateKey, "as sshd reads it");
});

test("everything else is refused with its way out, and not repeated", async (t) => {
  const fleet = await sampleFleet(t);
  const encrypted = (await readdir(SSH)).filter(
    (name) => /^ed25519.*(ctr|gcm|chacha|encrypted|pass)/.test(name) && !name.endsWith(".pub"),
  );
  const cases: (readonly [what: string, text: string, told: RegExp])[] = [
    ["nothing", "", /empty|no key/],
    ["a comment", "# nothing here\n", /no key/],
    ["RSA", `${rsa}\n`, /RSA key[\s\S]*ssh-keygen -A/],
    ["two keys", `${line}\n${other}\n`, /2 different ssh-ed25519 keys/],
    ["cut off", `${line.slice(0, 50)}\n`, /E_KEY_FILE/],
    ["a private key cut off", privateKey.slice(0, 200), /E_SSH_KEY/],
    ["an age key", `${makeAgeKey().identity}\n`, /E_KEY_FILE/],
    ["PuTTY's", "PuTTY-User-Key-File-3: ssh-ed25519\n", /puttygen/],
    ["bytes", "\u0000\u0001\u0002", /no text/],
    ["revoked", `@revoked web ${line}\n`, /revoked/],
    ...encrypted.map(
      (name) => [name, readFileSync(join(SSH, name), "latin1"), /passphrase|E_SSH_KEY|E_KEY_FILE/] as const,
    ),
  ];
  for (const [what, text, told] of cases) {
    const { code, stdout, stderr } = await plan(fleet, text);
    assert.notEqual(code, 0, what);
    assert.match(stderr, told, what);
    for (const word of text.split(/\s+/).filter((one) => one.length > 30)) {
      assert.ok(!stderr.includes(word) && !stdout.toString().includes(word), what);
    }
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("a folder, a missing file and a file of 2 MB are no host keys", async (t) => {
  const fleet = await sampleFleet(t);
  const beside = dirname(fleet.root);
  await mkdir(join(beside, "folder"));
  await writeFile(join(beside, "large"), "x".repeat(2 * 1024 * 1024));
  for (const file of ["../folder", "../missing", "../large"]) {
    const { code, stderr } = await fleet.secrets(["machine", "add", "web02", "--host-key", file, "--yes"]);
    assert.notEqual(code, 0, file);
    assert.match(stderr, /E_KEY_FILE|E_NOT_FOUND/, file);
  }
});
