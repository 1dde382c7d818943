/** Places for private keys, and for values in clear, that a person names: never inside of the repository. */
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { SecretsError } from "../errors.ts";
import type { Context } from "./context.ts";

export interface OutsidePlace {
  readonly path: string;
  /** The folder that it lies in, without links. */
  readonly folder: string;
}

/**
 * Where something new would lie, whose folder is there already.
 * @param root undefined for somebody who stands in no repository
 * @param what would lie there, with its verb
 * @throws SecretsError `E_KEY_FILE` for a place inside the repository, and for one without a folder
 */
export async function placeOutside(
  { directory }: Context,
  root: string | undefined,
  typed: string,
  what = "a private key does",
): Promise<OutsidePlace> {
  const path = resolve(directory, typed);
  const folder = await realpath(dirname(path)).catch((cause: unknown) => {
    throw refusePlace(
      typed,
      "there is no such folder",
      "make it first, for your eyes only: mkdir -m 700 FOLDER",
      cause,
    );
  });
  const place = join(folder, basename(path));
  if (root !== undefined && (isInside(root, folder) || isInside(root, place))) throw insideRepository(typed, what);
  return { path: place, folder };
}

export function insideRepository(file: string, what = "a private key does"): SecretsError {
  return refusePlace(file, `${what} not belong into the repository`, "name a place outside of it");
}

export function isInside(root: string, path: string): boolean {
  const inside = relative(root, path);
  return inside === "" || (inside !== ".." && !inside.startsWith(`..${sep}`));
}

export function refusePlace(file: string, message: string, hint: string, cause?: unknown): SecretsError {
  return new SecretsError("E_KEY_FILE", message, { kind: "usage", location: { file }, hint, cause });
}
