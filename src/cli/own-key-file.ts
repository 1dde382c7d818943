/** The key file of the person, as `secrets key` adds to it. */
import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { growKeyList, type KeyEntry } from "../age/key-list.ts";
import { inHome, type OwnKeyPlace, ownKeyPlace } from "../age/own-key-place.ts";
import { SecretsError } from "../errors.ts";
import { changePrivateFile } from "../repo/private-file.ts";
import { readPrivateFile } from "../repo/read-private-file.ts";
import { findRoot } from "../repo/root.ts";
import type { Context } from "./context.ts";
import { insideRepository } from "./outside.ts";

/**
 * @param typed what `--to` names; undefined for the file that sops reads
 * @throws SecretsError `E_KEY_FILE` for a place inside of a fleet, `E_NO_HOME`
 */
export async function keyFilePlace(context: Context, typed: string | undefined): Promise<OwnKeyPlace> {
  const named = typed ?? (context.env["SOPS_AGE_KEY_FILE"] || undefined);
  // Whose home is a repository keeps their configuration in it, and out of its commits.
  if (named === undefined) return ownKeyPlace(context);
  const path = typed === undefined ? resolve(named) : resolve(context.directory, named);
  await refuseInFleet(path, named);
  return { path, name: inHome(path, context.home) };
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

/** Also of a fleet that the person does not stand in. @throws SecretsError `E_KEY_FILE` */
export async function refuseInFleet(path: string, typed: string): Promise<void> {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  const root = await findRoot(folder).catch((error: unknown) => {
    if (error instanceof SecretsError && error.code === "E_NO_FLEET") return undefined;
    throw error;
  });
  if (root === undefined) return;
  if ([".sops.yaml", "sops", "vars"].some((mark) => existsSync(join(root.path, mark)))) throw insideRepository(typed);
}
