/** `secrets key` as people type it: what it prints, what it leaves behind, and what it refuses. */
import assert from "node:assert/strict";
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { parseIdentities } from "../../../src/age/identity.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { run } from "../../../src/repo/program.ts";
import { type Outcome, secrets, temporaryDirectory } from "../harness.ts";

const KEYS = ".config/sops/age/keys.txt";

interface Person {
  readonly home: string;
  readonly secrets: (
    argv: readonly string[],
    options?: { stdin?: string; env?: Record<string, string> },
  ) => Promise<Outcome>;
  readonly put: (path: string, content: string | Uint8Array, mode?: number) => Promise<string>;
  readonly read: (path?: string) => Promise<string>;
  readonly recipients: (path?: string) => Promise<string[]>;
}

/** Somebody with an empty home, who stands in no fleet. */
async function person(t: TestContext): Promise<Person> {
  const home = await temporaryDirectory(t);
  const read = (path = KEYS) => readFile(join(home, path), "utf8");
  return {
    home,
    secrets: (argv, { stdin, env = {} } = {}) =>
      secrets(argv, { cwd: home, env: { HOME: home, USER: "ada", ...env }, ...(stdin === undefined ? {} : { stdin }) }),
    put: async (path, content, mode = 0o600) => {
      await mkdir(join(home, path, ".."), { recursive: true });
      await writeFile(join(home, path), content, { mode });
      return join(home, path);
    },
    read,
    recipients: async (path) =>
      (await parseIdentities(await read(path), "keys")).identities.flatMap(({ recipients }) => recipients),
  };
}

const line = ({ stdout }: Outcome) => stdout.toString().trim();
const mode = async (path: string) => (await stat(path)).mode & 0o777;

test("a new key goes where sops reads it; what stands there stays", async (t) => {
  const ada = await person(t);
  const first = await ada.secrets(["key", "generate"]);
  assert.deepEqual([first.code, await ada.recipients()], [0, [line(first)]]);
  assert.match(
    first.stderr,
    /added to ~\/\.config\/sops\/age\/keys\.txt\nnext: .*secrets user add NAME --age-key age1/,
  );
  assert.deepEqual([await mode(join(ada.home, KEYS)), await mode(join(ada.home, ".config/sops/age"))], [0o600, 0o700]);
  const before = await ada.read();
  const second = await ada.secrets(["key", "generate", "--comment", "laptop"]);
  assert.ok((await ada.read()).startsWith(`${before}# laptop\n# created: `));
  assert.deepEqual(await ada.recipients(), [line(first), line(second)]);
  assert.deepEqual(await readdir(join(ada.home, ".config/sops/age")), ["keys.txt"]);
});

test("the file that a variable names is the one that sops reads", async (t) => {
  const ada = await person(t);
  const env = { SOPS_AGE_KEY_FILE: join(ada.home, "mine.txt"), XDG_CONFIG_HOME: join(ada.home, "cfg") };
  const made = await ada.secrets(["key", "generate"], { env });
  assert.deepEqual(await ada.recipients("mine.txt"), [line(made)]);
  const other = await ada.secrets(["key", "generate"], { env: { XDG_CONFIG_HOME: env.XDG_CONFIG_HOME } });
  assert.deepEqual(await ada.recipients("cfg/sops/age/keys.txt"), [line(other)]);
});

test("a key in a file of its own, and never over another one", async (t) => {
  const ada = await person(t);
  const made = await ada.secrets(["key", "generate", "new.txt", "--post-quantum"]);
  assert.match(line(made), /^age1pq1/);
  assert.deepEqual(await ada.recipients("new.txt"), [line(made)]);
  assert.equal(await mode(join(ada.home, "new.txt")), 0o600);
  const before = await ada.read("new.txt");
  const again = await ada.secrets(["key", "generate", "new.txt"]);
  assert.match(again.stderr, /\[E_KEY_FILE\]/);
  assert.deepEqual([again.code, await ada.read("new.txt")], [3, before]);
});

