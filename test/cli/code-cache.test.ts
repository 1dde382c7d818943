import assert from "node:assert/strict";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { loadCode, prepareCodeCache, storeCode } from "../../src/cli/code-cache.ts";

const uid = process.getuid?.();

test("makes a directory that only this user can enter, and finds it again", (t) => {
  const home = cacheHome(t);
  const made = prepareCodeCache({ XDG_CACHE_HOME: home }, uid);
  assert.equal(made, join(home, "secrets", "code"));
  assert.equal(statSync(made).mode & 0o777, 0o700);
  assert.equal(prepareCodeCache({ XDG_CACHE_HOME: home }, uid), made);
});

test("without XDG_CACHE_HOME, or with a relative one, it lies in ~/.cache", (t) => {
  const home = cacheHome(t);
  const expected = join(home, ".cache", "secrets", "code");
  assert.equal(prepareCodeCache({ HOME: home }, uid), expected);
  assert.equal(prepareCodeCache({ HOME: home, XDG_CACHE_HOME: "tmp" }, uid), expected);
});

const UNSAFE: readonly (readonly [why: string, spoil: (home: string) => void])[] = [
  ["others may write to the cache home", (home) => chmodSync(home, 0o777)],
  ["the cache home is a shared scratch directory", (home) => chmodSync(home, 0o1777)],
  ["the group may write to the directory above", (home) => made(home, "secrets", 0o770)],
  ["others may look into the directory", (home) => made(home, "secrets/code", 0o755)],
  [
    "the directory is a link",
    (home) => {
      mkdirSync(join(home, "secrets"));
      mkdirSync(join(home, "elsewhere"), { mode: 0o700 });
      symlinkSync(join(home, "elsewhere"), join(home, "secrets/code"));
    },
  ],
  [
    "the directory above is a link",
    (home) => {
      mkdirSync(join(home, "elsewhere"), { mode: 0o700 });
      symlinkSync(join(home, "elsewhere"), join(home, "secrets"));
    },
  ],
];
for (const [why, spoil] of UNSAFE) {
  test(`no cache where ${why}`, (t) => {
    const home = cacheHome(t);
    spoil(home);
    assert.equal(prepareCodeCache({ XDG_CACHE_HOME: home }, uid), undefined);
  });
}

test("no cache where someone else owns it", (t) => {
  const env = { XDG_CACHE_HOME: cacheHome(t) };
  assert.equal(prepareCodeCache(env, (uid ?? 0) + 1), undefined);
});

test("no cache, and no error, where none can be made", () => {
  assert.equal(prepareCodeCache({ XDG_CACHE_HOME: "/dev/null" }, uid), undefined);
});

test("keeps code whole, for its owner alone, and forgets other builds", (t) => {
  const directory = cacheHome(t);
  storeCode(directory, "old", "v24-x64-get", Buffer.from("old"));
  storeCode(directory, "new", "v24-x64-get", Buffer.from("code"));
  storeCode(directory, "new", "v24-x64-ls", Buffer.from("other code"));
  assert.deepEqual(readdirSync(directory).sort(), ["new-v24-x64-get", "new-v24-x64-ls"]);
  assert.equal(loadCode(directory, "new", "v24-x64-get")?.toString(), "code");
  assert.equal(loadCode(directory, "old", "v24-x64-get"), undefined);
  assert.equal(statSync(join(directory, "new-v24-x64-get")).mode & 0o777, 0o600);
});

test("spoilt code is not run", (t) => {
  const directory = cacheHome(t);
  const file = join(directory, "build-name");
  storeCode(directory, "build", "name", Buffer.from("code"));
  const whole = readFileSync(file);
  for (let byte = 0; byte < whole.length; byte++) {
    const spoilt = Buffer.from(whole);
    spoilt[byte] = (spoilt[byte] ?? 0) ^ 1;
    writeFileSync(file, spoilt);
    assert.equal(loadCode(directory, "build", "name"), undefined, `byte ${byte} flipped`);
    writeFileSync(file, whole.subarray(0, byte));
    assert.equal(loadCode(directory, "build", "name"), undefined, `cut at byte ${byte}`);
  }
});

test("a cache that cannot be written is no error", () => {
  storeCode("/dev/null", "build", "name", Buffer.from("code"));
});

function cacheHome(t: TestContext): string {
  const home = realpathSync(mkdtempSync(join(tmpdir(), "secrets-cache-")));
  t.after(() => rmSync(home, { recursive: true }));
  return home;
}

function made(home: string, path: string, mode: number): void {
  mkdirSync(join(home, path), { recursive: true, mode: 0o700 });
  chmodSync(join(home, path), mode);
}
