/** What `generate` leaves of a flake's services, against what clan's own `vars generate` left of the same. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { copyFile, readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sampleFleet } from "../cli/sample.ts";

const FIXTURE = fileURLToPath(new URL("../../fixtures/service-flake/", import.meta.url));
const SOPS = join(resolve(process.env["SECRETS_PEERS"] ?? ".peers/bin"), "sops");
const SERVICES = ["shared/ca", "per-machine/web01", "per-machine/db01"].map((place) => `vars/${place}`);

interface Entry {
  readonly mode: string;
  readonly link?: string;
  readonly text?: string;
}

test("the same files, links and modes as clan's, but for the link of who ran it; sops opens every one", async (t) => {
  const clan: Record<string, Entry> = JSON.parse(await readFile(join(FIXTURE, "clan-wrote.json"), "utf8"));
  const fleet = await sampleFleet(t);
  await copyFile(join(FIXTURE, "flake.nix"), join(fleet.root, "flake.nix"));
  await fleet.git("config", "user.name", "test");
  await fleet.git("config", "user.email", "test@example.org");
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Flake");
  const before = new Set((await fleet.git("ls-files", "--", ...SERVICES)).split("\n"));
  const answers = "vars/*/password/password: x1\n";
  const made = await fleet.secrets(["generate", "--yes", "--commit", "--answers", "-"], { stdin: answers });
  assert.equal(made.code, 0, made.stderr);
  const ours: Record<string, Entry> = {};
  for (const line of (await fleet.git("ls-files", "--stage", "--", ...SERVICES)).trim().split("\n")) {
    const [, mode = "", object = "", path = ""] = /^(\d+) ([0-9a-f]+) 0\t(.+)$/.exec(line) ?? [];
    if (before.has(path)) continue;
    const content = await fleet.git("cat-file", "blob", object);
    if (mode === "120000") ours[path] = { mode, link: content };
    else if (/\/(value|\.validation-hash)$/.test(path)) ours[path] = { mode, text: content };
    else ours[path] = { mode };
  }
  const records = Object.keys(ours).filter((path) => path.endsWith("/.inputs.json"));
  assert.equal(records.length, 6);
  for (const path of records) delete ours[path];
  // A group that ada is in reads them all: her own link would only pile up with those of everybody else who ever ran it.
  const acting = Object.keys(clan).filter((path) => path.endsWith("/users/ada"));
  assert.ok(acting.length > 0);
  for (const path of acting) delete clan[path];
  assert.deepEqual(ours, clan);
  const values: Readonly<Record<string, string>> = {
    "vars/shared/ca/key": "key\n",
    "vars/per-machine/web01/tls/certs/tls.pem": "key\npub\n",
    "vars/per-machine/db01/password/password": "x1",
    "vars/per-machine/web01/only/one": "one\n",
  };
  for (const [path, value] of Object.entries(values)) {
    const env = { ...process.env, SOPS_AGE_KEY_FILE: fleet.keyOf("bruno") };
    const { stdout, stderr } = spawnSync(SOPS, ["decrypt", join(fleet.root, path, "secret")], {
      encoding: "utf8",
      env,
    });
    assert.equal(stdout, value, stderr);
  }
});
