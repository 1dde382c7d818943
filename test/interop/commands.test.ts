/** Whole commands on the sample fleet against the real sops, gpg and ssh-keygen: each reads what the other wrote. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sshToAgeRecipient } from "../../src/age/ssh.ts";
import { run } from "../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";

const SOPS = join(process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname, "sops");
const FILE = "secrets/users/ada.sops.yaml";

async function sops(fleet: Sample, argv: readonly string[], env: Record<string, string> = {}) {
  const base = { PATH: process.env["PATH"], HOME: dirname(fleet.root), SOPS_AGE_KEY_FILE: fleet.keyOf("ada") };
  const { code, stdout, stderr } = await run([SOPS, ...argv], { cwd: fleet.root, env: { ...base, ...env } });
  return { code, text: Buffer.from(stdout).toString("utf8"), stderr };
}

async function ok(
  fleet: Sample,
  argv: readonly string[],
  stdin = "",
  env: Record<string, string> = {},
): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(argv, { stdin, env });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return stdout.toString("utf8");
}

test("sops reads what set, edit and rm wrote, in every format of the fleet", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["set", `${FILE}#github/user`, "-"], "by us");
  await ok(fleet, ["set", `${FILE}#deep/er/list`, "-", "--type", "json"], '["a", 1, true, null, {"b": 1.5}]');
  await ok(fleet, ["rm", `${FILE}#npm`, "--yes"]);
  await ok(fleet, ["set", "secrets/services/mailer.env#SMTP_USER", "-"], "by us = too");
  await ok(fleet, ["set", "secrets/services/monitoring.json#pager/key", "-"], "by us <&>");
  await ok(fleet, ["edit", FILE], "", { SECRETS_EDITOR: "sed -i s/imap:.*/imap:\\ edited/" });
  assert.equal((await sops(fleet, ["decrypt", "--extract", '["github"]["user"]', FILE])).text, "by us");
  assert.equal((await sops(fleet, ["decrypt", "--extract", '["mail"]["imap"]', FILE])).text, "edited");
  for (const path of [FILE, "secrets/services/mailer.env", "secrets/services/monitoring.json"]) {
    const { code, text, stderr } = await sops(fleet, ["decrypt", path]);
    assert.equal(code, 0, stderr);
    assert.equal(text, await ok(fleet, ["get", path]), path);
  }
});

test("a vars secret is a binary document to sops, and every reader opens it", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["set", "vars/web01/acme/new", "-"], "line\nno end");
  for (const person of ["ada", "bruno"]) {
    const env = { SOPS_AGE_KEY_FILE: fleet.keyOf(person) };
    const { text, stderr } = await sops(fleet, ["decrypt", "vars/per-machine/web01/acme/new/secret"], env);
    assert.equal(text, "line\nno end", stderr);
  }
  const env = { SOPS_AGE_KEY_FILE: fleet.keyOf("chiara") };
  assert.equal((await sops(fleet, ["decrypt", "vars/per-machine/web01/acme/new/secret"], env)).code, 128);
});

test("what sops changes is read here, and a check with keys stays clean", async (t) => {
  const fleet = await sampleFleet(t);
  assert.equal((await sops(fleet, ["set", FILE, '["github"]["user"]', '"by sops"'])).code, 0);
  assert.equal((await sops(fleet, ["rotate", "-i", "secrets/services/monitoring.json"])).code, 0);
  assert.equal(await ok(fleet, ["get", `${FILE}#github/user`]), "by sops");
  const before = await fleet.secrets(["check"]);
  assert.equal(before.code, 1, "the sample's own drift");
  const mend = /→ secrets (sync \S+)/.exec(before.stdout.toString())?.[1]?.split(" ") ?? [];
  await ok(fleet, [...mend, "--yes"]);
  const path = mend[1] ?? "";
  assert.match((await sops(fleet, ["updatekeys", "--yes", path])).stderr, /already up to date/);
  await ok(fleet, ["check", "--deep"]);
});

test("sops finds nothing to do on a document that was made here", async (t) => {
  const fleet = await sampleFleet(t);
  await ok(fleet, ["set", "secrets/services/new.json#a", "-"], "x");
  const { code, stderr, text } = await sops(fleet, ["updatekeys", "--yes", "secrets/services/new.json"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr + text, /already up to date/);
});

test("an SSH key opens documents that are sealed to it, and those sealed to the age key derived from it", async (t) => {
  const fleet = await sampleFleet(t);
  const home = join(dirname(fleet.root), "ssh-home");
  await mkdir(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const key = join(home, ".ssh/id_ed25519");
  assert.equal((await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key])).code, 0);
  const line = (await readFile(`${key}.pub`, "utf8")).trim();
  for (const [name, recipient] of [
    ["native", line],
    ["derived", sshToAgeRecipient(line)],
  ] as const) {
    await writeFile(join(fleet.root, `${name}.yaml`), "a: opened\n");
    const { code, stderr } = await sops(fleet, [
      "--config",
      "/dev/null",
      "encrypt",
      "-i",
      "--age",
      recipient,
      `${name}.yaml`,
    ]);
    assert.equal(code, 0, stderr);
    assert.equal(await ok(fleet, ["get", `${name}.yaml#a`], "", { HOME: home, SOPS_AGE_KEY_FILE: "" }), "opened");
  }
});

test("PGP: a rule's fingerprint is sealed to through gpg, and opened through it", async (t) => {
  const fleet = await sampleFleet(t);
  const GNUPGHOME = join(dirname(fleet.root), "gnupg");
  await mkdir(GNUPGHOME, { mode: 0o700 });
  const env = { GNUPGHOME };
  const gpg = async (...argv: string[]) => {
    const { code, stdout, stderr } = await run(["gpg", "--batch", ...argv], {
      env: { PATH: process.env["PATH"], ...env },
    });
    assert.equal(code, 0, stderr);
    return Buffer.from(stdout).toString("utf8");
  };
  t.after(() => run(["gpgconf", "--kill", "all"], { env: { PATH: process.env["PATH"], ...env } }));
  await gpg("--passphrase", "", "--quick-generate-key", "ada <ada@example.org>", "default", "default", "never");
  const fingerprint = /^fpr:+(\w+)/m.exec(await gpg("--list-keys", "--with-colons"))?.[1] ?? "";
  const rules = await fleet.read(".sops.yaml");
  await writeFile(
    join(fleet.root, ".sops.yaml"),
    rules.replace("creation_rules:\n", `creation_rules:\n  - path_regex: ^pgp/\n    pgp: ${fingerprint}\n`),
  );
  const without = { ...env, SOPS_AGE_KEY_FILE: "" };
  // Which keys of gpg are a person's own is not known here.
  await ok(fleet, ["trust", "accept", fingerprint, "--yes"]);
  await ok(fleet, ["set", "pgp/a.yaml#token", "-"], "sealed", without);
  assert.equal((await sops(fleet, ["decrypt", "--extract", '["token"]', "pgp/a.yaml"], env)).text, "sealed");
  assert.equal(await ok(fleet, ["get", "pgp/a.yaml#token"], "", without), "sealed");
});
