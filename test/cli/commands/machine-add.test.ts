/** `machine add` and `deploy-files` as a person types them. The real programs look at what comes of it in test/interop. */
import assert from "node:assert/strict";
import { access, chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { makeAgeKey, publicHalf } from "../../../src/age/age-key.ts";
import { sshToAgeIdentity, sshToAgeRecipient } from "../../../src/age/ssh.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const beside = (fleet: Sample, name: string) => join(dirname(fleet.root), name);
const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");

async function add(fleet: Sample, ...argv: string[]): Promise<string> {
  const { code, stderr } = await fleet.secrets(["machine", "add", ...argv, "--yes"]);
  assert.equal(code, 0, stderr);
  return stderr;
}

async function refused(fleet: Sample, argv: readonly string[], code: string, status = 3): Promise<string> {
  const outcome = await fleet.secrets(["machine", ...argv]);
  assert.equal(outcome.code, status, outcome.stderr);
  assert.ok(outcome.stderr.includes(code), outcome.stderr);
  await clean(fleet);
  return outcome.stderr;
}

async function registered(fleet: Sample, name: string): Promise<string> {
  return JSON.parse(await fleet.read(`sops/machines/${name}/key.json`))[0].publickey;
}

test("one key made here serves both tiers, is sealed where clan looks for it, and lies ready for the first boot", async (t) => {
  const fleet = await sampleFleet(t);
  const told = await add(fleet, "web02", "--generate", "--like", "web01", "--extra-files", "../tree");
  assert.match(told, /^done: add machine web02$/m);
  assert.match(told, /nixos-anywhere --flake \.#web02 --extra-files \S+\/tree --target-host/);
  assert.match(told, /^next: rm -rf \S+\/tree/m);
  const recipient = await registered(fleet, "web02");
  const config = await fleet.read(".sops.yaml");
  assert.match(config, new RegExp(`^ {2}- &web02 ${recipient}$`, "m"));
  const value = await fleet.read("vars/per-machine/web02/openssh/ssh.id_ed25519.pub/value");
  assert.equal(sshToAgeRecipient(value), recipient);
  const hostKey = (await fleet.secrets(["get", "vars/web02/openssh/ssh.id_ed25519"])).stdout;
  const ageKey = (await fleet.secrets(["get", "sops/secrets/web02-age.key"])).stdout.toString();
  assert.equal(await sshToAgeIdentity(hostKey, async () => null), ageKey);
  assert.equal(publicHalf(ageKey), recipient);
  assert.equal(await fleet.read("known_hosts"), `web02 ${value.split(" ").slice(0, 2).join(" ")}\n`);

  const tree = beside(fleet, "tree");
  const mode = async (path: string) => ((await stat(join(tree, path))).mode & 0o777).toString(8);
  assert.deepEqual(
    await Promise.all(
      ["", "etc", "etc/ssh", "etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub", "var/lib"].map(mode),
    ),
    ["755", "755", "755", "600", "644", "755"],
  );
  assert.deepEqual([await mode("var/lib/sops-nix"), await mode("var/lib/sops-nix/key.txt")], ["700", "600"]);
  assert.equal(await readFile(join(tree, "etc/ssh/ssh_host_ed25519_key"), "utf8"), hostKey.toString());
  assert.equal(await readFile(join(tree, "etc/ssh/ssh_host_ed25519_key.pub"), "utf8"), value);
  assert.equal(await readFile(join(tree, "var/lib/sops-nix/key.txt"), "utf8"), `${ageKey}\n`);

  // The machine opens what the other one read, its own host key, and none of the other's own secrets.
  const env = { SOPS_AGE_KEY_FILE: join(tree, "var/lib/sops-nix/key.txt") };
  const opens = async (address: string) => (await fleet.secrets(["get", "--yes", address], { env })).code;
  assert.equal(await opens("vars/shared/borgbackup/repokey"), 0);
  assert.equal(await opens("secrets/services/mailer.env#SMTP_USER"), 0);
  assert.equal(await opens("vars/web02/openssh/ssh.id_ed25519"), 0);
  assert.equal(await opens("vars/web01/openssh/ssh.id_ed25519"), 4);
  assert.equal(await opens("sops/secrets/web02-age.key"), 4);
  const check = await fleet.secrets(["check", "--json"]);
  assert.deepEqual(JSON.parse(check.stdout.toString()).findings, []);

  // Again, at any time.
  const again = await fleet.secrets(["machine", "deploy-files", "web02", "../again"]);
  assert.equal(again.code, 0, again.stderr);
  for (const path of ["etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub", "var/lib/sops-nix/key.txt"]) {
    assert.equal(await readFile(join(beside(fleet, "again"), path), "utf8"), await readFile(join(tree, path), "utf8"));
    assert.ok(again.stdout.toString().includes(path));
  }
});

test("a dry run shows all of it and leaves nothing behind", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout } = await fleet.secrets([
    ...["machine", "add", "web02", "--generate", "--like", "web01", "--group", "admins", "--extra-files", "../tree"],
    "-n",
  ]);
  assert.equal(code, 0);
  for (const text of [
    "sops/machines/web02/key.json",
    "sops/groups/admins machines/web02",
    "vars/web02/openssh/ssh.id_ed25519",
    "sops/secrets/web02-age.key",
    "known_hosts",
    "web01's own",
  ]) {
    assert.ok(stdout.toString().includes(text), text);
  }
  assert.ok(!stdout.toString().includes("PRIVATE KEY") && !stdout.toString().includes("AGE-SECRET-KEY"));
  await clean(fleet);
  await assert.rejects(access(beside(fleet, "tree")));
});

