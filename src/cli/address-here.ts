/** People name files from where they stand; addresses count from the fleet's root. */
import { lstat } from "node:fs/promises";
import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Context } from "./context.ts";

/**
 * An address as typed, made relative to the root: when what stands before `#` is a file seen from where the person is,
 * that file is meant; everything else is taken as an address already.
 */
export async function addressHere(context: Context, root: string, typed: string): Promise<string> {
  const hash = typed.indexOf("#");
  const path = hash < 0 ? typed : typed.slice(0, hash);
  if (path === "" || (!isAbsolute(path) && context.directory === root)) return typed.replace(/^\.\//, "");
  const absolute = resolve(context.directory, path);
  const inside = relative(root, absolute).split(sep).join("/");
  const found = await lstat(absolute).catch(() => undefined);
  if (inside === "" || inside.startsWith("../") || found === undefined) return typed;
  return inside + (hash < 0 ? "" : typed.slice(hash));
}
