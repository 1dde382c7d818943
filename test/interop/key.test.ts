/** `secrets key` against the programs that it stands in for or writes for: ssh-to-age, ssh-keygen, age-keygen, sops. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { type Outcome, secrets } from "../cli/harness.ts";

const PEERS = process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname;
const fixtures = new URL("../../fixtures/age/ssh/", import.meta.url);
const fixture = (name: string) => readFileSync(new URL(name, fixtures), "latin1");

let home = "";
before(() => {
  home = mkdtempSync(join(tmpdir(), "secrets-key-"));
});
after(() => {
  rmSync(home, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function peer(tool: string, args: readonly string[], input = "", env: NodeJS.ProcessEnv = {}): Ran {
  const program = tool.startsWith("ssh-keygen") ? tool : join(PEERS, tool);
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: home,
    input: Buffer.from(input, "latin1"),
    env: { PATH: process.env["PATH"] ?? "", HOME: home, ...env },
  });
  if (error !== undefined) throw error;
  return { code: status, stdout: stdout.toString("latin1"), stderr: stderr.toString("latin1") };
}

async function key(args: readonly string[], input = "", env: Record<string, string> = {}): Promise<Ran> {
  const { code, stdout, stderr }: Outcome = await secrets(["key", ...args], {
    cwd: home,
    env: { HOME: home, USER: "ada", ...env },
    stdin: Buffer.from(input, "latin1"),
  });
  return { code, stdout: stdout.toString("latin1"), stderr };
}

const PUBLIC = fixture("ed25519.pub").trim();
const [TYPE = "", BLOB = ""] = PUBLIC.split(" ");
const SECOND = fixture("ed25519-aes256-ctr.pub").trim();
const RSA = fixture("rsa3072.pub").trim();
const ECDSA = fixture("ecdsa.pub").trim();
const [, RSA_BLOB = ""] = RSA.split(" ");
const SK = "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29t x";
const HASHED = "|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=";

/** What ssh-to-age prints, we print, byte for byte, and we end well where it does. */
const SAME: readonly (readonly [name: string, text: string])[] = [
  ["one line", `${PUBLIC}\n`],
  ["no comment, no final newline", `${TYPE} ${BLOB}`],
  ["a comment of several words", `${TYPE} ${BLOB} ada on her laptop\n`],
  ["a tab between type and key", `${TYPE}\t${BLOB}\n`],
  ["CRLF", `${PUBLIC}\r\n`],
  ["several keys, a comment and empty lines", `# mine\n\n${PUBLIC}\n${SECOND}\n`],
  ["one key twice", `${PUBLIC}\n${PUBLIC}\n`],
  ["an RSA key among them", `${RSA}\n${PUBLIC}\n`],
  ["known_hosts", `web01,192.0.2.7 ${TYPE} ${BLOB}\n${HASHED} ${SECOND}\n[web01]:2222 ${PUBLIC}\n`],
  [
    "the output of ssh-keyscan",
    `# web01:22 SSH-2.0-OpenSSH_9.2\nweb01 ${TYPE} ${BLOB}\nweb01 ${ECDSA}\nweb01 ${RSA}\n`,
  ],
  ["an option in front", `restrict ${PUBLIC}\n`],
  ["options without blanks", `from="192.0.2.0/24",no-pty ${PUBLIC}\n`],
];

for (const [name, text] of SAME) {
  test(`ssh-to-age prints the same: ${name}`, async () => {
    const theirs = peer("ssh-to-age", [], text);
    const ours = await key(["convert", "-"], text);
    assert.deepEqual([theirs.code, theirs.stdout !== ""], [0, true], theirs.stderr);
    assert.deepEqual([ours.code, ours.stdout], [0, theirs.stdout]);
    const path = join(home, "in.pub");
    writeFileSync(path, text, "latin1");
    assert.equal((await key(["convert", path])).stdout, theirs.stdout);
  });
}

const AGE = peer("ssh-to-age", [], `${PUBLIC}\n`).stdout;

interface Better {
  readonly name: string;
  readonly text: string;
  /** Of ssh-to-age: how it ends, and what it prints. */
  readonly theirs: readonly [code: number, stdout: string];
  readonly ours: readonly [code: number, stdout: string];
}

