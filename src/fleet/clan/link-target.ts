/** The text of clan's links: relative to the folder that holds the link, however deep that lies. */
import { posix } from "node:path";
import type { Member } from "./links.ts";

/** `<folder>/<kind>/<name>`: the link that makes `member` a reader of the secret, or a member of the group, in `folder`. */
export function linkPath(folder: string, { kind, name }: Member): string {
  return `${folder}/${kind}/${name}`;
}

/** What the link at `path` says to lead to `member`. */
export function linkTarget(path: string, { kind, name }: Member): string {
  return posix.relative(posix.dirname(path), `sops/${kind}/${name}`);
}
