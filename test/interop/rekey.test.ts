/** Documents whose readers we changed before the real sops 3.13.3, and documents whose readers it changed before us. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { DataKeyOpener } from "../../src/sops/datakey.ts";
import { openWithGpg, type RunGpg, sealWithGpg } from "../../src/sops/pgp.ts";
import { plainBytes } from "../../src/sops/plain-text.ts";
import { type ReaderKey, rekeyFile } from "../../src/sops/rekey-file.ts";
import type { Format } from "../../src/sops/store.ts";
import {
  golden,
  goldenFiles,
  goldenKey,
  goldenOpener,
  open,
  RECIPIENT_1,
  RECIPIENT_2,
  RECIPIENT_3,
} from "../sops/golden.ts";
import { ages, groupsOf, hex, pgp, rekey, sealAny } from "../sops/rekeyed.ts";

const SOPS = join(process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname, "sops");
const SUFFIX: Readonly<Record<Format, string>> = {
  yaml: "yaml",
  json: "json",
  dotenv: "env",
  ini: "ini",
  binary: "bin",
};
const FORMATS = Object.keys(SUFFIX) as Format[];
const RECIPIENTS = { age1: RECIPIENT_1, age2: RECIPIENT_2, age3: RECIPIENT_3 } as const;
const NAMES = ["age1", "age2", "age3"] as const;

let folder = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-rekey-"));
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function run(args: readonly string[], keys: string, more: NodeJS.ProcessEnv = {}) {
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    SOPS_AGE_KEY: keys,
    SOPS_DISABLE_VERSION_CHECK: "1",
    ...more,
  };
  const { status, stdout, stderr, error } = spawnSync(SOPS, args, { cwd: folder, env });
  if (error !== undefined) throw error;
  return { status, stdout, stderr: stderr.toString() };
}

function sops(args: readonly string[], keys = goldenKey("age1"), more: NodeJS.ProcessEnv = {}): Buffer {
  const { status, stdout, stderr } = run(args, keys, more);
  assert.equal(status, 0, stderr);
  return stdout;
}

function place(format: Format, content: string | Uint8Array): string {
  const path = join(folder, `case.${SUFFIX[format]}`);
  writeFileSync(path, content);
  return path;
}

/** A `.sops.yaml` with one rule for everything. */
function config(rule: string): string {
  const path = join(folder, "config.yaml");
  writeFileSync(path, `creation_rules:\n  - ${rule}\n`);
  return path;
}

function keyGroups(groups: readonly (readonly ReaderKey[])[]): string {
  const list = (group: readonly ReaderKey[]) => `age: [${group.map(({ id }) => JSON.stringify(id)).join(", ")}]`;
  return `key_groups:\n${groups.map((group) => `      - ${list(group)}\n`).join("")}`;
}

/** sops compares the readers with those of the rule, group by group. */
function assertUpToDate(path: string, rule: string): void {
  const before = readFileSync(path);
  const { status, stderr } = run(["--config", config(rule), "updatekeys", "-y", path], goldenKey("age1"));
  assert.equal(status, 0, stderr);
  assert.match(stderr, /already up to date/);
  assert.deepEqual(readFileSync(path), before);
}

/** The newest document of each format. */
const START: Readonly<Record<Format, string>> = {
  yaml: "basic-yaml/enc-3.13.2.yaml",
  json: "basic-json/enc-3.13.2.json",
  dotenv: "basic-env/enc-3.13.2.env",
  ini: "basic-ini/enc-3.13.2.ini",
  binary: "blob-bin/enc-3.13.2.bin",
};

test("the peer is sops 3.13.3", () => {
  assert.match(sops(["--version", "--disable-version-check"]).toString(), /^sops 3\.13\.3\b/);
});