test("a plan that is kept in a file brings the sealed keys along, and is shown as what it is", async (t) => {
  const fleet = await sampleFleet(t);
  const made = await fleet.secrets([
    ...["machine", "add", "web02", "--generate", "--like", "web01", "--extra-files", "../tree"],
    ...["--plan-out", "../plan"],
  ]);
  assert.equal(made.code, 0, made.stderr);
  await clean(fleet);
  const shown = JSON.parse((await fleet.secrets(["apply", "../plan", "-n", "--json"])).stdout.toString());
  const documents = shown.documents.map(({ address, added }: { address: string; added: { name: string }[] }) => [
    address,
    added.map(({ name }) => name).sort(),
  ]);
  assert.deepEqual(documents, [
    ["vars/shared/borgbackup/repokey", ["web02"]],
    // Touched, and so brought in line with its rule.
    ["secrets/services/mailer.env", ["db01", "web02"]],
    ["vars/web02/openssh/ssh.id_ed25519", ["ada", "bruno", "web02"]],
    ["sops/secrets/web02-age.key", ["ada", "bruno"]],
  ]);
  const applied = await fleet.secrets(["apply", "../plan", "--yes", "--allow", await recipientIn(fleet)]);
  assert.equal(applied.code, 0, applied.stderr);
  const key = await readFile(join(beside(fleet, "tree"), "var/lib/sops-nix/key.txt"), "utf8");
  assert.equal(await registered(fleet, "web02"), publicHalf(key.trim()));
});

async function recipientIn(fleet: Sample): Promise<string> {
  return publicHalf((await readFile(join(beside(fleet, "tree"), "var/lib/sops-nix/key.txt"), "utf8")).trim());
}

