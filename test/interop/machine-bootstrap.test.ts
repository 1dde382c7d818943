/**
 * A machine from nothing to verified: the key that is made here is what the real ssh-keygen, ssh-to-age, age-keygen, sops
 * and sops-install-secrets take it for, and a real sshd that starts with it is recognised.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { decrypt, PEERS } from "./access-witness.ts";
import { install, notServed } from "./consumer.ts";
import { freePort, sshKeygen, startSshd } from "./sshd.ts";

const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
const AGE_KEY = "var/lib/sops-nix/key.txt";

async function output(argv: readonly string[], input?: string): Promise<string> {
  const { code, stdout, stderr } = await run(argv, input === undefined ? {} : { input: Buffer.from(input) });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return Buffer.from(stdout).toString("utf8");
}

async function ok(fleet: Sample, ...argv: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await fleet.secrets(argv);
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}${stdout}`);
  return { stdout: stdout.toString(), stderr };
}

async function bootstrapped(fleet: Sample): Promise<{ directory: string; tree: string; recipient: string }> {
  const directory = dirname(fleet.root);
  const tree = join(directory, "tree");
  await ok(fleet, "machine", "add", "web02", "--generate", "--like", "web01", "--extra-files", tree, "--yes");
  await fleet.git("add", "--all");
  await fleet.git("commit", "-qm", "web02");
  const recipient = JSON.parse(await fleet.read("sops/machines/web02/key.json"))[0].publickey;
  return { directory, tree, recipient };
}

test("the real programs read the keys that were made, and derive the recipient that was registered", async (t) => {
  const fleet = await sampleFleet(t);
  const { tree, recipient } = await bootstrapped(fleet);
  const [hostKey, ageKey] = [join(tree, HOST_KEY), join(tree, AGE_KEY)];
  const stated = readFileSync(`${hostKey}.pub`, "utf8").split(" ").slice(0, 2).join(" ");
  assert.ok((await output(["ssh-keygen", "-y", "-f", hostKey])).startsWith(stated));
  assert.match(await output(["ssh-keygen", "-l", "-f", hostKey]), /^256 SHA256:\S+ root@web02 \(ED25519\)$/m);
  const known = join(fleet.root, "known_hosts");
  assert.match(await output(["ssh-keygen", "-F", "web02", "-f", known]), /found: line 1/);
  const sshToAge = join(PEERS, "ssh-to-age");
  assert.equal((await output([sshToAge, "-i", `${hostKey}.pub`])).trim(), recipient);
  assert.equal(
    (await output([sshToAge, "-private-key", "-i", hostKey])).trim(),
    readFileSync(ageKey, "utf8").trim(),
    "one key serves both tiers",
  );
  assert.equal((await output([join(PEERS, "age-keygen"), "-y", ageKey])).trim(), recipient);
});

/** What the new machine is to read, of both tiers. */
const ITS_OWN = [
  "vars/per-machine/web02/openssh/ssh.id_ed25519/secret",
  "vars/shared/borgbackup/repokey/secret",
  "secrets/services/mailer.env",
];

test("sops opens what the machine reads with its key file, and nothing else", async (t) => {
  const fleet = await sampleFleet(t);
  const { tree } = await bootstrapped(fleet);
  const machine = { file: join(tree, AGE_KEY) };
  for (const path of ITS_OWN) {
    const [mine, adas] = [
      await decrypt(fleet.root, path, machine),
      await decrypt(fleet.root, path, { file: fleet.keyOf("ada") }),
    ];
    assert.equal(mine.code, 0, `${path}: ${mine.stderr}`);
    assert.deepEqual(mine.stdout, adas.stdout);
  }
  for (const path of [
    "sops/secrets/web02-age.key/secret",
    "vars/per-machine/web01/openssh/ssh.id_ed25519/secret",
    "secrets/users/ada.sops.yaml",
  ]) {
    assert.notEqual((await decrypt(fleet.root, path, machine)).code, 0, path);
  }
  assert.equal(
    (await decrypt(fleet.root, "sops/secrets/web02-age.key/secret", { file: fleet.keyOf("bruno") })).stdout.toString(),
    readFileSync(machine.file, "utf8").trim(),
    "whoever looks after machines can deploy it",
  );
});

test("sops-install-secrets places its secrets of both tiers with the host key, and with key.txt", {
  skip: notServed,
}, async (t) => {
  const fleet = await sampleFleet(t);
  const { directory, tree } = await bootstrapped(fleet);
  for (const [name, keys] of [
    ["host", { ageKeyFile: "", ageSshKeyPaths: [join(tree, HOST_KEY)] }],
    ["file", { ageKeyFile: join(tree, AGE_KEY), ageSshKeyPaths: [] }],
  ] as const) {
    const target = join(directory, name);
    mkdirSync(target);
    const placed = await install(fleet.root, target, keys, ITS_OWN);
    assert.equal(placed.code, 0, placed.stderr);
    for (const path of ITS_OWN) {
      const { stdout } = await decrypt(fleet.root, path, { file: fleet.keyOf("ada") });
      assert.deepEqual(readFileSync(join(target, "run/secrets", path)), stdout, `${name}: ${path}`);
    }
  }
});

