/**
 * Where Node may keep compiled code for the next start. Whoever can write there runs code in a program that handles
 * secrets, so it is a directory that only this user can change, or none at all.
 */
import { lstatSync, mkdirSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join } from "node:path";

export interface CacheUser {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Undefined where the system has no numeric users; there is no cache there. */
  readonly uid: number | undefined;
  readonly version: string;
}

/**
 * Makes `$XDG_CACHE_HOME/secrets/compile-cache-<version>` (default `~/.cache`) with mode 0700. Never throws.
 *
 * @returns its path without links, or undefined where it cannot be made safe: a cache home, a `secrets` directory or a
 *   cache directory that someone else owns or may write to, or that is a link below the cache home.
 */
export function prepareCompileCache({ env, uid, version }: CacheUser): string | undefined {
  if (uid === undefined) return undefined;
  try {
    const configured = env["XDG_CACHE_HOME"];
    const cacheHome = configured && isAbsolute(configured) ? configured : join(env["HOME"] || homedir(), ".cache");
    mkdirSync(cacheHome, { recursive: true, mode: 0o700 });
    const home = realpathSync(cacheHome);
    const own = join(home, "secrets");
    const cache = join(own, `compile-cache-${version}`);
    mkdirSync(cache, { recursive: true, mode: 0o700 });
    // All three: the owner of a parent could put another directory in the place of the one that was looked at.
    const safe = isOnlyOurs(home, uid, 0o022) && isOnlyOurs(own, uid, 0o022) && isOnlyOurs(cache, uid, 0o077);
    return safe ? cache : undefined;
  } catch {
    return undefined;
  }
}

function isOnlyOurs(path: string, uid: number, forbidden: number): boolean {
  const found = lstatSync(path);
  return found.isDirectory() && found.uid === uid && (found.mode & forbidden) === 0;
}