for (const format of FORMATS) {
  for (const freshDataKey of [false, true]) {
    const title = freshDataKey ? "with a new data key" : "with the old data key";

    test(`${format}, ${title}: sops opens with each key that stays or came, and not with the one that went`, async () => {
      const first = await open(golden(START[format]).bytes, format);
      for (const gone of NAMES) {
        const readers = ages(...NAMES.filter((name) => name !== gone).map((name) => RECIPIENTS[name]));
        const rekeyed = await rekey(first, [readers], { freshDataKey });
        const path = place(format, rekeyed.text);
        const want = Buffer.from(plainBytes(format, first.documents));
        for (const name of NAMES) {
          if (name !== gone) assert.deepEqual(sops(["decrypt", path], goldenKey(name)), want);
          else assert.equal(run(["decrypt", path], goldenKey(name)).status, 128);
        }
        assertUpToDate(
          path,
          `age: ${readers
            .map(({ id }) => id)
            .toReversed()
            .join(",")}`,
        );
      }
    });

    test(`${format}, ${title}: of three groups sops needs two keys, whichever`, async () => {
      const first = await open(golden(START[format]).bytes, format);
      const groups = NAMES.map((name) => ages(RECIPIENTS[name]));
      const split = await rekey(first, groups, { freshDataKey, shamirThreshold: 2 });
      const path = place(format, split.text);
      const want = Buffer.from(plainBytes(format, first.documents));
      for (const [a, b] of [
        ["age1", "age2"],
        ["age1", "age3"],
        ["age2", "age3"],
      ] as const) {
        assert.deepEqual(sops(["decrypt", path], `${goldenKey(a)}\n${goldenKey(b)}`), want);
      }
      assert.notEqual(run(["decrypt", path], goldenKey("age2")).status, 0);
      assertUpToDate(path, keyGroups(groups));
      const whole = await rekey(split, [ages(RECIPIENT_3)], { freshDataKey });
      assert.deepEqual(sops(["decrypt", place(format, whole.text)], goldenKey("age3")), want);
    });
  }

  test(`${format}: what sops updatekeys and rotate wrote is rekeyed, and opened by it again`, async () => {
    const path = place(format, golden(START[format]).bytes);
    const both = `${goldenKey("age1")}\n${goldenKey("age2")}`;
    const steps: (() => unknown)[] = [
      () => sops(["--config", config(`age: ${RECIPIENT_1},${RECIPIENT_3}`), "updatekeys", "-y", path]),
      () => sops(["rotate", "-i", path]),
      () => sops(["rotate", "-i", "--add-age", RECIPIENT_2, path]),
      () => sops(["--config", config(keyGroups([ages(RECIPIENT_1), ages(RECIPIENT_2)])), "updatekeys", "-y", path]),
      () => sops(["rotate", "-i", path], both),
    ];
    for (const [i, step] of steps.entries()) {
      step();
      const theirs = await open(readFileSync(path), format, goldenOpener("age1", "age2"));
      const want = Buffer.from(plainBytes(format, theirs.documents));
      for (const freshDataKey of [false, true]) {
        const ours = await rekey(theirs, [ages(RECIPIENT_2, RECIPIENT_1)], { freshDataKey });
        const rekeyed = join(folder, `ours.${SUFFIX[format]}`);
        writeFileSync(rekeyed, ours.text);
        assert.deepEqual(sops(["decrypt", rekeyed], goldenKey("age2")), want, `step ${i}`);
        assert.notEqual(run(["decrypt", rekeyed], goldenKey("age3")).status, 0);
        assertUpToDate(rekeyed, `age: ${RECIPIENT_1},${RECIPIENT_2}`);
        // sops goes on with what we wrote.
        sops(["rotate", "-i", rekeyed], goldenKey("age2"));
        assert.deepEqual(sops(["decrypt", rekeyed]), want);
      }
    }
  });
}

for (const { name, bytes, format } of goldenFiles()) {
  test(`${name}: sops opens it with new readers, whichever version wrote it`, async () => {
    const first = await open(bytes, format);
    const want = Buffer.from(plainBytes(format, first.documents));
    for (const freshDataKey of [false, true]) {
      const rekeyed = await rekey(first, [ages(RECIPIENT_3, RECIPIENT_1)], { freshDataKey });
      const path = place(format, rekeyed.text);
      assert.deepEqual(sops(["decrypt", path], goldenKey("age3")), want);
      assert.notEqual(run(["decrypt", path], goldenKey("age2")).status, 0);
    }
  });
}

