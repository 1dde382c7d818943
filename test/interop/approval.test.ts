/** A stranger in the policy, and a person at a terminal who is asked about them. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import { openScreen } from "./screen.ts";

const MAILER = "secrets/services/mailer.env";

async function slipIn(fleet: Sample): Promise<string> {
  await fleet.secrets(["status"]);
  const { recipient } = makeAgeKey();
  const rules = await fleet.read(".sops.yaml");
  const named = rules.replace("  # machines", `  - &eve ${recipient}\n  # machines`);
  await writeFile(
    join(fleet.root, ".sops.yaml"),
    named.replace("          - *web01\n", "          - *web01\n          - *eve\n"),
  );
  await fleet.git(
    "commit",
    "--quiet",
    "--all",
    "--author=Mallory <m@example.org>",
    "-m",
    "Tidy up\u001b]0;owned\u0007",
  );
  return recipient;
}

test("--yes is no answer to whether a stranger was meant; no and Ctrl-C change nothing", async (t) => {
  const fleet = await sampleFleet(t);
  const eve = await slipIn(fleet);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets sync --yes; echo code=$?", "Enter");
  const question = await screen.shows(/Was eve meant to read\?/);
  assert.ok(question.replaceAll("\n", "").includes(eve), "the whole key");
  assert.match(question, /stated at \.sops\.yaml:\d+/);
  assert.match(question, /commit [0-9a-f]{7,} of Mallory, \d{4}/);
  await screen.type("Enter");
  await screen.shows(/E_NOT_APPROVED[\s\S]*code=130/);
  await screen.type("secrets sync --yes; echo second=$?", "Enter");
  await screen.shows(/second=\$[\s\S]*Was eve meant to read\?/);
  await screen.type("C-c");
  await screen.shows(/E_INTERRUPTED[\s\S]*second=130/);
  assert.equal(await fleet.git("status", "--porcelain"), "");
});

test("a yes lets them in, is remembered, and is not asked for again", async (t) => {
  const fleet = await sampleFleet(t);
  const eve = await slipIn(fleet);
  const screen = await openScreen(t, fleet);
  await screen.type("secrets sync; echo code=$?", "Enter");
  await screen.shows(/Was eve meant to read\?/);
  await screen.type("y", "Enter");
  await screen.shows(/in line with the policy\?/);
  await screen.type("y", "Enter");
  await screen.shows(/done: [\s\S]*code=0/);
  assert.ok((await fleet.read(MAILER)).includes(eve));
  await screen.type("clear; secrets trust forget eve; secrets trust accept eve", "Enter");
  await screen.shows(/Approve 1 key\?/);
  await screen.type("n", "Enter");
  await screen.shows(/nothing was approved/);
  await screen.type("secrets trust accept 'eve'", "Enter");
  await screen.shows(/accept 'eve'[\s\S]*Approve 1 key\?/);
  await screen.type("y", "Enter");
  await screen.shows(/approved 1 key on this clone/);
  assert.equal((await fleet.secrets(["rotate", "data-keys", MAILER, "--yes"])).code, 0);
});
