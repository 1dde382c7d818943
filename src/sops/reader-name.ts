/** One reader under one name, however a document or a policy spells its key. */
import { recipientId } from "../age/recipient.ts";
import type { MasterKey } from "./metadata.ts";

type Named = Pick<MasterKey, "type" | "id">;

/** Type and canonical id: an SSH key's comment, and the case and blanks of a fingerprint, make no other reader. */
export function readerName({ type, id }: Named): string {
  if (type === "age") return `age ${recipientId(id)}`;
  return type === "pgp" ? `pgp ${id.replace(/\s+/g, "").toUpperCase()}` : `${type} ${id}`;
}

/** Each reader once, where it stands first. */
export function distinctReaders<T extends Named>(keys: readonly T[]): T[] {
  const seen = new Set<string>();
  return keys.filter((key) => {
    const name = readerName(key);
    return !seen.has(name) && seen.add(name);
  });
}

/** Whether the groups at the same places have the same readers, in any order, as often as it may be. */
export function sameReaders(a: readonly (readonly Named[])[], b: readonly (readonly Named[])[]): boolean {
  return spell(a) === spell(b);
}

function spell(groups: readonly (readonly Named[])[]): string {
  return JSON.stringify(groups.map((group) => [...new Set(group.map(readerName))].sort()));
}
