/** Entries of `sops.secrets` as sops-nix hands them to its program: looked through, and placed where nobody is root. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { TestContext } from "node:test";
import { temporaryDirectory } from "../cli/harness.ts";
import type { NixEvaluator } from "./nix-evaluator.ts";

const consumer = join(resolve(process.env["SECRETS_PEERS"] ?? ".peers/bin"), "sops-install-secrets");
const reason = `${consumer}.not-served`;
/** Why it is not here, or false. */
export const notServed = !existsSync(consumer) && existsSync(reason) && readFileSync(reason, "utf8").trim();

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
    ...{ name, key: name, mode: "0400", owner: null, uid: 0, group: null, gid: 0, restartUnits: [], reloadUnits: [] },
    path: join(target, "run/secrets", name),
    ...entry,
    sopsFile: nix.onDisk(entry.sopsFile),
  }));
  const manifest = {
    userMode: true,
    secretsMountPoint: join(target, "run/secrets.d"),
    symlinkPath: join(target, "run/secrets"),
    keepGenerations: 1,
    gnupgHome: "",
    sshKeyPaths: [],
    ageKeyFile,
    ageSshKeyPaths: [],
    templates: [],
    placeholderBySecretName: {},
    secrets,
  };
  const path = join(target, "manifest.json");
  writeFileSync(path, JSON.stringify(manifest));
  const env = { XDG_RUNTIME_DIR: target, HOME: "/var/empty", PATH: process.env["PATH"] };
  return spawnSync(consumer, [mode, path], { env, encoding: "utf8" });
}
