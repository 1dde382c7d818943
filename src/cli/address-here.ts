/** People name files from where they stand; addresses count from the fleet's root. */
import { lstat, realpath } from "node:fs/promises";
import { relative, resolve, sep } from "node:path";
import type { Context } from "./context.ts";

/**
 * An address as typed, made relative to the root: when what stands before `#` is a file seen from where the person is,
 * that file is meant; everything else is taken as an address already.
 */
export async function addressHere(context: Context, root: string, typed: string): Promise<string> {
  const hash = typed.indexOf("#");
  const path = hash < 0 ? typed : typed.slice(0, hash);
  const inside = path === "" ? undefined : await pathHere(context, root, path);
  return inside === undefined || inside === "" ? typed : inside + (hash < 0 ? "" : typed.slice(hash));
}

/**
 * What lies at a path as seen from where the person stands, relative to the root (empty for the root itself).
 * @returns undefined when nothing lies there, or it lies outside of the fleet
 */
export async function pathHere({ directory }: Context, root: string, typed: string): Promise<string | undefined> {
  // The root is without links; where the person stands may have been reached through one.
  const absolute = resolve(await realpath(directory), typed);
  const inside = relative(root, absolute).split(sep).join("/");
  if (inside === ".." || inside.startsWith("../")) return undefined;
  const there = await lstat(absolute).catch(() => undefined);
  return there === undefined ? undefined : inside;
}
