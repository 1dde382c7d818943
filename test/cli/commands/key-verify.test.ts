/** `secrets key verify` and `show` in a fleet: every mend that is printed mends what it was printed for. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { type Sample, sampleFleet } from "../sample.ts";

const other = makeAgeKey();

interface Spoilt {
  readonly name: string;
  readonly spoil: (fleet: Sample, ada: string) => Promise<unknown>;
  /** Keys here beside ada's own. */
  readonly further?: string;
  /** Mends, in order; each is the first that is printed when the ones before have been run. */
  readonly mends: readonly RegExp[];
}

const edit = async ({ root, read }: Sample, path: string, change: (text: string) => string) =>
  writeFile(join(root, path), change(await read(path)));

const SPOILT: readonly Spoilt[] = [
  {
    name: "the anchor states another key",
    spoil: (fleet) => edit(fleet, ".sops.yaml", (text) => text.replace(/&ada .*/, `&ada ${other.recipient}`)),
    mends: [/^secrets rotate user ada --from age1/],
  },
  {
    name: "the registry states another key",
    spoil: (fleet, ada) => edit(fleet, "sops/users/ada/key.json", (text) => text.replace(ada, other.recipient)),
    mends: [/^secrets rotate user ada --from age1/],
  },
  {
    name: "the registry does not have them",
    spoil: ({ root }) => rm(join(root, "sops/users/ada"), { recursive: true }),
    mends: [/^secrets user add ada --age-key age1\w+ --no-documents$/],
  },
  {
    name: "the rules do not have them",
    spoil: (fleet) => edit(fleet, ".sops.yaml", (text) => text.replace(/^.*[&*]ada$|^.*&ada .*\n|^.*\*ada\n/gm, "")),
    mends: [/^secrets user add ada --age-key age1\w+ --no-documents$/],
  },
  {
    name: "a second key that is here is stated in the registry alone",
    spoil: (fleet, ada) =>
      edit(fleet, "sops/users/ada/key.json", () =>
        JSON.stringify([ada, other.recipient].map((publickey) => ({ publickey, type: "age" }))),
      ),
    further: other.identity,
    mends: [/^secrets user add-key ada age1/, /^secrets sync$/],
  },
  {
    name: "a second key that nobody here has is stated in the registry alone",
    spoil: (fleet, ada) =>
      edit(fleet, "sops/users/ada/key.json", () =>
        JSON.stringify([ada, other.recipient].map((publickey) => ({ publickey, type: "age" }))),
      ),
    mends: [/^secrets user rm-key ada age1/],
  },
  {
    name: "a rule names them, and nobody has sealed to them",
    spoil: (fleet) =>
      edit(fleet, ".sops.yaml", (text) =>
        text.replace(/(users\/chiara[\s\S]*?)( *- \*chiara\n)/, "$1$2          - *ada\n"),
      ),
    mends: [],
  },
];

for (const { name, spoil, further, mends } of SPOILT) {
  test(`a mend mends: ${name}`, async (t) => {
    const fleet = await sampleFleet(t);
    const { env, recipient } = await keysOf(fleet, further);
    await spoil(fleet, recipient);
    // As a colleague would have pushed it.
    await fleet.git("commit", "--quiet", "-am", "Spoil");
    for (const mend of mends) {
      const { code, stdout } = await fleet.secrets(["key", "verify", "ada"], { env });
      assert.equal(code, 1, stdout.toString());
      const fix = /^fix: secrets (.*)$/m.exec(stdout.toString())?.[1] ?? "";
      assert.match(`secrets ${fix}`, mend);
      const done = await fleet.secrets([...fix.split(" "), "--yes"], { env });
      assert.equal(done.code, 0, done.stderr);
    }
    const after = await fleet.secrets(["key", "verify", "ada"], { env });
    if (mends.length === 0) {
      // Only who reads it already can let her in: that it is proposed is all that she can have.
      assert.match(after.stdout.toString(), /fix: secrets sync secrets\/users\/chiara\.sops\.yaml/);
      return;
    }
    assert.equal(after.code, 0, after.stdout.toString());
    assert.match(after.stdout.toString(), /one set of keys\n$/);
    assert.ok(!after.stdout.toString().includes("✘"));
  });
}

async function keysOf(
  fleet: Sample,
  further: string | undefined,
): Promise<{ env: Record<string, string>; recipient: string }> {
  const text = await readFile(fleet.keyOf("ada"), "utf8");
  if (further !== undefined) await writeFile(fleet.keyOf("ada"), `${text}${further}\n`);
  return { env: { USER: "nobody" }, recipient: /public key: (\S+)/.exec(text)?.[1] ?? assert.fail() };
}

test("whose a key is, is shown in a fleet", async (t: TestContext) => {
  const fleet = await sampleFleet(t);
  const shown = (await fleet.secrets(["key", "show"])).stdout.toString();
  assert.match(shown, /^SOPS_AGE_KEY_FILE \(.*ada\.txt\)\n {2}age1\w+ {2}users\/ada\n$/);
});

test("a new key's next step names whoever the keys here belong to", async (t) => {
  const fleet = await sampleFleet(t);
  const out = join(fleet.root, "../new.txt");
  const made = await fleet.secrets(["key", "generate", out]);
  assert.ok(made.stderr.includes(`secrets user add-key ada ${made.stdout.toString().trim()}\n`), made.stderr);
  const env = { SOPS_AGE_KEY_FILE: out, USER: "chiara" };
  assert.match((await fleet.secrets(["key", "generate"], { env })).stderr, /secrets user add-key chiara age1/);
  assert.match(
    (await fleet.secrets(["key", "generate"], { env: { ...env, USER: "x" } })).stderr,
    /secrets user add NAME/,
  );
});

test("a private key never comes into the repository", async (t) => {
  const fleet = await sampleFleet(t);
  for (const argv of [
    ["generate", "key.txt"],
    ["generate", "--ssh", "secrets/id"],
    ["import", fleet.keyOf("bruno"), "--to", "k.txt"],
  ]) {
    const { code, stderr } = await fleet.secrets(["key", ...argv]);
    assert.deepEqual([code, /does not belong into the repository/.test(stderr)], [3, true], argv.join(" "));
  }
  const env = { SOPS_AGE_KEY_FILE: join(fleet.root, "k.txt") };
  assert.equal((await fleet.secrets(["key", "generate"], { env })).code, 3);
  // Nor by a link at the usual place, of the file or of a folder above it.
  const config = join(fleet.root, "../home/.config/sops");
  const unset = { SOPS_AGE_KEY_FILE: "" };
  await mkdir(join(config, ".."), { recursive: true });
  await symlink(join(fleet.root, "secrets"), config);
  assert.equal((await fleet.secrets(["key", "generate"], { env: unset })).code, 3);
  assert.equal(await fleet.git("status", "--porcelain"), "");
  // Whose home is the repository has the usual place in it.
  const home = { ...unset, HOME: fleet.root };
  assert.equal((await fleet.secrets(["key", "generate"], { env: home })).code, 0);
});

test("whoever has no key here, and whoever is nobody, is told so", async (t) => {
  const fleet = await sampleFleet(t);
  const nobody = await fleet.secrets(["key", "verify"], { env: { SOPS_AGE_KEY_FILE: "", USER: "root" } });
  assert.deepEqual([nobody.code, /\[E_NOT_FOUND\]/.test(nobody.stderr)], [4, true]);
  const elsewhere = await fleet.secrets(["key", "verify"], { cwd: "../home" });
  assert.deepEqual([elsewhere.code, /\[E_NO_FLEET\]/.test(elsewhere.stderr)], [2, true]);
});