test("a kept plan may bring neither code nor another public value", async (t) => {
  const fleet = await sampleFleet(t);
  const made = await fleet.secrets(["machine", "add", "web02", "--generate", "--plan-out", "../plan"]);
  assert.equal(made.code, 0, made.stderr);
  const plan = JSON.parse(await readFile(beside(fleet, "plan"), "utf8"));
  const forge = async (change: (one: { path: string; bytes?: string }) => void) => {
    const forged = structuredClone(plan);
    for (const one of forged.changes) change(one);
    await writeFile(beside(fleet, "forged"), JSON.stringify(forged));
    const { code, stderr } = await fleet.secrets(["apply", "../forged", "--yes"]);
    assert.ok(stderr.includes("E_PLAN"), stderr);
    assert.notEqual(code, 0);
    await clean(fleet);
  };
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  await forge((one) => {
    if (one.path === "known_hosts") one.bytes = base64("#!/bin/sh\nrm -rf ~\n");
  });
  await forge((one) => {
    if (one.path === "known_hosts") one.path = "flake.nix";
    if (one.path === "flake.nix") one.bytes = base64("{ outputs = _: { }; }\n");
  });
  await forge((one) => {
    if (one.path.endsWith(".pub/value")) one.bytes = base64("not a key");
  });
  await forge((one) => {
    if (one.path.endsWith(".pub/value")) one.path = "vars/per-machine/web01/wireguard/other/value";
  });
});

test("a host key from elsewhere: the public half is registered, the private half is sealed as well", async (t) => {
  const fleet = await sampleFleet(t);
  const { privateKey, publicKey } = makeSshKeyPair("root@new");
  await writeFile(beside(fleet, "host"), privateKey, { mode: 0o600 });
  await writeFile(beside(fleet, "host.pub"), publicKey);
  const told = await add(fleet, "pub", "--host-key", "../host.pub");
  assert.match(told, /sops\.age\.sshKeyPaths/);
  assert.equal(await registered(fleet, "pub"), sshToAgeRecipient(publicKey));
  assert.deepEqual(await readdir(join(fleet.root, "vars/per-machine")), ["backup01", "db01", "studio", "web01"]);
  const again = await fleet.secrets(["machine", "deploy-files", "pub", "../tree"]);
  assert.ok(again.stderr.includes("E_NOT_SEALED"), again.stderr);
  await assert.rejects(access(beside(fleet, "tree")));

  const other = makeSshKeyPair("root@other");
  const sealed = await fleet.secrets(["machine", "add", "whole", "--host-key", "-", "--yes"], {
    stdin: other.privateKey,
  });
  assert.equal(sealed.code, 0, sealed.stderr);
  const kept = await fleet.secrets(["get", "vars/whole/openssh/ssh.id_ed25519"]);
  assert.equal(kept.stdout.toString(), other.privateKey);
  assert.equal(
    await fleet.read("known_hosts"),
    `pub ${publicKey.split(" ").slice(0, 2).join(" ")}\nwhole ${other.publicKey.split(" ").slice(0, 2).join(" ")}\n`,
  );
});

test("a key that is managed elsewhere is registered, and nothing else", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makeAgeKey();
  await add(fleet, "box", "--age-key", recipient, "--group", "admins", "--no-known-hosts");
  assert.equal(await registered(fleet, "box"), recipient);
  const changed = (await fleet.git("status", "--porcelain", "-uall")).split("\n").map((line) => line.slice(3));
  assert.ok(changed.includes("sops/groups/admins/machines/box"));
  assert.ok(!changed.some((path) => path.startsWith("sops/secrets/box") || path.includes("/box/openssh/")));
  await assert.rejects(access(join(fleet.root, "known_hosts")));
});

test("a machine that one tier knows by this key is made known to the other", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makeAgeKey();
  const config = await fleet.read(".sops.yaml");
  await writeFile(join(fleet.root, ".sops.yaml"), config.replace(/^( *)- &web01.*$/m, `$&\n$1- &half ${recipient}`));
  await fleet.git("commit", "-qam", "half");
  await fleet.secrets(["status"]);
  await add(fleet, "half", "--age-key", recipient);
  assert.equal(await registered(fleet, "half"), recipient);
  assert.equal((await fleet.read(".sops.yaml")).match(/half/g)?.length, 1);
});

