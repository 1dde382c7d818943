/** The key file of the person, as `secrets key` adds to it. */
import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { growKeyList, type KeyEntry } from "../age/key-list.ts";
import { inHome, type OwnKeyPlace, ownKeyPlace } from "../age/own-key-place.ts";
import { SecretsError } from "../errors.ts";
import { changePrivateFile } from "../repo/private-file.ts";
import { readPrivateFile } from "../repo/read-private-file.ts";
import { findRoot } from "../repo/root.ts";
import type { Context } from "./context.ts";
import { insideRepository, isInside } from "./outside.ts";

/**
 * @param typed what `--to` names; undefined for the file that sops reads
 * @throws SecretsError `E_KEY_FILE` for a place inside of a fleet, `E_NO_HOME`
 */
export async function keyFilePlace(context: Context, typed: string | undefined): Promise<OwnKeyPlace> {
  const place = placeOf(context, typed);
  const { path, isDefault } = place;
  // By where it really lies: it may be a link.
  const real = readPrivateFile(path, place.name).path;
  // Whose home is a repository keeps their configuration in it, and out of its commits.
  await refuseInFleet(real, typed ?? place.name, isDefault ? context.home : undefined);
  return place;
}

function placeOf(context: Context, typed: string | undefined): OwnKeyPlace & { readonly isDefault: boolean } {
  const named = typed ?? (context.env["SOPS_AGE_KEY_FILE"] || undefined);
  if (named === undefined) return { ...ownKeyPlace(context), isDefault: true };
  const path = typed === undefined ? resolve(named) : resolve(context.directory, named);
  return { path, name: inHome(path, context.home), isDefault: false };
}

export interface Added {
  readonly added: readonly KeyEntry[];
  readonly known: readonly KeyEntry[];
  /** Others could read the file, and cannot any more. */
  readonly tightened: boolean;
}

/** Adds what is not there yet, all or none. @throws SecretsError what `changePrivateFile` and `growKeyList` throw */
export async function addToKeyFile({ path, name }: OwnKeyPlace, entries: readonly KeyEntry[]): Promise<Added> {
  const { open } = readPrivateFile(path, name);
  let grown = await growKeyList(undefined, [], name);
  const changed = await changePrivateFile(path, name, async (now) => {
    grown = await growKeyList(now, entries, name);
    return grown.bytes;
  });
  return { added: changed ? grown.added : [], known: grown.known, tightened: changed && open };
}

/**
 * Also of a fleet that the person does not stand in.
 * @param home a fleet that this lies in is none to be refused
 * @throws SecretsError `E_KEY_FILE`
 */
export async function refuseInFleet(path: string, typed: string, home?: string): Promise<void> {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const root = await findRoot(folder).catch((error: unknown) => {
    if (error instanceof SecretsError && error.code === "E_NO_FLEET") return undefined;
    throw error;
  });
  if (root === undefined) return;
  const has = (mark: string) => existsSync(join(root.path, mark));
  // ~/.config has a folder `sops`, and is no fleet.
  if (!has(".sops.yaml") && (root.git === undefined || !(has("sops") || has("vars")))) return;
  if (home !== undefined && existsSync(home) && isInside(root.path, realpathSync(home))) return;
  throw insideRepository(typed);
}