test("a real sshd with the generated host key is scanned, and verified", async (t) => {
  const fleet = await sampleFleet(t);
  const { directory, tree } = await bootstrapped(fleet);
  const host = await startSshd(t, directory, [join(tree, HOST_KEY)]);
  const { stdout } = await ok(fleet, "machine", "verify", "web02", "--scan", host, "--json");
  const verified = JSON.parse(stdout);
  assert.deepEqual([verified.origin, verified.agrees, verified.verified], ["both", true, true]);
  assert.deepEqual([...new Set(verified.places.map(({ state }: { state: string }) => state))], ["same"]);
  assert.equal(JSON.parse((await ok(fleet, "machine", "show", "web02", "--json")).stdout).state, "verified");

  // Another machine at the same address, or one that was installed without its files.
  const other = await startSshd(t, directory, [await sshKeygen(directory, "other", "ed25519")]);
  const differs = await fleet.secrets(["machine", "verify", "web02", "--scan", other]);
  assert.equal(differs.code, 1, differs.stderr);
  assert.match(differs.stdout.toString(), /has the host key SHA256:\S+, and the fleet has SHA256:/);
  // Once it has another key, what was seen counts no more.
  await ok(fleet, "rotate", "machine", "web02", "--generate", "--yes");
  assert.equal(JSON.parse((await ok(fleet, "machine", "show", "web02", "--json")).stdout).state, "sealed");
});

test("machine add --scan: the fingerprint is given or confirmed, and what cannot be derived from is told", async (t) => {
  const fleet = await sampleFleet(t);
  const directory = dirname(fleet.root);
  const [key, rsa] = [await sshKeygen(directory, "host", "ed25519"), await sshKeygen(directory, "rsa", "rsa")];
  const host = await startSshd(t, directory, [key, rsa]);
  const [fingerprint = ""] = /SHA256:\S+/.exec(await output(["ssh-keygen", "-l", "-f", key])) ?? [];
  const add = (...argv: string[]) => fleet.secrets(["machine", "add", "box", "--yes", ...argv]);
  const refused = async (code: string, ...argv: string[]) => {
    const outcome = await add(...argv);
    assert.notEqual(outcome.code, 0);
    assert.ok(outcome.stderr.includes(code), outcome.stderr);
    assert.equal(await fleet.git("status", "--porcelain"), "");
    return outcome.stderr;
  };
  assert.ok((await refused("E_NO_TERMINAL", "--scan", host)).includes(fingerprint), "--yes is no answer to that");
  await refused("E_FINGERPRINT", "--scan", host, "--fingerprint", fingerprint.replace(/.$/, "?"));
  const added = await add("--scan", host, "--fingerprint", fingerprint);
  assert.equal(added.code, 0, added.stderr);
  const recipient = JSON.parse(await fleet.read("sops/machines/box/key.json"))[0].publickey;
  assert.equal(recipient, (await output([join(PEERS, "ssh-to-age"), "-i", `${key}.pub`])).trim());
  const port = host.split(":")[1];
  assert.match(await fleet.read("known_hosts"), new RegExp(`^box,\\[127\\.0\\.0\\.1\\]:${port} ssh-ed25519 `));
  await fleet.git("add", "--all");
  await fleet.git("commit", "-qm", "box");

  const old = await startSshd(t, directory, [rsa]);
  assert.match(await refused("E_SCAN_NO_ED25519", "--scan", old), /only RSA[\s\S]*ssh-keygen -A/);
  assert.match(await refused("E_SCAN", "--scan", `127.0.0.1:${await freePort()}`), /Remote Login/);
});

test("the classical mistake is named: a host key registered where clan manages another one, and its mend mends it", async (t) => {
  const fleet = await sampleFleet(t);
  const directory = dirname(fleet.root);
  // As it is done by hand: ssh-keyscan | ssh-to-age, and the result put into the registry.
  const value = await fleet.read("vars/per-machine/web01/openssh/ssh.id_ed25519.pub/value");
  writeFileSync(join(directory, "host.pub"), value);
  const derived = (await output([join(PEERS, "ssh-to-age"), "-i", join(directory, "host.pub")])).trim();
  await ok(fleet, "rotate", "machine", "web01", "--to", derived, "--yes");
  const { code, stdout } = await fleet.secrets(["machine", "verify", "web01", "--json"]);
  assert.equal(code, 1);
  const [problem, ...more] = JSON.parse(stdout.toString()).problems;
  assert.deepEqual(more, []);
  assert.match(problem.message, /^the host key of web01 is registered, but clan deploys the key that is sealed/);
  const [, ...argv] = problem.fix.split(" ");
  await ok(fleet, ...argv, "--yes");
  const mended = JSON.parse((await ok(fleet, "machine", "verify", "web01", "--json")).stdout);
  assert.deepEqual([mended.origin, mended.agrees], ["managed", true]);
});

test("two registries that state different keys of a machine: told by place, and mended by one command", async (t) => {
  const fleet = await sampleFleet(t);
  const value = await fleet.read("vars/per-machine/web01/openssh/ssh.id_ed25519.pub/value");
  const derived = (await output([join(PEERS, "ssh-to-age")], value)).trim();
  const [{ publickey }] = JSON.parse(await fleet.read("sops/machines/web01/key.json"));
  const config = await fleet.read(".sops.yaml");
  writeFileSync(join(fleet.root, ".sops.yaml"), config.replace(publickey, derived));
  const { code, stdout } = await fleet.secrets(["machine", "verify", "web01", "--json"]);
  assert.equal(code, 1);
  const { problems } = JSON.parse(stdout.toString());
  assert.match(
    problems[0].message,
    /^\.sops\.yaml:\d+ states the key derived from the SSH host key of web01, but clan/,
  );
  const [, ...argv] = problems[0].fix.split(" ");
  await ok(fleet, ...argv, "--yes");
  assert.equal(await fleet.read(".sops.yaml"), config);
  await ok(fleet, "machine", "verify", "web01");
});