for (const format of FORMATS) {
  test(`${format}: readers that sops adds stand where ours do`, async () => {
    const blind = (text: string): string =>
      text
        .replaceAll(/(BEGIN AGE ENCRYPTED FILE-----)[^-]*/g, "$1")
        .replaceAll(/ENC\[[^\]]*\]/g, "ENC")
        // sops aligns the whole section anew; ours leaves the lines that it does not change.
        .replaceAll(/ +=/g, " =");
    const start = golden(START[format]).bytes;
    for (const groups of [
      [ages(RECIPIENT_1, RECIPIENT_2, RECIPIENT_3)],
      [ages(RECIPIENT_1)],
      [ages(RECIPIENT_1), ages(RECIPIENT_3, RECIPIENT_2)],
    ]) {
      const path = place(format, start);
      sops(["--config", config(keyGroups(groups)), "updatekeys", "-y", path]);
      const ours = await rekey(await open(start, format), groups);
      // The start is a file of 3.13.2, whose default selector sops adds to binary documents.
      const theirs = readFileSync(path, "utf8").replace(
        format === "binary" ? /\t\t"unencrypted_suffix": "_unencrypted",\n/ : /$^/,
        "",
      );
      assert.equal(blind(ours.text), blind(theirs));
      assert.deepEqual(groupsOf(ours.file), groupsOf((await open(theirs, format)).file));
    }
  });
}

test("PGP: sops opens with gpg what a PGP reader was added to, and not what one was taken from", async () => {
  const GNUPGHOME = join(folder, "gnupg");
  mkdirSync(GNUPGHOME, { mode: 0o700 });
  const env = { ...process.env, GNUPGHOME };
  const gpg: RunGpg = async ([program = "", ...args], stdin) => {
    const { status, stdout, stderr } = spawnSync(program, args, { input: stdin, env });
    return { code: status ?? 1, stdout, stderr: stderr.toString() };
  };
  const generate = [
    "--batch",
    "--passphrase",
    "",
    "--quick-gen-key",
    "Test <t@example.org>",
    "default",
    "default",
    "never",
  ];
  execFileSync("gpg", generate, { env, stdio: "ignore" });
  try {
    const listed = execFileSync("gpg", ["--list-keys", "--with-colons"], { env, stdio: ["ignore", "pipe", "ignore"] });
    const fingerprint = /^fpr:+([0-9A-F]{40})/m.exec(listed.toString())?.[1] ?? "";
    for (const name of ["basic-yaml/enc-3.9.4.yaml", "basic-json/enc-3.9.4.json", "basic-ini/enc-3.13.2.ini"]) {
      const { bytes, format } = golden(name);
      const first = await open(bytes, format);
      const want = Buffer.from(plainBytes(format, first.documents));
      for (const freshDataKey of [false, true]) {
        const { text } = await rekeyFile(first.file, first.dataKey, {
          keyGroups: [[pgp(fingerprint), ...ages(RECIPIENT_1)]],
          freshDataKey,
          now: new Date("2030-01-02T03:04:05Z"),
          seal: (key, dataKey) => (key.type === "pgp" ? sealWithGpg(key.id, dataKey, gpg) : sealAny(key, dataKey)),
        });
        const path = place(format, text);
        assert.deepEqual(sops(["decrypt", path], "", { GNUPGHOME }), want);
        assert.deepEqual(sops(["decrypt", path]), want);
        assert.notEqual(run(["decrypt", path], goldenKey("age2"), { GNUPGHOME: join(folder, "none") }).status, 0);
        const opener: DataKeyOpener = { open: async (key) => (key.type === "pgp" ? openWithGpg(key, gpg) : null) };
        const opened = await open(text, format, opener);
        assert.equal(hex(opened.dataKey) === hex(first.dataKey), !freshDataKey);
        const less = place(format, (await rekey(opened, [ages(RECIPIENT_1)])).text);
        assert.deepEqual(sops(["decrypt", less]), want);
        assert.notEqual(run(["decrypt", less], "", { GNUPGHOME }).status, 0);
      }
    }
  } finally {
    spawnSync("gpgconf", ["--kill", "all"], { env });
  }
});
