/** The same tests on systems that this one is not: without `/proc` (macOS), and on file systems without hard links. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";

const SYSTEMS = {
  "without /proc": `const real = fs.existsSync; fs.existsSync = (path) => path !== "/proc/self/fd" && real(path);`,
  "without hard links": `fs.linkSync = () => { throw Object.assign(new Error("no links"), { code: "EPERM" }); };`,
};
/** One makes hard links itself; the other is about the moment between look and use, which only `/proc` closes. */
const NOT_THERE = "second name|swapped for a link after";

for (const [name, change] of Object.entries(SYSTEMS)) {
  for (const file of ["transaction", "recovery", "read", "lock"]) {
    it(`${file}, ${name}`, () => {
      const code = `import fs from "node:fs"; import { syncBuiltinESMExports } from "node:module"; ${change} syncBuiltinESMExports();`;
      const { NODE_TEST_CONTEXT: _, ...env } = process.env;
      const url = `data:text/javascript,${encodeURIComponent(code)}`;
      const path = new URL(`${file}.test.ts`, import.meta.url).pathname;
      const args = ["--import", url, `--test-skip-pattern=${NOT_THERE}`, path];
      const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8", env });
      assert.equal(status, 0, stdout);
      assert.match(stdout, /pass [1-9]/);
    });
  }
}
