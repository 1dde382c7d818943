/** Random keys of every kind: what we write the real age opens, and the reverse; ssh-to-age converts as we do. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { decryptWith, encryptTo, encryptToBinary } from "../../src/age/file.ts";
import { type Identity, parseIdentities, sshIdentity } from "../../src/age/identity.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { sshToAgeIdentity, sshToAgeRecipient } from "../../src/age/ssh.ts";
import { parseSshKeyFile } from "../../src/age/ssh-private-key.ts";

const PEERS = process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname;
const RUNS = Number(process.env["INTEROP_RUNS"] ?? 3);
const SIZES = [0, 32, 65536, 100_000];

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-age-"));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A file in the test's folder under a name of its own. */
function fresh(content?: Uint8Array | string): string {
  const path = join(folder, randomBytes(8).toString("hex"));
  if (content !== undefined) writeFileSync(path, content, { mode: 0o600 });
  return path;
}

function run(
  tool: string,
  args: readonly string[],
  input: Uint8Array | string = "",
  env: NodeJS.ProcessEnv = {},
): Buffer {
  const program = tool === "ssh-keygen" ? tool : join(PEERS, tool);
  return execFileSync(program, args, {
    input,
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
}

/** One key as both sides know it. `identityFile` is for age, which cannot be given a passphrase here. */
interface KeyUnderTest {
  readonly recipient: string;
  readonly identity: Identity;
  readonly identityFile: string;
}

async function ageKey(...flags: string[]): Promise<KeyUnderTest> {
  const text = run("age-keygen", flags).toString();
  const { identities, problems } = await parseIdentities(text, "age-keygen");
  const [identity] = identities;
  assert.ok(identity !== undefined && problems.length === 0);
  const identityFile = fresh(text);
  const recipient = run("age-keygen", ["-y", identityFile]).toString().trim();
  assert.deepEqual(identity.recipients, [recipient]);
  return { recipient, identity, identityFile };
}

/** A key of ssh-keygen, encrypted with `cipher` if there is one; age gets an unlocked copy. */
async function sshKey(type: readonly string[], cipher?: string, passphrase = "pässword"): Promise<KeyUnderTest> {
  const path = fresh();
  run("ssh-keygen", ["-q", ...type, "-N", "", "-C", "a comment", "-f", path]);
  const identityFile = fresh(readFileSync(path));
  if (cipher !== undefined)
    run("ssh-keygen", ["-q", "-p", "-P", "", "-N", passphrase, "-a", "2", "-Z", cipher, "-f", path]);
  const file = parseSshKeyFile(readFileSync(path));
  assert.equal(file.encrypted, cipher !== undefined);
  const identity = sshIdentity(await file.unlock(passphrase), path);
  return { recipient: readFileSync(`${path}.pub`, "utf8").trim(), identity, identityFile };
}

const ED25519 = ["-t", "ed25519"];
const RSA = ["-t", "rsa", "-b", "2048"];
const kinds: readonly [name: string, make: () => Promise<KeyUnderTest>][] = [
  ["X25519", () => ageKey()],
  ["hybrid post-quantum", () => ageKey("-pq")],
  ["ssh-ed25519", () => sshKey(ED25519)],
  ...["aes256-ctr", "aes256-cbc", "aes256-gcm@openssh.com", "chacha20-poly1305@openssh.com"].map(
    (cipher): [string, () => Promise<KeyUnderTest>] => [`ssh-ed25519 under ${cipher}`, () => sshKey(ED25519, cipher)],
  ),
  ["ssh-rsa", () => sshKey(RSA)],
  ["ssh-rsa under aes256-gcm", () => sshKey(RSA, "aes256-gcm@openssh.com")],
  ["ssh-rsa in PEM", () => sshKey([...RSA, "-m", "PEM"])],
  ["ssh-rsa in PKCS#8", () => sshKey([...RSA, "-m", "PKCS8"])],
];

for (const [name, make] of kinds) {
  test(`${name}: both directions, armored and not`, async () => {
    for (let i = 0; i < RUNS; i++) {
      const key = await make();
      const plaintext = randomBytes(SIZES[i % SIZES.length] ?? 32);
      const recipient = parseRecipient(key.recipient);
      for (const file of [await encryptTo([recipient], plaintext), await encryptToBinary([recipient], plaintext)]) {
        assert.deepEqual(run("age", ["-d", "-i", key.identityFile], file), plaintext);
      }
      for (const flags of [["-a"], []]) {
        const file = run("age", [...flags, "-r", key.recipient], plaintext);
        assert.deepEqual(Buffer.from((await decryptWith([key.identity], file)) ?? []), plaintext);
      }
    }
  });
}

test("a file for several readers is opened by each, on both sides", async () => {
  const keys = await Promise.all([ageKey(), ageKey(), sshKey(ED25519), sshKey(RSA)]);
  const plaintext = randomBytes(32);
  const ours = await encryptTo(
    keys.map((key) => parseRecipient(key.recipient)),
    plaintext,
  );
  const theirs = run(
    "age",
    keys.flatMap((key) => ["-r", key.recipient]),
    plaintext,
  );
  for (const key of keys) {
    assert.deepEqual(run("age", ["-d", "-i", key.identityFile], ours), plaintext);
    assert.deepEqual(Buffer.from((await decryptWith([key.identity], theirs)) ?? []), plaintext);
  }
});

test("ssh-to-age converts public and private keys to the same texts", async () => {
  for (let i = 0; i < 10 * RUNS; i++) {
    const path = fresh();
    const cipher = [undefined, "aes256-ctr", "aes256-cbc"][i % 3];
    run("ssh-keygen", [
      "-q",
      ...ED25519,
      "-C",
      "",
      "-f",
      path,
      ...(cipher === undefined ? ["-N", ""] : ["-N", "pw", "-a", "1", "-Z", cipher]),
    ]);
    const recipient = run("ssh-to-age", ["-i", `${path}.pub`])
      .toString()
      .trim();
    const environment = cipher === undefined ? {} : { SSH_TO_AGE_PASSPHRASE: "pw" };
    const secret = run("ssh-to-age", ["-private-key", "-i", path], "", environment).toString().trim();
    assert.equal(sshToAgeRecipient(readFileSync(`${path}.pub`, "utf8")), recipient);
    assert.equal(await sshToAgeIdentity(readFileSync(path), async () => "pw"), secret);
    const plaintext = randomBytes(32);
    const file = await encryptTo([parseRecipient(recipient)], plaintext);
    const identity = sshIdentity(await parseSshKeyFile(readFileSync(path)).unlock("pw"), path);
    assert.ok(identity.recipients.includes(recipient));
    assert.deepEqual(Buffer.from((await decryptWith([identity], file)) ?? []), plaintext);
    assert.deepEqual(run("age", ["-d", "-i", fresh(secret)], file), plaintext);
  }
});
