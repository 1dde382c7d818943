/** `generate` killed while a script has values in its hands: nothing has changed, and nothing plain is left. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sampleFleet } from "../cli/sample.ts";
import { canaryPlaces, processesNamed, until } from "./plain-text-left.ts";

const MAIN = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));
const TYPED = "canary-that-was-typed";
const MADE = "canary-that-was-made";

for (const signal of ["SIGKILL", "SIGTERM", "SIGINT"] as const) {
  test(`ended by ${signal} in the middle of a script`, async (t) => {
    const fleet = await sampleFleet(t);
    await mkdir(join(fleet.root, "vars/services"));
    await writeFile(
      join(fleet.root, "vars/services/first.yaml"),
      `machines: [web01]\nprompts: { word: { type: hidden } }\nfiles: { one: }\nscript: |\n  printf '%s-%s %s' canary that-was-made "$(cat $prompts/word)" > $out/one\n`,
    );
    await writeFile(
      join(fleet.root, "vars/services/second.yaml"),
      "machines: [web01]\ndependencies: [first]\nfiles: { two: }\nscript: |\n  cat $in/first/one > $out/two; sleep 47\n",
    );
    await fleet.git("add", "--all");
    await fleet.git("commit", "--quiet", "-m", "Define");
    const child = spawn(process.execPath, [MAIN, "generate", "--yes", "--answers", "-"], {
      cwd: fleet.root,
      env: { ...process.env, HOME: join(dirname(fleet.root), "home"), SOPS_AGE_KEY_FILE: fleet.keyOf("ada") },
      stdio: ["pipe", "pipe", "pipe"],
    });
    t.after(() => child.kill("SIGKILL"));
    child.stdin.end(`vars/web01/first/word: ${TYPED}\n`);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    await until(() => processesNamed("sleep 47") > 0 && canaryPlaces(MADE).length > 0);
    child.kill(signal);
    await once(child, "exit");
    await until(() => processesNamed("sleep 47") === 0 && canaryPlaces(MADE).length === 0);
    // The git directory and the home as well.
    const folders = [fleet.root, join(dirname(fleet.root), "home")];
    assert.deepEqual([...canaryPlaces(MADE, folders), ...canaryPlaces(TYPED, folders)], []);
    assert.ok(!said.includes("canary"), said);
    assert.equal(await fleet.git("status", "--porcelain"), "");
    assert.equal((await fleet.secrets(["status"])).code, 0);
  });
}
