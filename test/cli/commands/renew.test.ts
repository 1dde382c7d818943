/** `renew` as a person types it: off-boarding somebody who is gone already, by what git remembers. */
import assert from "node:assert/strict";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const MAILER = "secrets/services/mailer.env";
const TOKEN = "vars/web01/acme/dns-token";

async function aFleet(t: TestContext): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  return fleet;
}

async function commit({ git }: Sample, message: string): Promise<void> {
  await git("add", "--all");
  await git("commit", "--quiet", "-m", message);
}

async function does(fleet: Sample, argv: readonly string[], stdin?: string): Promise<string> {
  const { code, stderr } = await fleet.secrets(argv, stdin === undefined ? {} : { stdin });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return stderr;
}

interface View {
  readonly reason: string;
  readonly values: readonly { readonly address: string; readonly how: string; readonly proved: boolean }[];
  readonly warnings: readonly string[];
}

async function readableBy(fleet: Sample, who: string, person = "ada"): Promise<View> {
  const { code, stdout, stderr } = await fleet.secrets(["renew", "--readable-by", who, "--dry-run", "--json"], {
    env: { SOPS_AGE_KEY_FILE: fleet.keyOf(person) },
  });
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout.toString());
}

const addresses = ({ values }: View) => values.map(({ address }) => address);

/** What check says is left. */
async function left(fleet: Sample): Promise<string[]> {
  const { stdout } = await fleet.secrets(["check", "--json"]);
  const { findings } = JSON.parse(stdout.toString());
  return findings.flatMap(({ code, message }: { code: string; message: string }) =>
    code === "renewal-open" ? [message.split(" ")[0]] : [],
  );
}

