/** `sops-install-secrets`, the program by which sops-nix places secrets on a machine. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/repo/program.ts";
import { PEERS } from "./access-witness.ts";

const consumer = join(PEERS, "sops-install-secrets");
const reason = `${consumer}.not-served`;
/** Why it is not here, or false. */
export const notServed = !existsSync(consumer) && existsSync(reason) && readFileSync(reason, "utf8").trim();

/** One entry, without what is the same for all. */
export interface Entry {
  readonly name: string;
  readonly sopsFile: string;
  readonly [option: string]: unknown;
}

/** Places whole documents below `target/run/secrets`. */
export function install(root: string, target: string, keys: object, paths: readonly string[]) {
  const entries = paths.map((path) => ({
    name: path,
    key: "",
    sopsFile: join(root, path),
    format: path.endsWith(".env") ? "dotenv" : "binary",
  }));
  return run([consumer, "-ignore-passwd", writeManifest(target, keys, entries)], { env: environment(target) });
}

/** Unprivileged, without mounts: what home-manager uses on a user's machine. @returns its path */
export function writeManifest(target: string, keys: object, entries: readonly Entry[]): string {
  const manifest = {
    userMode: true,
    secretsMountPoint: join(target, "run/secrets.d"),
    symlinkPath: join(target, "run/secrets"),
    keepGenerations: 1,
    gnupgHome: "",
    sshKeyPaths: [],
    ...keys,
    templates: [],
    placeholderBySecretName: {},
    secrets: entries.map((entry) => ({
      path: join(target, "run/secrets", entry.name),
      mode: "0400",
      uid: 0,
      gid: 0,
      restartUnits: [],
      reloadUnits: [],
      ...entry,
    })),
  };
  const path = join(target, "manifest.json");
  writeFileSync(path, JSON.stringify(manifest));
  return path;
}

export function runConsumer(target: string, args: readonly string[]) {
  return spawnSync(consumer, args, { env: environment(target), encoding: "utf8" });
}

function environment(target: string): NodeJS.ProcessEnv {
  return { XDG_RUNTIME_DIR: target, HOME: "/var/empty", PATH: process.env["PATH"] };
}
