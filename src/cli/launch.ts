#!/usr/bin/env node
/**
 * What `secrets` starts as installed: a few lines that every Node can read. They refuse a Node that is too old in
 * words, then run the program (`main.cjs`, beside this file) from compiled code that an earlier run left behind.
 *
 * Node's own compile cache is not used because it keeps the code as it is right after loading, when next to nothing of
 * a bundle is compiled yet. Taken when the run ends, it holds what that command really needed: measured for a command
 * that parses YAML, in times of a bare Node, 1.5 against 1.9, and 2.0 without any cache.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Script } from "node:vm";
import { loadCode, prepareCodeCache, storeCode } from "./code-cache.ts";
import { takeGlobalOptions } from "./global-options.ts";

/** Set by the build: a hash of `main.cjs`. V8 itself compares no more of the source than its length. */
declare const BUILD: string;

/**
 * Commands that read every document and keep little of each. Left alone, the young part of the heap grows with what
 * they throw away: 290 MB for ten thousand documents, against 120 in the same time. Set before any code is loaded,
 * since compiled code is kept for the flags that it was made with.
 */
const READ_EVERYTHING: ReadonlySet<string> = new Set(["access", "check", "ls", "status"]);
/**
 * Commands that seal documents anew. They keep the new contents of all of them until everything is staged, so there is
 * less room for garbage: three thousand documents take 420 MB if left alone, 180 like this, ten thousand below 400. With
 * the least room of all they would take a quarter longer.
 */
const SEAL_MANY: ReadonlySet<string> = new Set(
  "apply grant group machine rekey revoke rotate sync undo updatekeys user".split(" "),
);

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 12)) {
  process.stderr.write(`secrets needs Node.js 22.12 or newer, and this is ${process.version}.\n`);
  process.exitCode = 2;
} else {
  launch();
}

function launch(): void {
  const command = commandName(process.argv.slice(2));
  if (READ_EVERYTHING.has(command) || SEAL_MANY.has(command)) {
    // Loaded where it is needed: it costs 3 ms, and `get` has none to give away.
    const { setFlagsFromString }: typeof import("node:v8") = require("node:v8");
    setFlagsFromString("--semi-space-growth-factor=1");
    if (SEAL_MANY.has(command)) setFlagsFromString("--min-semi-space-size=4");
    if (SEAL_MANY.has(command)) setFlagsFromString("--heap-growing-percent=30");
  }
  const directory = prepareCodeCache(process.env, process.getuid?.());
  if (directory === undefined) {
    require("./main.cjs");
    return;
  }
  const name = `${process.version}-${process.arch}-${command}`;
  const cachedData = loadCode(directory, BUILD, name);
  const filename = join(__dirname, "main.cjs");
  // One line, so that line numbers stay; the bundle is ASCII.
  const source = `(function(require,module,exports){${readFileSync(filename, "latin1")}\n})`;
  const script = new Script(source, { filename, ...(cachedData === undefined ? {} : { cachedData }) });
  if (cachedData === undefined || script.cachedDataRejected) {
    process.once("exit", (code) => {
      // A mistyped command ends with another code and is not worth a file.
      if (code === 0 || code === 1) storeCode(directory, BUILD, name, script.createCachedData());
    });
  }
  const module = { exports: {} };
  script.runInThisContext()(require, module, module.exports);
}

/** Each command needs other code, so each has its own. */
function commandName(argv: readonly string[]): string {
  try {
    const [first = "status"] = takeGlobalOptions(argv).rest;
    return /^[a-z]{2,16}$/.test(first) ? first : "other";
  } catch {
    return "other";
  }
}
