/** The text of a `key.json` with other keys in it. The form that it has, one object or a list, is kept where it can hold them. */
import { SecretsError } from "../../errors.ts";
import { type ClanKey, parseKeyJson } from "./key-json.ts";

export type StatedClanKey = Pick<ClanKey, "type" | "text">;

/** As clan lays out a new one: a list, sorted by key, two blanks, no line break at the end. */
export function newKeyJson(keys: readonly StatedClanKey[]): Uint8Array {
  return Buffer.from(JSON.stringify(sorted(keys.map(({ type, text }) => ({ publickey: text, type }))), undefined, 2));
}

/**
 * @param old the file as it is
 * @param remove canonical ids
 * @returns the file with the keys of `remove` gone and those of `add` in; further fields of the other entries stay.
 * @throws SecretsError `E_KEY_JSON` for a file with a fault: what is not understood must not get lost by the way;
 *   `E_LAST_KEY` when no key would be left.
 */
export function changeKeyJson(
  old: Uint8Array,
  path: string,
  { remove, add }: { readonly remove: readonly string[]; readonly add: readonly StatedClanKey[] },
): Uint8Array {
  const { keys, faults } = parseKeyJson(old);
  if (faults.length > 0) {
    throw new SecretsError("E_KEY_JSON", `This key file ${faults[0]}.`, {
      location: { file: path },
      hint: "put it right first, or take it from git history; secrets check names every fault",
    });
  }
  const text = Buffer.from(old).toString("utf8");
  const json: unknown = JSON.parse(text);
  const items: unknown[] = Array.isArray(json) ? json : [json];
  const gone = new Set(remove);
  // Without a fault every item is a key, in the order of `keys`.
  const kept = items.filter((_, i) => !gone.has(keys[i]?.id ?? ""));
  const known = new Set(kept.map((item) => (item as { publickey: string }).publickey));
  const added = add.filter((key) => !known.has(key.text)).map((key) => ({ publickey: key.text, type: key.type }));
  if (kept.length + added.length === 0) {
    throw new SecretsError("E_LAST_KEY", "No key would be left here.", {
      location: { file: path },
      hint: "add the new key first, or remove who it belongs to",
    });
  }
  const single = !Array.isArray(json) && kept.length + added.length === 1;
  const [only] = [...kept, ...added];
  const indent = /^[[{]\r?\n?([ \t]+)/.exec(text)?.[1] ?? (text.includes("\n") ? "" : undefined);
  const content = single ? { ...(json as object), ...(only as object) } : sorted([...kept, ...added]);
  const line = /\r?\n$/.exec(text)?.[0] ?? "";
  return Buffer.from(JSON.stringify(content, undefined, indent ?? (single && !text.includes("\n") ? 0 : 2)) + line);
}

function sorted(items: readonly unknown[]): unknown[] {
  const order = (item: unknown) => {
    const { publickey, type } = item as { publickey: string; type: string };
    return `${publickey}\n${type}`;
  };
  return [...items].sort((a, b) => (order(a) < order(b) ? -1 : order(a) > order(b) ? 1 : 0));
}
