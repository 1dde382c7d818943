/** Rotations as a person types them: where new keys come from, and where their files may lie. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { publicHalf } from "../../../src/age/age-key.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");
const beside = (fleet: Sample, name: string) => join(dirname(fleet.root), name);

async function refused(fleet: Sample, argv: readonly string[], code: RegExp, status = 3, env = {}): Promise<string> {
  const outcome = await fleet.secrets(["rotate", ...argv], { env });
  assert.equal(outcome.code, status, outcome.stderr);
  assert.match(outcome.stderr, code);
  await clean(fleet);
  return outcome.stderr;
}

test("--generate writes the new key for its owner alone, outside of the repository, and prints its public half", async (t) => {
  const fleet = await sampleFleet(t);
  const file = beside(fleet, "new.txt");
  const { code, stderr } = await fleet.secrets(["rotate", "user", "ada", "--generate", "../new.txt", "--yes"]);
  assert.equal(code, 0, stderr);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  const text = await readFile(file, "utf8");
  const identity = /AGE-SECRET-KEY-1\S+/.exec(text)?.[0] ?? "";
  const recipient = publicHalf(identity);
  assert.ok(stderr.includes(`new key: ${recipient}`));
  assert.ok(!stderr.includes(identity));
  assert.ok((await fleet.read("sops/users/ada/key.json")).includes(recipient));
  assert.ok(!(await fleet.git("diff")).includes("AGE-SECRET-KEY"));
  const opened = await fleet.secrets(["get", "secrets/users/ada.sops.yaml#github/user"], {
    env: { SOPS_AGE_KEY_FILE: file },
  });
  assert.equal(opened.stdout.toString(), "ada-k");
});

test("a key file is refused inside the repository, over another file, and where there is no folder", async (t) => {
  const fleet = await sampleFleet(t);
  await mkdir(beside(fleet, "real"));
  await symlink(fleet.root, beside(fleet, "into"));
  await symlink(beside(fleet, "nowhere"), beside(fleet, "dangling"));
  await writeFile(beside(fleet, "taken"), "mine");
  const made = async (file: string) => refused(fleet, ["user", "ada", "--generate", file, "--yes"], /E_KEY_FILE/);
  for (const file of [
    "key.txt",
    "sops/key.txt",
    ".git/key.txt",
    "../into/key.txt",
    fleet.root,
    "../taken",
    "../dangling",
    "../none/key.txt",
    "../real",
  ]) {
    await made(file);
  }
  assert.equal(await readFile(beside(fleet, "taken"), "utf8"), "mine");
  assert.deepEqual(await readdir(beside(fleet, "real")), []);
  assert.ok(!(await readdir(dirname(fleet.root))).includes("nowhere"));
});

test("no key file is left behind by a dry run, an unanswered question, a refused reader or a failed change", async (t) => {
  const fleet = await sampleFleet(t);
  const argv = ["rotate", "user", "ada", "--generate", "../new.txt"];
  const none = async () => assert.ok(!(await readdir(dirname(fleet.root))).includes("new.txt"));
  const dry = await fleet.secrets([...argv, "--dry-run"]);
  assert.equal(dry.code, 0, dry.stderr);
  assert.ok(!dry.stderr.includes("new key:"), "a key that is thrown away is not shown as if it were one");
  await none();
  assert.equal((await fleet.secrets(argv)).code, 3);
  await none();
  const closed = await fleet.secrets(argv.with(2, "chiara").concat("--yes"));
  assert.equal(closed.code, 4, closed.stderr);
  assert.ok(!closed.stderr.includes("new key:"));
  await none();
  // A directory stands where the change has to be written.
  await rm(join(fleet.root, ".git/secrets"), { recursive: true, force: true });
  await writeFile(join(fleet.root, ".git/secrets"), "in the way");
  const failed = await fleet.secrets([...argv, "--yes"]);
  assert.notEqual(failed.code, 0);
  await none();
  await clean(fleet);
});

test("--plan-out writes the key with the plan, and neither when one of them cannot be written", async (t) => {
  const fleet = await sampleFleet(t);
  const argv = ["rotate", "user", "ada", "--generate", "../new.txt", "--plan-out", "../plan.json"];
  await writeFile(beside(fleet, "plan.json"), "mine");
  assert.equal((await fleet.secrets(argv)).code, 3);
  assert.ok(!(await readdir(dirname(fleet.root))).includes("new.txt"));
  await rm(beside(fleet, "plan.json"));
  const kept = await fleet.secrets(argv);
  assert.equal(kept.code, 0, kept.stderr);
  await clean(fleet);
  const recipient = /new key: (age1\S+)/.exec(kept.stderr)?.[1] ?? "";
  assert.ok(!(await readFile(beside(fleet, "plan.json"), "utf8")).includes("AGE-SECRET-KEY"));
  const applied = await fleet.secrets(["apply", "../plan.json", "--yes", "--allow", recipient]);
  assert.equal(applied.code, 0, applied.stderr);
  assert.equal((await stat(beside(fleet, "new.txt"))).mode & 0o777, 0o600);
});

test("one new key is given, in one way", async (t) => {
  const fleet = await sampleFleet(t);
  const { publicKey, privateKey } = makeSshKeyPair("ada@new");
  await writeFile(beside(fleet, "id.pub"), publicKey);
  await writeFile(beside(fleet, "id"), privateKey);
  await writeFile(beside(fleet, "two.pub"), `${publicKey.trim()}\n${makeSshKeyPair("x").publicKey}`);
  const keys = await fleet.read(".sops.yaml");
  const adas = /&ada (\S+)/.exec(keys)?.[1] ?? "";
  const brunos = /&bruno (\S+)/.exec(keys)?.[1] ?? "";
  await refused(fleet, ["user", "ada"], /E_USAGE/);
  await refused(fleet, ["user", "ada", "--to", adas, "--generate", "../x"], /E_USAGE/);
  await refused(fleet, ["user", "ada", "--finish", "--overlap"], /E_USAGE/);
  await refused(fleet, ["machine", "web01"], /E_USAGE/);
  await refused(fleet, ["user", "ada", "--to-ssh", "../two.pub"], /E_USAGE/);
  const told = await refused(fleet, ["user", "ada", "--to-ssh", "../id"], /E_KEY_FILE.*|private key/);
  assert.ok(!told.includes("BEGIN"));
  await refused(fleet, ["user", "ada", "--to-ssh", "../none.pub"], /E_KEY_FILE/);
  await refused(fleet, ["user", "ada", "--to", adas], /E_EXISTS/);
  await refused(fleet, ["user", "ada", "--to", brunos], /E_KEY_TAKEN/);
  const secret = /AGE-SECRET-KEY-1\S+/.exec(await readFile(fleet.keyOf("ada"), "utf8"))?.[0] ?? "";
  const leaked = await refused(fleet, ["user", "ada", "--to", secret], /E_RECIPIENT/);
  assert.ok(!leaked.includes(secret));
  const { code, stderr } = await fleet.secrets(["rotate", "user", "ada", "--to-ssh", "-", "--yes"], {
    stdin: publicKey,
  });
  assert.equal(code, 0, stderr);
  assert.ok((await fleet.read(".sops.yaml")).includes(publicKey.trim().split(" ")[1] ?? "-"));
});

test("a machine's new key comes from its host key; its sealed private half with it, or a word about that", async (t) => {
  const fleet = await sampleFleet(t);
  const host = makeSshKeyPair("root@web01");
  await writeFile(beside(fleet, "host"), host.privateKey, { mode: 0o600 });
  await writeFile(beside(fleet, "host.pub"), host.publicKey);
  await writeFile(beside(fleet, "scan"), `# web01:22 SSH-2.0\nweb01 ${host.publicKey}`);
  const plan = async (file: string) =>
    JSON.parse(
      (await fleet.secrets(["rotate", "machine", "web01", "--from-host-key", file, "-n", "--json"])).stdout.toString(),
    );
  const [whole, half, scanned] = [await plan("../host"), await plan("../host.pub"), await plan("../scan")];
  const paths = ["sops/secrets/web01-age.key/secret", "vars/per-machine/web01/openssh/ssh.id_ed25519/secret"];
  const news = (data: { documents: { path: string; newValue: boolean }[] }) =>
    data.documents.flatMap((one) => (one.newValue ? [one.path] : []));
  assert.deepEqual([news(whole), news(half), news(scanned)], [paths, [], []]);
  assert.deepEqual([whole.warnings.length, half.warnings.length], [0, 2]);
  assert.match(half.warnings[0], /private half of the old key/);
  assert.match(half.warnings[1], /holds the old host key/);
  assert.deepEqual([whole.summary, half.summary], [scanned.summary, scanned.summary]);
  const { code, stdout, stderr } = await fleet.secrets([
    "rotate",
    "machine",
    "web01",
    "--from-host-key",
    "../host",
    "--yes",
  ]);
  assert.equal(code, 0, stderr);
  assert.equal(stdout.toString(), "");
  const sealed = await fleet.secrets(["get", "sops/secrets/web01-age.key"]);
  assert.match(sealed.stdout.toString(), /^AGE-SECRET-KEY-1/);
  assert.ok((await fleet.read("sops/machines/web01/key.json")).includes(publicHalf(sealed.stdout.toString().trim())));
  assert.equal(
    (await fleet.secrets(["get", "vars/web01/openssh/ssh.id_ed25519"])).stdout.toString(),
    host.privateKey,
    "the host key that clan would deploy",
  );
  assert.equal(await fleet.read("vars/per-machine/web01/openssh/ssh.id_ed25519.pub/value"), host.publicKey);
});