/** Where it stops at the first odd line, or converts what it should not. */
const BETTER: readonly Better[] = [
  { name: "nothing at all", text: "", theirs: [0, ""], ours: [2, ""] },
  { name: "comments alone", text: "# a\n", theirs: [0, ""], ours: [1, ""] },
  { name: "only an RSA key", text: `${RSA}\n`, theirs: [0, ""], ours: [1, ""] },
  { name: "a line of blanks", text: `  \n${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "a line of a CR", text: `\r\n${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "blanks in front", text: `  ${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "an indented comment", text: `  # a\n${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "a bare ECDSA key", text: `${ECDSA}\n${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "a bare key of a token", text: `${SK}\n${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "an option with a blank", text: `command="echo a" ${PUBLIC}\n`, theirs: [1, ""], ours: [0, AGE] },
  { name: "a revoked key", text: `@revoked * ${TYPE} ${BLOB}\n`, theirs: [0, AGE], ours: [1, ""] },
  { name: "the key of an authority", text: `@cert-authority * ${TYPE} ${BLOB}\n`, theirs: [0, AGE], ours: [1, ""] },
  { name: "another type than it says", text: `ssh-rsa ${BLOB}\n`, theirs: [0, AGE], ours: [1, ""] },
  { name: "and the reverse", text: `ssh-ed25519 ${RSA_BLOB}\n`, theirs: [0, ""], ours: [1, ""] },
  { name: "the public half of a private key", text: fixture("ed25519"), theirs: [1, ""], ours: [0, AGE] },
];

for (const { name, text, theirs, ours } of BETTER) {
  test(`ssh-to-age does otherwise: ${name}`, async () => {
    const reference = peer("ssh-to-age", [], text);
    assert.deepEqual([reference.code, reference.stdout], theirs, reference.stderr);
    const done = await key(["convert", "-"], text);
    assert.deepEqual([done.code, done.stdout], ours, done.stderr);
  });
}

const PRIVATE: readonly (readonly [file: string, passphrase: string | undefined, readable: boolean])[] = [
  ["ed25519", undefined, true],
  ["ed25519-aes256-ctr", "pw", true],
  ["ed25519-aes256-cbc", "pw", true],
  ["ed25519-aes256-gcm", "pw", false],
  ["ed25519-chacha20-poly1305", "pw", false],
  ["ed25519-pkcs8", undefined, false],
  ["ed25519-pkcs8-encrypted", "passphrase", false],
];

for (const [file, passphrase, readable] of PRIVATE) {
  test(`ssh-to-age derives the same private key, where it can read it: ${file}`, async () => {
    const env: Record<string, string> = passphrase === undefined ? {} : { SSH_TO_AGE_PASSPHRASE: passphrase };
    const theirs = peer("ssh-to-age", ["-private-key"], fixture(file), env);
    const ours = await key(["convert", "--private", "-"], fixture(file), env);
    assert.equal(theirs.code === 0, readable, theirs.stderr);
    assert.equal(ours.code, 0, ours.stderr);
    if (readable) assert.equal(ours.stdout, theirs.stdout);
    const publicKey = fixture(`${file}.pub`);
    assert.equal(peer("age-keygen", ["-y"], ours.stdout).stdout, peer("ssh-to-age", [], publicKey).stdout);
  });
}

test("where ssh-to-age fails it prints the private key, and we print nothing of it", async () => {
  const text = fixture("ed25519-aes256-ctr");
  const theirs = peer("ssh-to-age", ["-private-key"], text, { SSH_TO_AGE_PASSPHRASE: "wrong" });
  const ours = await key(["convert", "--private", "-"], text, { SSH_TO_AGE_PASSPHRASE: "wrong" });
  const [, first = ""] = text.split("\n");
  assert.deepEqual([theirs.code, ours.code], [1, 4]);
  assert.ok(!`${ours.stdout}${ours.stderr}`.includes(first.slice(0, 16)));
});

test("ssh-keygen and ssh-to-age read a pair that was made here", async () => {
  for (const comment of ["a", "ab", "ada@laptop", "ada's laptop, 2026", "åäö"]) {
    const file = join(home, `id-${Buffer.from(comment).toString("hex")}`);
    const made = await key(["generate", "--ssh", file, "--comment", Buffer.from(comment).toString()]);
    assert.equal(made.code, 0, made.stderr);
    const publicKey = readFileSync(`${file}.pub`, "latin1");
    assert.equal(peer("ssh-keygen", ["-y", "-f", file]).stdout, publicKey);
    assert.match(peer("ssh-keygen", ["-l", "-f", file]).stdout, /^256 SHA256:\S+ .*\(ED25519\)\n$/);
    const derived = peer("ssh-to-age", ["-private-key", "-i", file]).stdout;
    assert.equal((await key(["convert", "--private", file])).stdout, derived);
    assert.equal((await key(["convert", `${file}.pub`])).stdout, peer("age-keygen", ["-y"], derived).stdout);
    // A passphrase that ssh-keygen puts on it is asked for, and opens it.
    assert.equal(peer("ssh-keygen", ["-p", "-q", "-f", file, "-P", "", "-N", "pw", "-a", "1"]).code, 0);
    const env = { SSH_TO_AGE_PASSPHRASE: "pw" };
    assert.equal((await key(["convert", "--private", file], "", env)).stdout, derived);
  }
});

test("age-keygen and sops read the key file after every way of adding to it", async () => {
  const keys = join(home, ".config/sops/age/keys.txt");
  const made = [
    await key(["generate"]),
    await key(["generate", "--post-quantum"]),
    await key(["import", "--from-ssh", "-"], fixture("ed25519")),
    await key(["import", "-"], peer("age-keygen", []).stdout),
    await key(["import", "-"], peer("age-keygen", ["-pq"]).stdout),
  ];
  const recipients = made.map(({ code, stdout, stderr }) => {
    assert.equal(code, 0, stderr);
    return stdout.trim();
  });
  assert.equal(peer("age-keygen", ["-y", keys]).stdout, `${recipients.join("\n")}\n`);
  assert.equal(recipients[2], AGE.trim());
  for (const recipient of recipients) {
    const file = sealTo(recipient);
    assert.deepEqual(peer("sops", ["decrypt", file]), { code: 0, stdout: "a: b\n", stderr: "" });
  }
});

test("what sops takes for its key file is where new keys go", async () => {
  const folder = join(home, "cfg");
  const env = { XDG_CONFIG_HOME: folder };
  const { stdout } = await key(["generate"], "", env);
  const file = sealTo(stdout.trim());
  assert.equal(peer("sops", ["decrypt", file], "", env).stdout, "a: b\n");
  assert.notEqual(peer("sops", ["decrypt", file]).code, 0);
});

/** By sops, a new document. */
function sealTo(recipient: string): string {
  const plain = join(home, "plain.yaml");
  writeFileSync(plain, "a: b\n");
  const { code, stdout, stderr } = peer("sops", ["encrypt", "--age", recipient, plain]);
  assert.equal(code, 0, stderr);
  const file = join(home, "sealed.yaml");
  writeFileSync(file, stdout);
  return file;
}
