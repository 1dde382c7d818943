import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { prepareCompileCache } from "../../src/cli/compile-cache.ts";

const uid = process.getuid?.();

test("makes a directory that only this user can enter, and finds it again", (t) => {
  const home = cacheHome(t);
  const made = prepareCompileCache({ env: { XDG_CACHE_HOME: home }, uid, version: "1.2.3" });
  assert.equal(made, join(home, "secrets", "compile-cache-1.2.3"));
  assert.equal(statSync(made).mode & 0o777, 0o700);
  assert.equal(prepareCompileCache({ env: { XDG_CACHE_HOME: home }, uid, version: "1.2.3" }), made);
});

test("without XDG_CACHE_HOME, or with a relative one, it lies in ~/.cache", (t) => {
  const home = cacheHome(t);
  const expected = join(home, ".cache", "secrets", "compile-cache-1.2.3");
  assert.equal(prepareCompileCache({ env: { HOME: home }, uid, version: "1.2.3" }), expected);
  assert.equal(prepareCompileCache({ env: { HOME: home, XDG_CACHE_HOME: "tmp" }, uid, version: "1.2.3" }), expected);
});

const UNSAFE: readonly (readonly [why: string, spoil: (home: string) => void])[] = [
  ["others may write to the cache home", (home) => chmodSync(home, 0o777)],
  ["the cache home is a shared scratch directory", (home) => chmodSync(home, 0o1777)],
  ["the group may write to the directory above", (home) => made(home, "secrets", 0o770)],
  ["others may look into the directory", (home) => made(home, "secrets/compile-cache-1.2.3", 0o755)],
  [
    "the directory is a link",
    (home) => {
      mkdirSync(join(home, "secrets"));
      mkdirSync(join(home, "elsewhere"), { mode: 0o700 });
      symlinkSync(join(home, "elsewhere"), join(home, "secrets/compile-cache-1.2.3"));
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
    assert.equal(prepareCompileCache({ env: { XDG_CACHE_HOME: home }, uid, version: "1.2.3" }), undefined);
  });
}

test("no cache where someone else owns it", (t) => {
  const env = { XDG_CACHE_HOME: cacheHome(t) };
  assert.equal(prepareCompileCache({ env, uid: (uid ?? 0) + 1, version: "1.2.3" }), undefined);
});

test("no cache, and no error, where none can be made", () => {
  assert.equal(prepareCompileCache({ env: { XDG_CACHE_HOME: "/dev/null" }, uid, version: "1.2.3" }), undefined);
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
