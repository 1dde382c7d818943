/**
 * Where compiled code is kept for the next start. Whoever can write there runs code in a program that handles
 * secrets, so it is a directory that only this user can change, or none at all.
 */
import { hash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writevSync,
} from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

/**
 * Makes `$XDG_CACHE_HOME/secrets/code` (default `~/.cache/secrets/code`) with mode 0700. Never throws.
 *
 * @param uid undefined where the system has no numeric users; there is no cache there.
 * @returns its path without links, or undefined where it cannot be made safe: a cache home, a `secrets` directory or a
 *   `code` directory that someone else owns or may write to, or that is a link below the cache home.
 */
export function prepareCodeCache(
  env: Readonly<Record<string, string | undefined>>,
  uid: number | undefined,
): string | undefined {
  if (uid === undefined) return undefined;
  try {
    const configured = env["XDG_CACHE_HOME"];
    const cacheHome = configured && isAbsolute(configured) ? configured : join(env["HOME"] || homedir(), ".cache");
    mkdirSync(cacheHome, { recursive: true, mode: 0o700 });
    const home = realpathSync(cacheHome);
    const own = join(home, "secrets");
    const cache = join(own, "code");
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    // All three: the owner of a parent could put another directory in the place of the one that was looked at.
    const safe = isOnlyOurs(home, uid, 0o022) && isOnlyOurs(own, uid, 0o022) && isOnlyOurs(cache, uid, 0o077);
    return safe ? cache : undefined;
  } catch {
    return undefined;
  }
}

const DIGEST_BYTES = 32;

/**
 * What `storeCode` kept, or undefined. A digest stands behind it because V8 runs what it is given: a flipped bit in a
 * code cache ends in a wrong program or a crash, at every start until someone finds the file.
 */
export function loadCode(directory: string, build: string, name: string): Uint8Array | undefined {
  try {
    const file = readFileSync(join(directory, `${build}-${name}`));
    const data = file.subarray(0, -DIGEST_BYTES);
    return hash("sha256", data, "buffer").equals(file.subarray(-DIGEST_BYTES)) ? data : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Keeps `data` as `<build>-<name>` and forgets what other builds left. Whole or not at all; never throws, for a cache
 * that cannot be written is no reason to fail.
 */
export function storeCode(directory: string, build: string, name: string, data: Uint8Array): void {
  const temporary = join(directory, `${build}-${process.pid}.tmp`);
  try {
    const file = openSync(temporary, "wx", 0o600);
    try {
      writevSync(file, [data, hash("sha256", data, "buffer")]);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, join(directory, `${build}-${name}`));
    for (const other of readdirSync(directory)) if (!other.startsWith(`${build}-`)) rmSync(join(directory, other));
  } catch {
    removeIfThere(temporary);
  }
}

function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What cannot be written cannot be cleaned either.
  }
}

function isOnlyOurs(path: string, uid: number, forbidden: number): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === uid && (found.mode & forbidden) === 0;
}
