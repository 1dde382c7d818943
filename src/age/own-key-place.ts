/** The one file that sops 3.13.3 reads keys from and that new keys are therefore written to. */
import { SecretsError } from "../errors.ts";
import type { PlacePorts } from "./places.ts";

export interface OwnKeyPlace {
  readonly path: string;
  /** As a person would write it: with `~`. */
  readonly name: string;
}

/**
 * `SOPS_AGE_KEY_FILE`, else `sops/age/keys.txt` in the folder for configuration, which on macOS is
 * `~/Library/Application Support` unless `XDG_CONFIG_HOME` is set.
 *
 * @throws SecretsError `E_NO_HOME` for somebody without a home and without any of these variables
 */
export function ownKeyPlace({ env, home, platform }: PlacePorts): OwnKeyPlace {
  const named = env["SOPS_AGE_KEY_FILE"];
  if (named !== undefined && named !== "") return { path: named, name: named };
  const file = "sops/age/keys.txt";
  const xdg = env["XDG_CONFIG_HOME"];
  // A relative one is void (XDG Base Directory Specification).
  if (xdg?.startsWith("/")) return { path: `${xdg}/${file}`, name: inHome(`${xdg}/${file}`, home) };
  if (home === undefined || home === "") {
    throw new SecretsError("E_NO_HOME", "there is no home directory to keep keys in", {
      hint: "set HOME, or name the key file: SOPS_AGE_KEY_FILE, or --to FILE",
    });
  }
  const folder = platform === "darwin" ? "Library/Application Support" : ".config";
  return { path: `${home}/${folder}/${file}`, name: `~/${folder}/${file}` };
}

/** A path as a person reads it: `~` for their home. */
export function inHome(path: string, home: string | undefined): string {
  return home !== undefined && home.length > 1 && path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path;
}
