/** Values that leave and come in, and lists of what is to be renewed, with the real sops on the other side. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { PEERS, publicHalf } from "./access-witness.ts";

async function sops(fleet: Sample, argv: readonly string[], options: { cwd?: string; env?: object } = {}) {
  const env = { PATH: process.env["PATH"], HOME: "/var/empty", SOPS_AGE_KEY_FILE: fleet.keyOf("ada"), ...options.env };
  const { code, stdout, stderr } = await run([join(PEERS, "sops"), ...argv], {
    cwd: options.cwd ?? fleet.root,
    env,
  });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return Buffer.from(stdout);
}

/** Outside of the fleet, whose rules say other things. */
async function encryptWhole(fleet: Sample, recipients: readonly string[], file: string): Promise<void> {
  await sops(fleet, ["encrypt", "--age", recipients.join(","), "--in-place", file], { cwd: dirname(fleet.root) });
}

async function does(fleet: Sample, argv: readonly string[], stdin?: string): Promise<string> {
  const { code, stderr } = await fleet.secrets(argv, stdin === undefined ? {} : { stdin });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}`);
  return stderr;
}

test("what is imported is opened by sops, for everybody who should read it", async (t) => {
  const fleet = await sampleFleet(t);
  const dump = join(dirname(fleet.root), "dump");
  await mkdir(join(dump, "per-machine/web01/odd"), { recursive: true });
  await mkdir(join(dump, "shared/wifi"), { recursive: true });
  const bytes = Uint8Array.from({ length: 16_384 }, (_, i) => i % 256);
  await writeFile(join(dump, "per-machine/web01/odd/bytes"), bytes);
  await writeFile(join(dump, "per-machine/web01/odd/empty"), "");
  await writeFile(join(dump, "shared/wifi/home-psk"), "replaced");
  await does(fleet, ["import", "../dump", "--replace", "--yes"]);
  for (const [path, expected] of [
    ["vars/per-machine/web01/odd/bytes/secret", bytes],
    ["vars/per-machine/web01/odd/empty/secret", ""],
    ["vars/shared/wifi/home-psk/secret", "replaced"],
  ] as const) {
    for (const person of ["ada", "bruno"]) {
      const opened = await sops(fleet, ["decrypt", path], { env: { SOPS_AGE_KEY_FILE: fleet.keyOf(person) } });
      assert.deepEqual(opened, Buffer.from(expected), `${path} by ${person}`);
    }
  }
});

test("documents of every format that sops wrote are imported, and sops reads the values out of vars", async (t) => {
  const fleet = await sampleFleet(t);
  const ada = await publicHalf(fleet.keyOf("ada"));
  const texts: Readonly<Record<string, string>> = {
    "a.yaml": "# a comment\ntop: 1.50\ndb:\n  user: app\n  on: true\n  since: 2026-01-02T03:04:05Z\n",
    "a.json": '{"top": 12.5, "db": {"user": "app", "list": ["x", "y"]}}',
    "a.env": "# a comment\nTOP=one two\nEMPTY=\n",
    "a.ini": "[db]\nuser = app\n",
    "a.key": "binary\n\n",
  };
  for (const [name, text] of Object.entries(texts)) {
    const file = join(dirname(fleet.root), name);
    await writeFile(file, text);
    await encryptWhole(fleet, [ada], file);
    const service = name.replace(".", "-");
    await does(fleet, ["import", `../${name}`, "--to", `vars/web01/${service}`, "--yes"]);
    const { stdout } = await fleet.secrets(["ls", `vars/web01/${service}/`, "--json"]);
    const { secrets } = JSON.parse(stdout.toString());
    assert.ok(secrets.length > 0, name);
    for (const { address } of secrets) {
      const key = address.slice(`vars/web01/${service}/`.length);
      const extract =
        name === "a.key"
          ? []
          : [
              "--extract",
              key
                .split("/")
                .map((part: string) => (/^\d+$/.test(part) ? `[${part}]` : `["${part}"]`))
                .join(""),
            ];
      const there = await sops(fleet, ["decrypt", ...extract, file]);
      const here = await sops(fleet, ["decrypt", `vars/per-machine/web01/${service}/${key}/secret`]);
      // sops ends what is no string with a line break of its own.
      const expected = name === "a.key" ? there.toString() : there.toString().replace(/\n$/, "");
      assert.equal(here.toString(), expected, `${name} ${key}`);
    }
  }
});

test("what the fleet exports is what sops decrypts", async (t) => {
  const fleet = await sampleFleet(t);
  await does(fleet, ["export", "vars/web01", "vars/shared", "../dump"]);
  for (const path of [
    "per-machine/web01/secureboot/keys/db/db.key",
    "per-machine/web01/acme/dns-token",
    "shared/borgbackup/repokey",
  ]) {
    const there = await readFile(join(dirname(fleet.root), "dump", path));
    assert.deepEqual(await sops(fleet, ["decrypt", `vars/${path}/secret`]), there);
  }
});

const YAML = "secrets/users/ada.sops.yaml";

/** What check says of each value on the lists: its last word before the fix. */
async function listed(fleet: Sample): Promise<Record<string, string>> {
  const { stdout } = await fleet.secrets(["check", "--json"]);
  const { findings } = JSON.parse(stdout.toString());
  return Object.fromEntries(
    findings.flatMap(({ code, message }: { code: string; message: string }) => {
      const [, address = "", state = ""] =
        /^(\S+) (has had no new|was sealed under another|is not there)/.exec(message) ?? [];
      return code === "renewal-open" ? [[address, state]] : [];
    }),
  );
}

async function withList(t: TestContext): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await does(fleet, [
    "renew",
    `${YAML}#npm/token`,
    `${YAML}#github/token`,
    "vars/web01/acme/dns-token",
    "--yes",
    "--commit",
  ]);
  assert.equal(Object.keys(await listed(fleet)).length, 3);
  return fleet;
}

