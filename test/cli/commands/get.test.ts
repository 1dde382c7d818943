import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const FILE = "secrets/users/ada.sops.yaml";

async function answer(fleet: Sample, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(["get", ...argv]);
  assert.equal(code, 0, stderr);
  return stdout.toString("utf8");
}

async function refusal(
  fleet: Sample,
  argv: readonly string[],
  env = {},
): Promise<{ code: number | null; text: string }> {
  const { code, stdout, stderr } = await fleet.secrets(["get", ...argv], { env });
  assert.equal(stdout.length, 0, "an error prints nothing to stdout");
  return { code, text: stderr };
}

test("values of both tiers, to the byte", async (t: TestContext) => {
  const fleet = await sampleFleet(t);
  assert.equal(await answer(fleet, `${FILE}#github/user`), "ada-k");
  assert.match(
    await answer(fleet, "vars/web01/openssh/ssh.id_ed25519"),
    /^-----BEGIN OPENSSH PRIVATE KEY-----\n[\s\S]*-----\n$/,
  );
  assert.equal(
    await answer(fleet, "vars/web01/openssh/ssh.id_ed25519.pub"),
    await fleet.read("vars/per-machine/web01/openssh/ssh.id_ed25519.pub/value"),
  );
  assert.match(
    await answer(fleet, "vars/web01/secureboot/keys/db/db.key"),
    /BEGIN OPENSSH/,
    "a file name with slashes",
  );
  assert.match(await answer(fleet, "vars/shared/wifi"), /^\S{20}$/, "a service with one file needs no file name");
  assert.match(await answer(fleet, "sops/secrets/web01-age.key"), /^AGE-SECRET-KEY-1/);
  assert.match(
    await answer(fleet, FILE),
    /^github:\n {4}# Read and write[\s\S]*\n {4}user: ada-k\n/,
    "a whole document with its comments",
  );
  assert.match(await answer(fleet, `${FILE}#mail`), /^imap: \S+\nsmtp: \S+\n$/, "a map");
});

test("other spellings of an address: the path on disk, and the path from where the person stands", async (t) => {
  const fleet = await sampleFleet(t);
  const value = await answer(fleet, "vars/web01/acme/dns-token");
  assert.equal(await answer(fleet, "vars/per-machine/web01/acme/dns-token/secret"), value);
  const below = await fleet.secrets(["get", "ada.sops.yaml#github/user"], { cwd: "secrets/users" });
  assert.equal(below.stdout.toString(), "ada-k");
  await symlink(join(fleet.root, "secrets"), join(dirname(fleet.root), "through"));
  const through = await fleet.secrets(["get", "ada.sops.yaml#github/user"], { cwd: "../through/users" });
  assert.equal(through.stdout.toString(), "ada-k", "a directory that is reached through a link");
  const elsewhere = await fleet.secrets(["-C", fleet.root, "get", `${FILE}#github/user`], { cwd: ".." });
  assert.equal(elsewhere.stdout.toString(), "ada-k");
});

test("who may not read is told who may, by name, and gets exit code 4", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, text } = await refusal(fleet, [FILE], { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") });
  assert.equal(code, 4);
  assert.match(text, /this document is for ada, studio; your keys are those of bruno/);
  assert.match(text, /at secrets\/users\/ada\.sops\.yaml/);
  const without = await refusal(fleet, [FILE], { SOPS_AGE_KEY_FILE: "" });
  assert.equal(without.code, 4);
  assert.match(without.text, /no identity of yours was found/);
  const broken = await refusal(fleet, [FILE], { SOPS_AGE_KEY_FILE: "/no/such/file" });
  assert.match(broken.text, /hint: SOPS_AGE_KEY_FILE: /, "a variable that is set and does not help is told");
});

test("a name that is not there gets the nearest ones", async (t) => {
  const fleet = await sampleFleet(t);
  assert.match((await refusal(fleet, ["vars/web01/acme/dns-tokem"])).text, /did you mean vars\/web01\/acme\/dns-token/);
  const shared = await refusal(fleet, ["vars/web01/borgbackup/repokey"]);
  assert.match(shared.text, /did you mean vars\/shared\/borgbackup\/repokey\?/);
  assert.match((await refusal(fleet, [`${FILE}#github/tokn`])).text, /github has token, user/);
  assert.match(
    (await refusal(fleet, ["vars/web01/wireguard"])).text,
    /private-key, vars\/web01\/wireguard\/public-key/,
  );
});

test("a document that was tampered with is named, and nothing of it is printed", async (t) => {
  const fleet = await sampleFleet(t);
  const text = await fleet.read(FILE);
  // Two values change places: each is sealed together with its own key path.
  const [, imap = "", smtp = ""] = /imap: (\S+)\n\s+smtp: (\S+)/.exec(text) ?? [];
  await writeFile(join(fleet.root, FILE), text.replace(imap, "@").replace(smtp, imap).replace("@", smtp));
  const swapped = await refusal(fleet, [`${FILE}#mail/imap`]);
  assert.equal(swapped.code, 2);
  assert.match(swapped.text, /secrets\/users\/ada\.sops\.yaml.*mail/);
  await writeFile(join(fleet.root, FILE), text.replace(/ {4}user: ENC.*\n/, ""));
  assert.match((await refusal(fleet, [`${FILE}#github/token`])).text, /E_MAC_MISMATCH/);
});

test("addresses that try to leave the fleet are refused", async (t) => {
  const fleet = await sampleFleet(t);
  for (const address of [
    "../../etc/passwd",
    "/etc/passwd",
    "vars/../x/y",
    "vars/m/s/../../f",
    ".git/config",
    "a\u0000b",
  ]) {
    if (address.includes("\u0000")) continue; // No program can be given such an argument.
    const { code } = await refusal(fleet, [address]);
    assert.ok(code === 2 || code === 3, `${address}: ${code}`);
  }
});
