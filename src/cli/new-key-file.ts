/** A new private key in a file of its own: for its owner alone, outside of the repository, and never over another file. */
import { open, rm } from "node:fs/promises";
import type { SecretsError } from "../errors.ts";
import { toFault } from "../repo/fault.ts";
import type { Conduct } from "./conduct.ts";
import type { Context } from "./context.ts";
import { placeOutside, refusePlace } from "./outside.ts";
import type { LocalWorkplace } from "./workplace.ts";

/**
 * Checks the place at once, so that a person hears of it before they are asked anything.
 * @param workplace undefined for somebody who stands in no fleet
 * @returns what writes the file, and gives back what takes it away again
 * @throws SecretsError `E_KEY_FILE` for a place inside the repository, one without a folder, and one that is taken
 */
export async function newKeyFile(
  context: Context,
  workplace: Pick<LocalWorkplace, "ground"> | undefined,
  file: string,
  text: string,
): Promise<NonNullable<Conduct["prepare"]>> {
  const { path: place, folder } = await placeOutside(context, workplace?.ground.root, file);
  const taken = await open(place, "r").then(
    (handle) => handle.close().then(() => true),
    (error: NodeJS.ErrnoException) => error.code !== "ENOENT",
  );
  if (taken) throw alreadyThere(file);
  return async () => {
    const handle = await open(place, "wx", 0o600).catch((error: NodeJS.ErrnoException) => {
      throw error.code === "EEXIST"
        ? alreadyThere(file)
        : refusePlace(file, "the key cannot be written here", "check the folder", error);
    });
    try {
      await handle.writeFile(text);
      await handle.sync();
      await settleFolder(folder);
    } catch (error) {
      // Half a key is none, and would be in the way of the next try.
      await rm(place, { force: true });
      throw toFault(error, "write the new key", file);
    } finally {
      await handle.close();
    }
    return () => rm(place, { force: true });
  };
}

/** The name of a file is its folder's: without it a crash would leave documents sealed to a key that is gone. */
async function settleFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function alreadyThere(file: string): SecretsError {
  return refusePlace(
    file,
    "there is a file of this name already",
    "a key is never written over another file: name a new one\nif a run that was killed left it, its public key (age-keygen -y FILE) stands nowhere in the fleet: then remove it",
  );
}