test("what cannot be meant is refused, and nothing is changed", async (t) => {
  const fleet = await sampleFleet(t);
  const { recipient } = makeAgeKey();
  const web01 = await registered(fleet, "web01");
  for (const name of ["Web02", "web/02", "-web", "web.02", "", "..", "a".repeat(64)]) {
    await refused(fleet, ["add", "--age-key", recipient, "--yes", "--", name], "E_NAME");
  }
  for (const name of ["web01", "ada", "admins"]) {
    await refused(fleet, ["add", name, "--age-key", recipient, "--yes"], "E_EXISTS");
  }
  await refused(fleet, ["add", "web02", "--age-key", web01, "--yes"], "E_KEY_TAKEN");
  await refused(fleet, ["add", "web02", "--yes"], "E_USAGE");
  await refused(fleet, ["add", "web02", "--generate", "--age-key", recipient, "--yes"], "E_USAGE");
  await refused(fleet, ["add", "web02", "--age-key", recipient, "--fingerprint", "SHA256:x", "--yes"], "E_USAGE");
  await refused(fleet, ["add", "web02", "--generate", "--group", "nobody", "--yes"], "E_NOT_FOUND", 2);
  await refused(fleet, ["add", "web02", "--generate", "--like", "nobody", "--yes"], "E_NOT_FOUND", 2);
  await refused(fleet, ["add", "web02", "--age-key", recipient, "--extra-files", "../tree", "--yes"], "E_USAGE");
  await refused(fleet, ["add", "web02", "--age-key", "age1nonsense", "--yes"], "E_RECIPIENT");
  const identity = makeAgeKey().identity;
  const told = await refused(fleet, ["add", "web02", "--age-key", identity, "--yes"], "E_RECIPIENT");
  assert.ok(!told.includes(identity));
});

test("the tree goes into a new or empty folder outside of the repository, and nowhere else", async (t) => {
  const fleet = await sampleFleet(t);
  const generate = (dir: string) => ["add", "web02", "--generate", "--extra-files", dir, "--yes"];
  await refused(fleet, generate("tree"), "E_KEY_FILE");
  await refused(fleet, generate("."), "E_KEY_FILE");
  await symlink(fleet.root, beside(fleet, "link"));
  await refused(fleet, generate("../link/tree"), "E_KEY_FILE");
  await refused(fleet, generate("../link"), "E_NOT_EMPTY");
  await refused(fleet, generate("../no/such"), "E_KEY_FILE");
  await mkdir(beside(fleet, "full"));
  await writeFile(join(beside(fleet, "full"), "x"), "");
  await refused(fleet, generate("../full"), "E_NOT_EMPTY");
  await writeFile(beside(fleet, "file"), "");
  await refused(fleet, generate("../file"), "E_NOT_EMPTY");
  await mkdir(beside(fleet, "open"));
  await chmod(beside(fleet, "open"), 0o777);
  await refused(fleet, generate("../open"), "E_NOT_EMPTY");
  await mkdir(beside(fleet, "empty"));
  await add(fleet, "web02", "--generate", "--extra-files", "../empty");
  assert.deepEqual((await readdir(beside(fleet, "empty"))).sort(), ["etc", "var"]);
});

test("the line of known_hosts goes into a file of such lines, in the repository, and nowhere else", async (t) => {
  const fleet = await sampleFleet(t);
  const { publicKey } = makeSshKeyPair("x");
  await writeFile(beside(fleet, "host.pub"), publicKey);
  const named = (file: string) => ["add", "web02", "--host-key", "../host.pub", "--known-hosts", file, "--yes"];
  await refused(fleet, named("../known_hosts"), "E_USAGE");
  await refused(fleet, named(".git/known_hosts"), "E_USAGE");
  await refused(fleet, named("machines/web01/configuration.nix"), "E_KNOWN_HOSTS", 2);
  await refused(fleet, named(".sops.yaml"), "E_KNOWN_HOSTS", 2);
  await refused(fleet, named("secrets"), "E_KNOWN_HOSTS", 2);
  const added = await fleet.secrets(
    ["machine", "add", "web02", "--host-key", "../../host.pub", "--known-hosts", "hosts", "--yes"],
    { cwd: "machines" },
  );
  assert.equal(added.code, 0, added.stderr);
  assert.equal(await fleet.read("machines/hosts"), `web02 ${publicKey.split(" ").slice(0, 2).join(" ")}\n`);
});

