/** Entries of `sops.secrets` as sops-nix hands them to its program: looked through, and placed where nobody is root. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { temporaryDirectory } from "../cli/harness.ts";
import { runConsumer, writeManifest } from "./consumer.ts";
import type { NixEvaluator } from "./nix-evaluator.ts";

type Entries = Readonly<Record<string, Readonly<Record<string, unknown>> & { readonly sopsFile: string }>>;

export interface PlacedFile {
  readonly mode: number;
  readonly bytes: Buffer;
}

/** @returns by name, what is on the machine after an activation */
export async function install(
  t: TestContext,
  nix: NixEvaluator,
  entries: Entries,
  ageKeyFile: string,
): Promise<ReadonlyMap<string, PlacedFile>> {
  const target = await temporaryDirectory(t);
  const checked = start(target, nix, entries, ageKeyFile, "-check-mode=sopsfile");
  assert.equal(checked.status, 0, checked.stderr);
  const { status, stderr } = start(target, nix, entries, ageKeyFile, "-ignore-passwd");
  assert.equal(status, 0, stderr);
  const files = Object.keys(entries).map((name): [string, PlacedFile] => {
    const path = join(target, "run/secrets", name);
    return [name, { mode: statSync(path).mode & 0o777, bytes: readFileSync(path) }];
  });
  return new Map(files);
}

/** What it says of entries that it refuses when a configuration is built. */
export async function refusal(t: TestContext, nix: NixEvaluator, entries: Entries): Promise<string> {
  const { status, stderr } = start(await temporaryDirectory(t), nix, entries, "", "-check-mode=sopsfile");
  assert.notEqual(status, 0);
  return stderr;
}

function start(target: string, nix: NixEvaluator, entries: Entries, ageKeyFile: string, mode: string) {
  const secrets = Object.entries(entries).map(([name, entry]) => ({
    // What the options of sops-nix fill in.
    ...{ name, key: name, owner: null, group: null },
    ...entry,
    sopsFile: nix.onDisk(entry.sopsFile),
  }));
  return runConsumer(target, [mode, writeManifest(target, { ageKeyFile, ageSshKeyPaths: [] }, secrets)]);
}
