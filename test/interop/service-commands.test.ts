/** The `service` commands in a fleet whose services are clan's: evaluated by the real Nix, from a flake in the shape of clan's. */
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { sampleFleet } from "../cli/sample.ts";

const FLAKE = fileURLToPath(new URL("../../fixtures/service-flake/flake.nix", import.meta.url));

test("what the flake defines is listed, shown and completed, edited where Nix has it, and not defined a second time", async (t) => {
  const fleet = await sampleFleet(t);
  await copyFile(FLAKE, join(fleet.root, "flake.nix"));
  await fleet.git("add", "--all");
  const service = async (...argv: string[]) => {
    const env = { SECRETS_EDITOR: "false" };
    const { code, stdout, stderr } = await fleet.secrets(["service", ...argv], { env });
    return { code, out: stdout.toString(), err: stderr };
  };
  const early = await service("ls", "--no-nix");
  assert.deepEqual([early.code, early.out], [2, ""]);
  assert.match(early.err, /E_NO_NIX/);
  const list = await service("ls");
  assert.match(list.err, /nix: evaluating the services of this flake/);
  assert.match(list.out, /^vars\/shared\/ca +missing +script +flake$/m);
  assert.equal((await service("ls", "--no-nix")).out, list.out, "remembered");
  assert.match((await service("show", "ca")).out, /^defined in +the flake, as a generator of clan's$/m);
  const edit = await service("edit", "ca");
  assert.equal(edit.code, 3);
  assert.match(edit.err, /E_SERVICE_FLAKE[\s\S]*clan\.core\.vars\.generators\.ca/);
  const proposals = await fleet.secrets(["__complete", "--", "service", "show", "c"]);
  assert.deepEqual([proposals.stdout.toString(), proposals.stderr], ["ca\n", ""]);
  const twice = await service("new", "ca", "--kind", "x509-ca", "--share", "--machine", "all");
  assert.match(twice.err, /E_SERVICE_TWICE/);
  assert.equal(await fleet.git("status", "--porcelain"), "A  flake.nix\n");
  // A definition of ours reads what a generator of clan's makes.
  const tls = ["new", "copied", "--kind", "copy", "--machine", "web01"];
  assert.match((await service(...tls)).err, /still wrong: vars\/web01\/copied depends on other/);
  const script = `sed -i -e 's/other/ca/' -e 's/from: .*/from: ca\\/key/'`;
  const saved = await fleet.secrets(["service", "edit", "copied"], { env: { SECRETS_EDITOR: script } });
  assert.equal(saved.code, 0, saved.stderr);
  assert.equal((await service("check")).code, 0);
});