test("--scaffold writes the module, and prints the lines for the registry", async (t) => {
  const fleet = await sampleFleet(t);
  const key = ["--age-key", makeAgeKey().recipient];
  await refused(fleet, ["add", "mac", ...key, "--scaffold", "--plan-out", "../plan"], "E_USAGE");
  const told = await add(fleet, "mac", ...key, "--scaffold", "--platform", "darwin");
  assert.match(
    await fleet.read("modules/machines/darwin/mac/default.nix"),
    /flake\.modules\.darwin\."machines\/darwin\/mac"/,
  );
  assert.match(told, /clan\.machines\.mac\.imports = \[ config\.flake\.modules\.darwin\."machines\/darwin\/mac" \];/);
  assert.match(told, /machineClass = "darwin"/);
});

test("a spoilt known_hosts keeps nobody in: the machine goes all the same", async (t) => {
  const fleet = await sampleFleet(t);
  await writeFile(join(fleet.root, "known_hosts"), Buffer.of(0xff, 0xfe, 0x0a));
  for (const argv of [
    ["rotate", "machine", "db01", "--to", makeAgeKey().recipient],
    ["machine", "rm", "web01"],
  ]) {
    const { code, stderr } = await fleet.secrets([...argv, "--yes"]);
    assert.equal(code, 0, stderr);
  }
});

test("what is deployed is what people expect: a sealed host key beside another public value is not", async (t) => {
  const fleet = await sampleFleet(t);
  await add(fleet, "web02", "--generate");
  const value = join(fleet.root, "vars/per-machine/web02/openssh/ssh.id_ed25519.pub/value");
  await writeFile(value, makeSshKeyPair("root@evil").publicKey);
  const { code, stderr } = await fleet.secrets(["machine", "deploy-files", "web02", "../tree"]);
  assert.equal(code, 2);
  assert.match(stderr, /E_KEY_MISMATCH/);
  await assert.rejects(access(beside(fleet, "tree")));
  const verify = await fleet.secrets(["machine", "verify", "web02", "--json"]);
  const [problem] = JSON.parse(verify.stdout.toString()).problems;
  const [command = "", line = ""] = /^echo '([^']+)' \| secrets set (\S+) -$/.exec(problem.fix)?.slice(1) ?? [];
  const mended = await fleet.secrets(["set", line, "-"], { stdin: `${command}\n` });
  assert.equal(mended.code, 0, mended.stderr);
  assert.equal((await fleet.secrets(["machine", "deploy-files", "web02", "../tree"])).code, 0);
});

test("a sealed key is never written over, and one that opens nothing is not deployed", async (t) => {
  const fleet = await sampleFleet(t);
  await add(fleet, "web02", "--generate");
  await fleet.git("add", "--all");
  await fleet.git("commit", "-qm", "web02");
  const removed = await fleet.secrets(["machine", "rm", "web02", "--yes"]);
  assert.equal(removed.code, 0, removed.stderr);
  await fleet.git("add", "--all");
  await fleet.git("commit", "-qm", "no web02");
  const told = await refused(fleet, ["add", "web02", "--generate", "--yes"], "E_EXISTS");
  assert.match(told, /secrets get vars\/web02\/openssh\/ssh\.id_ed25519 \| secrets machine add web02 --host-key -/);

  const rotated = await fleet.secrets(["rotate", "machine", "web01", "--to", makeAgeKey().recipient, "--yes"]);
  assert.equal(rotated.code, 0, rotated.stderr);
  await fleet.git("commit", "-qam", "another key");
  await refused(fleet, ["deploy-files", "web01", "../tree"], "E_KEY_MISMATCH", 2);
  await assert.rejects(access(beside(fleet, "tree")));
});
