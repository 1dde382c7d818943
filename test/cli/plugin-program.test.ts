import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { after, describe, it } from "node:test";
import { pluginStarter } from "../../src/cli/plugin-program.ts";

const directory = mkdtempSync(join(tmpdir(), "secrets-plugin-program-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const bin = join(directory, "bin");
mkdirSync(bin);
writeFileSync(join(bin, "age-plugin-t"), '#!/bin/sh\necho "$0 $*"\n/usr/bin/env\n');
chmodSync(join(bin, "age-plugin-t"), 0o755);
writeFileSync(join(bin, "age-plugin-plain"), "no program\n");

async function said(env: Record<string, string>): Promise<string[]> {
  const plugin = pluginStarter(env)("t", "identity-v1");
  const chunks: Uint8Array[] = [];
  for await (const chunk of plugin.output) chunks.push(chunk);
  await plugin.end();
  return Buffer.concat(chunks).toString().trim().split("\n");
}

describe("the program of a plugin", () => {
  it("is found on PATH and told which machine it is to be", async () => {
    const [first] = await said({ PATH: `/nowhere:${bin}` });
    assert.equal(first, `${join(bin, "age-plugin-t")} --age-plugin=identity-v1`);
  });

  it("is not looked for where the person stands, nor by a way that leads on from there", () => {
    const here = process.cwd();
    process.chdir(bin);
    try {
      for (const path of ["", ".", ":", "./", relative(process.cwd(), bin) || ".", "/nowhere"]) {
        assert.throws(() => pluginStarter({ PATH: path })("t", "identity-v1"), { code: "E_AGE_PLUGIN_MISSING" });
      }
    } finally {
      process.chdir(here);
    }
  });

  it("that is missing is named, with what to do", () => {
    for (const name of ["none", "plain"]) {
      assert.throws(
        () => pluginStarter({ PATH: bin })(name, "recipient-v1"),
        (error: Error & { code?: string; hint?: string }) => {
          assert.equal(error.code, "E_AGE_PLUGIN_MISSING");
          assert.match(error.message, new RegExp(`age-plugin-${name}`));
          assert.match(error.hint ?? "", /PATH/);
          return true;
        },
      );
    }
  });

  it("has the person's environment, and none of their keys", async () => {
    const given = {
      HOME: "/home/x",
      TERM: "xterm",
      DISPLAY: ":0",
      WAYLAND_DISPLAY: "w",
      SSH_AUTH_SOCK: "/s",
      GPG_TTY: "/dev/tty",
      AGEDEBUG: "x",
      AGE_YUBIKEY_OPTION: "y",
    };
    const keys = [
      "SOPS_AGE_KEY",
      "SOPS_AGE_KEY_FILE",
      "SOPS_AGE_KEY_CMD",
      "SOPS_AGE_SSH_PRIVATE_KEY_FILE",
      "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
      "AGE_KEY",
      "AGE_KEYFILE",
      "AGE_PASSPHRASE",
      "SSH_TO_AGE_PASSPHRASE",
    ];
    const [, ...lines] = await said({
      PATH: bin,
      ...given,
      ...Object.fromEntries(keys.map((key) => [key, "hunter2"])),
    });
    for (const [name, value] of Object.entries(given)) assert.ok(lines.includes(`${name}=${value}`), name);
    assert.ok(!lines.join("\n").includes("hunter2"), lines.join("\n"));
  });
});