test("a value that sops changes is renewed; one that sops only seals anew is not, by sops' own rotation", async (t) => {
  const fleet = await withList(t);
  const same = "has had no new";
  // A change next to it proves nothing; a change of it does, also to a value of the same length.
  await sops(fleet, ["set", YAML, '["github"]["user"]', '"somebody-else-now"']);
  assert.equal((await listed(fleet))[`${YAML}#github/token`], same);
  const length = (await sops(fleet, ["decrypt", "--extract", '["github"]["token"]', YAML])).length;
  await sops(fleet, ["set", YAML, '["github"]["token"]', JSON.stringify("x".repeat(length))]);
  assert.deepEqual(await listed(fleet), { [`${YAML}#npm/token`]: same, "vars/web01/acme/dns-token": same });
  // sops rotate seals with the nonces that were there: that is told from a new value without a key.
  await sops(fleet, ["rotate", "--in-place", YAML]);
  assert.equal((await listed(fleet))[`${YAML}#npm/token`], same);
  // With the old data key went the proof that the other one has changed: whoever can open both has it again.
  assert.equal((await listed(fleet))[`${YAML}#github/token`], "was sealed under another");
  await does(fleet, ["set", `${YAML}#npm/token`, "-"], "npm_new");
  assert.match(await does(fleet, ["renew", "--done", "--yes"]), /^done: take 1 value off the list; 1 left to renew$/m);
  assert.deepEqual(Object.keys(await listed(fleet)), ["vars/web01/acme/dns-token"]);
});

test("a document that clan's tools write whole stays open until a key tells: the same value is refused, another one is done", async (t) => {
  const fleet = await withList(t);
  const path = "vars/per-machine/web01/acme/dns-token/secret";
  const old = await sops(fleet, ["decrypt", path]);
  const keys = await Promise.all(["ada", "bruno"].map((person) => publicHalf(fleet.keyOf(person))));
  const writeWhole = async (value: Uint8Array) => {
    const file = join(fleet.root, path);
    await rm(file);
    await writeFile(file, value);
    await encryptWhole(fleet, keys, file);
  };
  const address = "vars/web01/acme/dns-token";
  await writeWhole(old);
  assert.equal((await listed(fleet))[address], "was sealed under another");
  const same = await fleet.secrets(["renew", "--done", address, "--yes"]);
  assert.equal(same.code, 3);
  assert.match(same.stderr, /\[E_RENEWAL_SAME\]/);
  await writeWhole(old.map((byte) => byte ^ 1));
  assert.equal((await listed(fleet))[address], "was sealed under another");
  const done = await does(fleet, ["renew", "--done", "--yes"]);
  assert.match(done, /^done: take 1 value off the list; 2 left to renew$/m);
  assert.doesNotMatch(done, /by your word/);
  // And one of another length needs no key.
  const fleet2 = await withList(t);
  await writeFile(join(fleet2.root, path), "of another length");
  await encryptWhole(fleet2, [await publicHalf(fleet2.keyOf("ada"))], join(fleet2.root, path));
  assert.equal((await listed(fleet2))[address], undefined);
});
