/** `export` and `import` as a person types them: whole folders or none, never in the repository, and one plan that undo takes back. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sampleFleet } from "../sample.ts";

const TOKEN = "vars/web01/acme/dns-token";

async function modesBelow(path: string): Promise<Record<string, string>> {
  const modes: Record<string, string> = {};
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name);
    modes[at.slice(path.length + 1)] = ((await stat(at)).mode & 0o777).toString(8);
  }
  return modes;
}

test("export writes clan's layout for the owner's eyes alone, and tells where; import finds it all the same", async (t) => {
  const fleet = await sampleFleet(t);
  const dump = join(dirname(fleet.root), "dump");
  const { code, stderr, stdout } = await fleet.secrets([
    "export",
    "vars/web01",
    "vars/shared/wifi/home-psk",
    "../dump",
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.toString(), "");
  assert.match(stderr, /^done: 9 values in clear in \.\.\/dump$/m);
  assert.match(stderr, /^next: .*rm -r \.\.\/dump$/m);
  const modes = await modesBelow(dump);
  assert.equal(((await stat(dump)).mode & 0o777).toString(8), "700");
  assert.equal(modes["per-machine/web01/secureboot/keys/db"], "700");
  assert.equal(modes["per-machine/web01/secureboot/keys/db/db.key"], "600");
  assert.equal(modes["shared/wifi/home-psk"], "600");
  const token = await fleet.secrets(["get", TOKEN]);
  assert.deepEqual(await readFile(join(dump, "per-machine/web01/acme/dns-token")), token.stdout);
  const same = await fleet.secrets(["import", "../dump", "--yes"]);
  assert.deepEqual([same.code, same.stderr], [0, "every value of dump is here already; nothing to do\n"]);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("no folder in the repository, none that is there, by whatever way; what fails leaves nothing behind", async (t) => {
  const fleet = await sampleFleet(t);
  const base = dirname(fleet.root);
  await symlink(fleet.root, join(base, "link"));
  await symlink(join(fleet.root, "made"), join(base, "to-be"));
  await mkdir(join(base, "empty"));
  for (const [directory, error] of [
    ["dump", "E_KEY_FILE"],
    ["vars/dump", "E_USAGE"],
    ["../link/dump", "E_KEY_FILE"],
    ["../to-be", "E_EXISTS"],
    ["../empty", "E_EXISTS"],
    ["../none/dump", "E_KEY_FILE"],
  ] as const) {
    const { code, stderr } = await fleet.secrets(["export", "vars/web01", directory]);
    assert.deepEqual([code, stderr.includes(`[${error}]`)], [3, true], `${directory}: ${stderr}`);
  }
  const locked = await fleet.secrets(["export", "../dump"], { env: { SOPS_AGE_KEY_FILE: fleet.keyOf("chiara") } });
  assert.equal(locked.code, 4);
  const before = (await readdir(base)).sort();
  if (process.getuid?.() !== 0) {
    await chmod(base, 0o500);
    assert.equal((await fleet.secrets(["export", "../dump"])).code, 2);
    await chmod(base, 0o700);
  }
  assert.deepEqual((await readdir(base)).sort(), before);
  const partial = await fleet.secrets(["export", "vars/web01/openssh", "../dump", "--partial"], {
    env: { SOPS_AGE_KEY_FILE: fleet.keyOf("chiara") },
  });
  assert.equal(partial.code, 0, partial.stderr);
  assert.match(partial.stderr, /^left out: vars\/web01\/openssh\/ssh\.id_ed25519: /m);
  assert.deepEqual(Object.keys(await modesBelow(join(base, "dump"))).sort(), [
    "per-machine",
    "per-machine/web01",
    "per-machine/web01/openssh",
    "per-machine/web01/openssh/ssh.id_ed25519.pub",
  ]);
});

test("a sops file becomes files of a service: in one plan, one commit, and undone as one", async (t) => {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  const argv = ["import", "ada.sops.yaml", "--machine", "web01", "--service", "mine", "--for", "users/ada", "--yes"];
  const { code, stderr } = await fleet.secrets([...argv, "--commit"], { cwd: "secrets/users" });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /^done: import 6 values from ada\.sops\.yaml \(commit /m);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  for (const key of ["github/token", "mail/imap", "signing/key"]) {
    const [from, to] = await Promise.all([
      fleet.secrets(["get", `secrets/users/ada.sops.yaml#${key}`]),
      fleet.secrets(["get", `vars/web01/mine/${key}`]),
    ]);
    assert.deepEqual(to.stdout, from.stdout);
  }
  assert.equal((await fleet.secrets(["check", "vars/web01/mine"])).code, 0);
  assert.equal((await fleet.secrets(["undo", "--yes"])).code, 0);
  assert.equal((await fleet.secrets(["get", "vars/web01/mine/mail/imap"])).code, 2);
});

test("one key under a name of its own; values that differ stay unless they are to go; a dry run changes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  const argv = ["import", "secrets/users/ada.sops.yaml", "--key", `github/token=${TOKEN}`];
  const refused = await fleet.secrets([...argv, "--yes"]);
  assert.equal(refused.code, 3);
  assert.match(refused.stderr, /\[E_IMPORT_DIFFERS\]\nhint: vars\/web01\/acme\/dns-token\n/);
  const dry = await fleet.secrets([...argv, "--replace", "--dry-run", "--json"]);
  const plan = JSON.parse(dry.stdout.toString());
  assert.deepEqual(
    plan.documents.map((one: { address: string; dataKey: string }) => [one.address, one.dataKey]),
    [[TOKEN, "new"]],
  );
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.equal((await fleet.secrets([...argv, "--replace", "--yes"])).code, 0);
  const [from, to] = await Promise.all([
    fleet.secrets(["get", "secrets/users/ada.sops.yaml#github/token"]),
    fleet.secrets(["get", TOKEN], { env: { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") } }),
  ]);
  assert.deepEqual(to.stdout, from.stdout);
});

test("clan's import-sops job: keys become secrets of the old tree, for whom you name", async (t) => {
  const fleet = await sampleFleet(t);
  const argv = ["import", "secrets/services/mailer.env", "--secrets", "--prefix", "mail-"];
  assert.equal((await fleet.secrets([...argv, "--for", "machines/web01", "--yes"])).code, 2);
  const { code, stderr } = await fleet.secrets([...argv, "--for", "groups/admins", "--for", "machines/web01", "--yes"]);
  assert.equal(code, 0, stderr);
  const [from, to] = await Promise.all([
    fleet.secrets(["get", "secrets/services/mailer.env#SMTP_PASSWORD"]),
    fleet.secrets(["get", "sops/secrets/mail-SMTP_PASSWORD"]),
  ]);
  assert.deepEqual(to.stdout, from.stdout);
  assert.deepEqual((await readdir(join(fleet.root, "sops/secrets/mail-SMTP_USER"))).sort(), [
    "groups",
    "machines",
    "secret",
  ]);
});

test("a folder or a file that is no such thing is refused, and no content is shown", async (t) => {
  const fleet = await sampleFleet(t);
  const base = dirname(fleet.root);
  await mkdir(join(base, "links/shared/wifi"), { recursive: true });
  await symlink(fleet.keyOf("ada"), join(base, "links/shared/wifi/psk"));
  await mkdir(join(base, "odd"));
  await writeFile(join(base, "odd/notes.txt"), "canary");
  await writeFile(join(base, "plain.yaml"), "password: canary\n");
  for (const [argv, error] of [
    [["../links"], "E_TREE"],
    [["../odd"], "E_DUMP"],
    [["../none"], "E_NOT_FOUND"],
    [["../plain.yaml", "--to", "vars/web01/x"], "E_NOT_ENCRYPTED"],
    [["../odd", "--to", "vars/web01/x"], "E_USAGE"],
    [["secrets/users/ada.sops.yaml"], "E_USAGE"],
    [["secrets/users/bruno.sops.yaml", "--to", "vars/web01/x", "--machine", "web01"], "E_USAGE"],
    [["secrets/users/chiara.sops.yaml", "--to", "vars/web01/x"], "E_NO_IDENTITY"],
  ] as const) {
    const { code, stderr } = await fleet.secrets(["import", ...argv, "--yes"]);
    assert.ok(code !== 0 && stderr.includes(`[${error}]`), `${argv.join(" ")}: ${stderr}`);
    assert.doesNotMatch(stderr, /canary|AGE-SECRET/);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
});
