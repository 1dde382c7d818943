/**
 * What a machine does with what we write. sops-nix places secrets with the program `sops-install-secrets`: it turns
 * the host's SSH key into an age key, hands that to sops, and writes each value to its place. Where no registry serves
 * the program itself, its two halves (ssh-to-age and sops) are still run the way it runs them.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { encryptTo } from "../../src/age/file.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { sshToAgeRecipient } from "../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../src/age/ssh-key-pair.ts";
import { createFile } from "../../src/sops/create-file.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";
import type { Format } from "../../src/sops/store.ts";
import { PEERS } from "./access-witness.ts";
import { notServed, runConsumer, writeManifest } from "./consumer.ts";

const root = mkdtempSync(join(tmpdir(), "secrets-consumer-"));
after(() => rmSync(root, { recursive: true, force: true }));

const host = makeSshKeyPair("root@web01");
const managed = makeAgeKey();
const readers = [managed.recipient, sshToAgeRecipient(host.publicKey)];
const keys = {
  ageKeyFile: place("keys/age.txt", `${managed.identity}\n`),
  sshKey: place("keys/ssh_host_ed25519_key", host.privateKey),
};

/** Bytes that are no text, and text that YAML could take for something else. */
const BINARY = Buffer.from([0, 255, 10, 13, 9, 128, 92, 34]);
const USER_FILE = `github:
    # for the release robot
    token: ghp_sample
words:
    looks-like-a-bool: "yes"
    looks-like-a-number: "0123"
    empty: ""
    several-lines: |
        first
          second, indented

        last
    unicode: grüße ☃
`;

interface Placed {
  readonly name: string;
  readonly sopsFile: string;
  readonly format: Format;
  readonly key: string;
  readonly content: Uint8Array | string;
}

const varsFile = place("vars/per-machine/web01/vpn/key/secret", await encrypt("binary", BINARY));
const emptyFile = place("vars/shared/vpn/empty/secret", await encrypt("binary", ""));
const userFile = place("secrets/users/ada.sops.yaml", await encrypt("yaml", USER_FILE));
const envFile = place("secrets/mailer.env", await encrypt("dotenv", "# relay\nUSER=fleet\nPASSWORD=a b=c\n"));
const iniFile = place("secrets/app.ini", await encrypt("ini", "[db]\npassword = sample\n"));
const jsonFile = place("secrets/app.json", await encrypt("json", '{"token": "sample \\u2028 text", "n": 1}\n'));

const SECRETS: readonly Placed[] = [
  { name: "vars-secret", sopsFile: varsFile, format: "binary", key: "", content: BINARY },
  { name: "vars-empty", sopsFile: emptyFile, format: "binary", key: "", content: "" },
  { name: "github/token", sopsFile: userFile, format: "yaml", key: "github/token", content: "ghp_sample" },
  { name: "bool", sopsFile: userFile, format: "yaml", key: "words/looks-like-a-bool", content: "yes" },
  { name: "number", sopsFile: userFile, format: "yaml", key: "words/looks-like-a-number", content: "0123" },
  { name: "empty", sopsFile: userFile, format: "yaml", key: "words/empty", content: "" },
  {
    name: "lines",
    sopsFile: userFile,
    format: "yaml",
    key: "words/several-lines",
    content: "first\n  second, indented\n\nlast\n",
  },
  { name: "unicode", sopsFile: userFile, format: "yaml", key: "words/unicode", content: "grüße ☃" },
  { name: "env", sopsFile: envFile, format: "dotenv", key: "", content: "# relay\nUSER=fleet\nPASSWORD=a b=c\n" },
  { name: "ini", sopsFile: iniFile, format: "ini", key: "", content: "[db]\npassword = sample\n" },
  { name: "json", sopsFile: jsonFile, format: "json", key: "token", content: "sample \u2028 text" },
];

const HOSTS = [
  ["an age key file", { ageKeyFile: keys.ageKeyFile, ageSshKeyPaths: [] }],
  ["the host's SSH key", { ageKeyFile: "", ageSshKeyPaths: [keys.sshKey] }],
] as const;

for (const [how, hostKeys] of HOSTS) {
  test(`sops-install-secrets places every kind of document with ${how}`, { skip: notServed }, () => {
    const target = mkdtempSync(join(root, "target-"));
    const entries = SECRETS.map(({ name, sopsFile, format, key }) => ({ name, sopsFile, format, key }));
    const manifest = writeManifest(target, hostKeys, entries);
    install(target, ["-check-mode=sopsfile", manifest]);
    install(target, ["-ignore-passwd", manifest]);
    // Again, as at the next activation: a second generation, and the same contents.
    install(target, ["-ignore-passwd", manifest]);
    for (const { name, content } of SECRETS) {
      const path = join(target, "run/secrets", name);
      assert.deepEqual(readFileSync(path), Buffer.from(content), name);
      assert.equal(statSync(path).mode & 0o777, 0o400, name);
    }
  });
}

test("ssh-to-age and sops, run as on a host, give the same values", () => {
  const identity = execFileSync(join(PEERS, "ssh-to-age"), ["-private-key", "-i", keys.sshKey], { encoding: "utf8" });
  const env = { SOPS_AGE_KEY_FILE: place("keys/derived.txt", identity), HOME: "/var/empty" };
  for (const { name, sopsFile, format, key, content } of SECRETS) {
    const path = key
      .split("/")
      .map((part) => `["${part}"]`)
      .join("");
    const extract = key === "" ? [] : ["--extract", path];
    const types = ["--input-type", format, "--output-type", format];
    const found = execFileSync(join(PEERS, "sops"), ["decrypt", ...types, ...extract, sopsFile], { env });
    assert.deepEqual(found, Buffer.from(content), name);
  }
});

function encrypt(format: Format, content: Uint8Array | string): Promise<string> {
  return createFile({
    format,
    documents: parsePlain(content, format),
    keyGroups: [readers.map((id) => ({ type: "age", id }))],
    now: new Date(),
    seal: ({ id }, dataKey) => encryptTo([parseRecipient(id)], dataKey),
  });
}

function place(path: string, content: string): string {
  const absolute = join(root, path);
  mkdirSync(join(absolute, ".."), { recursive: true });
  writeFileSync(absolute, content, { mode: 0o600 });
  return absolute;
}

function install(target: string, args: readonly string[]): void {
  const { status, stderr } = runConsumer(target, args);
  assert.equal(status, 0, stderr);
}