test("somebody leaves: what they could read is made anew or listed, after they are gone, until each is another value", async (t) => {
  const fleet = await aFleet(t);
  const before = await readableBy(fleet, "bruno");
  assert.ok(before.values.every(({ proved }) => proved));
  // Renewed before they leave, under the same data key: they still read the new one.
  await does(fleet, ["set", `${MAILER}#SMTP_USER`, "-"], "another");
  await commit(fleet, "Rename");
  const removed = await does(fleet, ["user", "rm", "bruno", "--drop-documents", "--yes", "--commit"]);
  assert.match(removed, /: secrets renew --readable-by users\/bruno$/m);
  // Whoever knows the key of a machine still reads what it reads.
  assert.ok(addresses(await readableBy(fleet, "bruno")).includes(`${MAILER}#SMTP_HOST`));
  for (const machine of ["web01", "db01", "backup01", "studio"]) {
    await does(fleet, [
      "rotate",
      "machine",
      machine,
      "--generate",
      "--extra-files",
      `../${machine}`,
      "--yes",
      "--commit",
    ]);
  }
  // And after: what is set now was never sealed to them.
  await does(fleet, ["set", `${MAILER}#SMTP_HOST`, "-"], "smtp.example.net");
  await mkdir(join(fleet.root, "vars/services"), { recursive: true });
  await writeFile(
    join(fleet.root, "vars/services/acme.yaml"),
    "machines: [web01]\nkind: password\nfiles: { dns-token: { output: value } }\n",
  );
  await commit(fleet, "Define");
  const after = await readableBy(fleet, "bruno");
  const changed = /^secrets\/users\/bruno|SMTP_HOST$|-age\.key$|openssh\/ssh\.id_ed25519$/;
  assert.deepEqual(
    addresses(after),
    addresses(before).filter((address) => !changed.test(address)),
  );
  assert.deepEqual(after.warnings, []);
  assert.ok(
    after.values.every(({ proved }) => proved),
    "opened by one who could read both",
  );
  const old = (await fleet.secrets(["get", TOKEN])).stdout;
  const told = await does(fleet, ["renew", "--readable-by", "users/bruno", "--yes", "--commit"]);
  assert.match(told, /^done: renew 1 value, and list \d+ to renew by hand \(commit /m);
  assert.notDeepEqual((await fleet.secrets(["get", TOKEN])).stdout, old);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  const open = addresses(after).filter((address) => address !== TOKEN);
  assert.deepEqual((await left(fleet)).sort(), [...open].sort());
  assert.equal((await fleet.secrets(["check"])).code, 1);
  // A rotation of data keys is no renewal; a new value is.
  await does(fleet, ["rotate", "data-keys", "vars", "secrets/services", "--yes"]);
  assert.equal((await left(fleet)).length, open.length);
  await does(fleet, ["set", `${MAILER}#SMTP_PASSWORD`, "-"], "new password");
  await does(fleet, ["set", "vars/shared/wifi/home-psk", "-"], "new psk");
  assert.equal((await left(fleet)).length, open.length - 2);
  const still = addresses(await readableBy(fleet, "bruno"));
  assert.ok(!still.includes(TOKEN) && !still.includes("vars/shared/wifi/home-psk"));
  await does(fleet, ["undo", "--yes"]);
  assert.equal((await left(fleet)).length, open.length - 1);
});

test("whoever can read a machine's private key reads what the machine reads; that is told, to be mended first", async (t) => {
  const fleet = await aFleet(t);
  const { values, warnings } = await readableBy(fleet, "bruno");
  assert.match(
    warnings.join("\n"),
    /users\/bruno could read the private key of studio, .*secrets rotate machine studio first/,
  );
  assert.ok(values.some(({ address }) => address.startsWith("secrets/users/ada.sops.yaml#")));
  const chiara = await readableBy(fleet, "chiara");
  assert.deepEqual(chiara.warnings, []);
  assert.ok(chiara.values.length > 0 && chiara.values.every(({ address }) => address.startsWith("secrets/")));
});

test("what nobody here can open may be another value: it is said so, and listed all the same", async (t) => {
  const fleet = await aFleet(t);
  await does(fleet, ["user", "rm", "bruno", "--drop-documents", "--yes", "--commit"]);
  const chiaras = await readableBy(fleet, "bruno", "chiara");
  const unproved = chiaras.values.filter(({ proved }) => !proved);
  assert.ok(unproved.length > 0);
  assert.match(chiaras.warnings.join("\n"), /sealed anew since, and no key here tells whether/);
  assert.deepEqual(addresses(chiaras), addresses(await readableBy(fleet, "bruno")));
});

test("keys of the past count, a key stands for itself, and nobody is found by guess", async (t) => {
  const fleet = await aFleet(t);
  const registered = JSON.parse(await fleet.read("sops/users/bruno/key.json"));
  const key = registered[0].publickey;
  const next = makeAgeKey().recipient;
  const env = { SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") };
  const rotated = await fleet.secrets(["rotate", "user", "bruno", "--to", next, "--yes", "--commit"], { env });
  assert.equal(rotated.code, 0, rotated.stderr);
  const all = addresses(await readableBy(fleet, "bruno"));
  assert.deepEqual(addresses(await readableBy(fleet, key)), all);
  assert.deepEqual(
    addresses(await readableBy(fleet, "groups/admins")).filter((one) => all.includes(one)),
    all,
  );
  const nobody = await fleet.secrets(["renew", "--readable-by", "brunno", "--dry-run"]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /did you mean bruno\?/);
});

test("by your word it is done: refused where it is the same, told where nothing proves it", async (t) => {
  const fleet = await aFleet(t);
  await does(fleet, ["renew", `${MAILER}#SMTP_PASSWORD`, "secrets/users/ada.sops.yaml#npm/token", "--yes", "--commit"]);
  assert.equal((await left(fleet)).length, 2);
  const same = await fleet.secrets(["renew", "--done", `${MAILER}#SMTP_PASSWORD`, "--yes"]);
  assert.equal(same.code, 3);
  assert.match(same.stderr, /\[E_RENEWAL_SAME\]/);
  const none = await fleet.secrets(["renew", "--done", "--yes"]);
  assert.match(none.stderr, /^no value is proved to be another one; 2 left to renew; nothing to do$/m);
  assert.equal((await fleet.secrets(["renew", "--done", "vars/web01", "--yes"])).code, 3);
  // Removed by hands that know of no list.
  const text = await fleet.read(MAILER);
  await writeFile(join(fleet.root, MAILER), text.replace(/^SMTP_PASSWORD=.*\n/m, ""));
  assert.equal((await left(fleet)).length, 2);
  const gone = await does(fleet, ["renew", "--done", `${MAILER}#SMTP_PASSWORD`, "--yes"]);
  assert.match(gone, /nothing lies there any more; by your word it is done/);
  assert.deepEqual(await left(fleet), ["secrets/users/ada.sops.yaml#npm/token"]);
  await does(fleet, ["set", "secrets/users/ada.sops.yaml#npm/token", "-"], "npm_other");
  assert.deepEqual(await left(fleet), []);
  assert.deepEqual(await readdir(join(fleet.root, "sops")), ["groups", "machines", "secrets", "users"]);
});

test("flags that contradict each other, and addresses of nothing, are refused", async (t) => {
  const fleet = await aFleet(t);
  for (const [argv, error] of [
    [[], "E_USAGE"],
    [["vars/web01", "--readable-by", "bruno"], "E_USAGE"],
    [["--done", "--readable-by", "bruno"], "E_USAGE"],
    [["vars/web09"], "E_NOT_FOUND"],
    [[`${MAILER}#NONE`], "E_NOT_FOUND"],
  ] as const) {
    const { code, stderr } = await fleet.secrets(["renew", ...argv, "--yes"]);
    assert.ok(code !== 0 && stderr.includes(`[${error}]`), `${argv.join(" ")}: ${stderr}`);
  }
  assert.equal(await fleet.git("status", "--porcelain"), "");
  assert.ok(!(await readFile(join(fleet.root, MAILER), "utf8")).includes("canary"));
});
