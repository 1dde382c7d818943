/** Puts the test plugin onto a PATH of its own. */
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { encodeBech32 } from "../../../src/age/bech32.ts";

const PROGRAM = fileURLToPath(new URL("test-plugin.ts", import.meta.url));

export interface InstalledPlugin {
  /** `PATH` with it, and where it keeps its log. @param modes as test-plugin.ts has them */
  readonly env: (modes?: string) => Record<string, string>;
  /** One for each session so far: `identity-v1 17 <process>`. */
  readonly sessions: () => string[];
}

/** @param name of the program: `age-plugin-<name>` */
export function installPlugin(directory: string, name = "test"): InstalledPlugin {
  const bin = join(directory, "plugin-bin");
  mkdirSync(bin, { recursive: true });
  const path = join(bin, `age-plugin-${name}`);
  writeFileSync(path, `#!/bin/sh\nexec '${process.execPath}' --no-warnings '${PROGRAM}' "$@"\n`);
  chmodSync(path, 0o755);
  const log = join(directory, "plugin.log");
  return {
    env: (modes = "") => ({
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      TEST_PLUGIN: modes,
      TEST_PLUGIN_LOG: log,
    }),
    sessions: () => (existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : []),
  };
}

export interface PluginKey {
  readonly recipient: string;
  readonly identity: string;
  /** As plugins write their identity files. */
  readonly file: string;
}

export function makePluginKey(name = "test"): PluginKey {
  const bytes = randomBytes(32);
  const recipient = encodeBech32(`age1${name}`, bytes);
  const identity = encodeBech32(`age-plugin-${name}-`, bytes).toUpperCase();
  return { recipient, identity, file: `# a key of the test plugin\n#    Recipient: ${recipient}\n${identity}\n` };
}