test("beside the usual file is a place for keys, too", async (t) => {
  const ada = await person(t);
  await ada.secrets(["key", "generate"]);
  const made = await ada.secrets(["key", "generate", ".config/sops/age/second.txt"]);
  assert.deepEqual([made.code, await ada.recipients(".config/sops/age/second.txt")], [0, [line(made)]]);
  const copied = await ada.secrets(["key", "import", KEYS, "--to", ".config/sops/age/second.txt"]);
  assert.equal(copied.code, 0, copied.stderr);
  assert.equal((await ada.recipients(".config/sops/age/second.txt")).length, 2);
  const there = await ada.secrets(["-C", ".config/sops/age", "key", "generate", "third.txt"]);
  assert.equal(there.code, 0, there.stderr);
});

test("a pair of SSH keys, both halves or none", async (t) => {
  const ada = await person(t);
  const made = await ada.secrets(["key", "generate", "--ssh", "id", "--comment", "ada's laptop"]);
  assert.equal(await ada.read("id.pub"), `${line(made)}\n`);
  assert.match(line(made), /^ssh-ed25519 \S+ ada's laptop$/);
  assert.deepEqual([await mode(join(ada.home, "id")), await mode(join(ada.home, "id.pub"))], [0o600, 0o644]);
  assert.match((await ada.secrets(["key", "generate", "--ssh", "id"])).stderr, /E_KEY_FILE/);
  await ada.put("other.pub", "mine\n");
  const half = await ada.secrets(["key", "generate", "--ssh", "other"]);
  assert.deepEqual([half.code, await ada.read("other.pub")], [3, "mine\n"]);
  assert.ok(!(await readdir(ada.home)).includes("other"));
});

test("arguments that make no sense together", async (t) => {
  const ada = await person(t);
  for (const argv of [
    ["generate", "--ssh"],
    ["generate", "--ssh", "--post-quantum", "x"],
    ["generate", "--comment", "two\nlines"],
    ["import"],
    ["import", "-", "-"],
    ["convert", "--private", "--json", "x"],
  ]) {
    const { code, stderr } = await ada.secrets(["key", ...argv]);
    assert.deepEqual([code, /\[E_USAGE\]/.test(stderr)], [3, true], argv.join(" "));
  }
  assert.deepEqual(await readdir(ada.home), []);
});

test("an SSH key is imported once, with the date and its place", async (t) => {
  const ada = await person(t);
  const { privateKey, publicKey } = makeSshKeyPair("ada");
  await ada.put(".ssh/id_ed25519", privateKey);
  const recipient = line(await ada.secrets(["key", "convert"], { stdin: publicKey }));
  const done = await ada.secrets(["key", "import", "--from-ssh", ".ssh/id_ed25519"]);
  assert.deepEqual([done.code, line(done)], [0, recipient]);
  const text = await ada.read();
  assert.match(
    text,
    /^# from ssh key ~\/\.ssh\/id_ed25519, \d{4}-\d\d-\d\d\n# public key: age1\w+\nAGE-SECRET-KEY-1\w+\n$/,
  );
  // By another name, from a password manager: still the same key.
  const again = await ada.secrets(["key", "import", "--from-ssh", "-"], { stdin: `\ufeff${privateKey}` });
  assert.deepEqual([again.code, line(again), await ada.read()], [0, recipient, text]);
  assert.match(again.stderr, /was in ~\/\.config\/sops\/age\/keys\.txt already/);
  const derived = line(await ada.secrets(["key", "convert", "--private", ".ssh/id_ed25519"]));
  assert.ok(text.endsWith(`${derived}\n`));
  assert.ok(![done, again].some(({ stdout, stderr }) => `${stdout}${stderr}`.includes("AGE-SECRET-KEY")));
});

test("several files at once: all of them, or none", async (t) => {
  const ada = await person(t);
  const [a, b, c] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
  await ada.put("a.txt", `\ufeff# a\r\n${a.identity}\r\n`);
  await ada.put("b.txt", `${b.identity}\n${c.identity}`);
  await ada.put("bad.txt", `${b.identity.slice(0, -1)}\n`);
  await ada.put(KEYS, `# mine\n${a.identity}`, 0o644);
  const failed = await ada.secrets(["key", "import", "b.txt", "bad.txt"]);
  assert.deepEqual([failed.code, await ada.read()], [2, `# mine\n${a.identity}`]);
  assert.match(failed.stderr, /\[E_IDENTITY\]\n {2}at bad\.txt:1/);
  assert.ok(!failed.stderr.includes(b.identity.slice(20, 40)));
  const done = await ada.secrets(["key", "import", "a.txt", "b.txt", "--json"]);
  assert.deepEqual(JSON.parse(done.stdout.toString()), {
    schemaVersion: 1,
    file: join(ada.home, KEYS),
    keys: [
      { recipient: b.recipient, added: true },
      { recipient: c.recipient, added: true },
      { recipient: a.recipient, added: false },
    ],
  });
  assert.deepEqual(
    await ada.recipients(),
    [a, b, c].map(({ recipient }) => recipient),
  );
  assert.equal(await mode(join(ada.home, KEYS)), 0o600);
});

test("runs that add keys at the same time lose none", async (t) => {
  const ada = await person(t);
  const made = await Promise.all(Array.from({ length: 5 }, () => ada.secrets(["key", "generate"])));
  assert.deepEqual(made.map(line).sort(), (await ada.recipients()).sort());
});

test("what cannot be read, or must not be written, is refused, and nothing is changed", async (t) => {
  const ada = await person(t);
  await ada.put("id", makeSshKeyPair("ada").privateKey);
  await mkdir(join(ada.home, "folder"));
  await run(["mkfifo", join(ada.home, "pipe")]);
  await run(["truncate", "-s", "10M", join(ada.home, "large")]);
  await symlink("/nix/store/0-home-manager-files/keys.txt", join(ada.home, "store"));
  await symlink("nowhere", join(ada.home, "dangling"));
  await ada.put("sealed", "age-encryption.org/v1\n");
  await ada.put("fleet/.sops.yaml", "creation_rules: []\n");
  const before = await readdir(ada.home);
  const cases: [argv: string[], code: string, exit: number][] = [
    [["import", "nothing"], "E_NOT_FOUND", 2],
    [["import", "folder"], "E_KEY_FILE", 2],
    [["import", "pipe"], "E_KEY_FILE", 2],
    [["import", "large"], "E_KEY_FILE", 2],
    [["convert", "pipe"], "E_KEY_FILE", 2],
    [["import", "id"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "store"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "dangling"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "pipe"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "folder"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "sealed"], "E_KEY_FILE", 2],
    [["import", "--from-ssh", "id", "--to", "fleet/keys.txt"], "E_KEY_FILE", 3],
    [["generate", "fleet/keys.txt"], "E_KEY_FILE", 3],
    [["generate", "--ssh", "fleet/id"], "E_KEY_FILE", 3],
    [["generate", "no/such/folder"], "E_KEY_FILE", 3],
    [["generate", "id"], "E_KEY_FILE", 3],
  ];
  for (const [argv, code, exit] of cases) {
    const done = await ada.secrets(["key", ...argv]);
    assert.deepEqual([done.code, line(done)], [exit, ""], argv.join(" "));
    assert.ok(done.stderr.includes(`[${code}]`), `${argv.join(" ")}: ${done.stderr}`);
  }
  assert.deepEqual(await readdir(ada.home), before);
  assert.deepEqual(await readdir(join(ada.home, "fleet")), [".sops.yaml"]);
});

test("a pipe at the place of the keys keeps nobody waiting", async (t) => {
  const ada = await person(t);
  await mkdir(join(ada.home, ".config/sops/age"), { recursive: true });
  await run(["mkfifo", join(ada.home, KEYS)]);
  const shown = await ada.secrets(["key", "show"]);
  assert.equal(shown.code, 0);
  assert.match(shown.stdout.toString(), /cannot be read/);
  assert.match((await ada.secrets(["key", "generate"])).stderr, /\[E_KEY_FILE\]/);
});

test("keys are shown by their public halves, anywhere", async (t) => {
  const ada = await person(t);
  const nothing = await ada.secrets(["key", "show"]);
  assert.deepEqual([nothing.code, line(nothing)], [0, "no private key is here"]);
  assert.match(nothing.stderr, /secrets key generate/);
  const { privateKey } = makeSshKeyPair("ada");
  await ada.put(".ssh/id_ed25519", privateKey);
  const made = await ada.secrets(["key", "generate"]);
  const env = { SOPS_AGE_KEY_CMD: "false", SOPS_AGE_KEY_FILE: join(ada.home, "gone") };
  const shown = (await ada.secrets(["key", "show"], { env })).stdout.toString();
  assert.ok(shown.includes(`~/${KEYS}\n  ${line(made)}\n`), shown);
  assert.match(shown, /SOPS_AGE_KEY_CMD\n {2}not run/);
  assert.match(shown, /SOPS_AGE_KEY_FILE \(~\/gone\)\n {2}SOPS_AGE_KEY_FILE names a file that does not exist/);
  assert.match(shown, /~\/\.ssh\/id_ed25519\n {2}ssh-ed25519 SHA256:\S+\n {2}age1\w+ {2}derived\n/);
  assert.ok(!shown.includes("AGE-SECRET-KEY"));
});

test("public keys are converted as ssh-to-age prints them; the rest is told by its line", async (t) => {
  const ada = await person(t);
  const [a, b] = [makeSshKeyPair("a"), makeSshKeyPair("b")];
  await ada.put("b", b.privateKey);
  const text = `# hosts\nweb01 ${a.publicKey}ecdsa-sha2-nistp256 AAAA x\n`;
  const done = await ada.secrets(["key", "convert", "-", "b"], { stdin: text });
  assert.match(done.stdout.toString(), /^age1\w{58}\nage1\w{58}\n$/);
  assert.deepEqual([done.code, done.stderr], [0, "skipped: stdin:3 is an ECDSA key, which age cannot use\n"]);
  const none = await ada.secrets(["key", "convert", "-"], { stdin: "ecdsa-sha2-nistp256 AAAA x\n" });
  assert.deepEqual([none.code, line(none)], [1, ""]);
  const many = await ada.secrets(["key", "convert", "-"], { stdin: "x\n".repeat(1000) });
  assert.match(many.stderr, /skipped: 980 more lines/);
  assert.ok(many.stderr.split("\n").length < 30);
});

test("a key behind a passphrase is opened by the variable of ssh-to-age, and never asks where nobody is", async (t) => {
  const ada = await person(t);
  const locked = new URL("../../../fixtures/age/ssh/ed25519-aes256-ctr", import.meta.url);
  await ada.put("id", await readFile(locked));
  await chmod(join(ada.home, "id"), 0o600);
  const { identity } = JSON.parse(await readFile(new URL("../ssh-to-age.json", locked), "utf8"))[
    "age/ssh/ed25519-aes256-ctr"
  ];
  const opened = await ada.secrets(["key", "convert", "--private", "id"], { env: { SSH_TO_AGE_PASSPHRASE: "pw" } });
  assert.equal(line(opened), identity);
  for (const env of [{}, { SSH_TO_AGE_PASSPHRASE: "wrong" }]) {
    const { code, stderr } = await ada.secrets(["key", "convert", "--private", "id"], { env });
    assert.deepEqual([code, /\[E_PASSPHRASE\]/.test(stderr)], [4, true]);
  }
  assert.equal((await ada.secrets(["key", "import", "--from-ssh", "id"])).code, 4);
});
