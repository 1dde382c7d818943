/** The readers of an opened document, by name; a key that belongs to nobody of the fleet is shown as unknown. */
import { recipientId } from "../age/recipient.ts";
import { recipientsOf } from "../sops/metadata.ts";
import type { SopsFile } from "../sops/sops-file.ts";
import type { Workplace } from "./workplace.ts";

export async function readerNames(workplace: Workplace, file: SopsFile): Promise<string[]> {
  const { principals } = await workplace.fleet();
  const names = recipientsOf(file.metadata).map((key) => {
    const id = key.type === "age" ? recipientId(key.id) : key.id;
    return principals.nameOf(id) ?? `unknown key ${shortenKey(id)}`;
  });
  return [...new Set(names)].sort();
}

/** Enough of a key to recognise it by. */
export function shortenKey(key: string): string {
  return key.length <= 24 ? key : `${key.slice(0, 14)}…${key.slice(-6)}`;
}
