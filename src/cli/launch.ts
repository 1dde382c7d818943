/**
 * What `secrets` starts as installed: a few lines that every Node can read. They refuse a Node that is too old in
 * words, turn on Node's compile cache, and only then load the program, so that the cache serves it.
 */
import * as nodeModule from "node:module";
import { prepareCompileCache } from "./compile-cache.ts";
import { VERSION } from "./version.ts";

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`secrets needs Node.js 22.12 or newer, and this is ${process.version}.\n`);
  process.exitCode = 2;
} else {
  const directory = prepareCompileCache({ env: process.env, uid: process.getuid?.(), version: VERSION });
  if (directory !== undefined) nodeModule.enableCompileCache(directory);
  // The bundle beside this file. `require`, because loading the module loader for `import()` costs 4 ms.
  require("./main.cjs");
}
