/** `secrets key import`: keys from elsewhere into the person's key file. */
import { entriesOfAgeFile, entryOfSshKey } from "../../actions/key/import-keys.ts";
import type { KeyEntry } from "../../age/key-list.ts";
import { SecretsError } from "../../errors.ts";
import type { Context } from "../context.ts";
import { type KeyInput, readKeyInput } from "../key-input.ts";
import { addToKeyFile, keyFilePlace } from "../own-key-file.ts";
import { askPassphrase } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";

export interface ImportFlags {
  readonly fromSsh?: readonly string[];
  readonly to?: string;
  readonly json?: boolean;
}

export interface ImportedKeys {
  readonly schemaVersion: 1;
  /** The key file. */
  readonly file: string;
  readonly keys: readonly ImportedKey[];
}

export interface ImportedKey {
  /** The public half; left out for an identity of a plugin, which alone knows it. */
  readonly recipient?: string;
  /** False: it was there already. */
  readonly added: boolean;
}

export async function keyImport(this: Context, flags: ImportFlags, ...files: string[]): Promise<void> {
  const { fromSsh = [], to, json } = flags;
  if (files.length + fromSsh.length === 0 || [...files, ...fromSsh].filter((file) => file === "-").length > 1) {
    throw new SecretsError("E_USAGE", "which key shall be imported?", {
      kind: "usage",
      hint: "secrets key import FILE for age keys, secrets key import --from-ssh FILE for an SSH key; - is stdin, once",
    });
  }
  const place = await keyFilePlace(this, to);
  const entries: KeyEntry[] = [];
  const today = this.now().toISOString().slice(0, 10);
  const ask = (what: string) => askPassphrase(what, this.terminal);
  const take = async (file: string, read: (input: KeyInput) => Promise<readonly KeyEntry[]>) => {
    const input = await readKeyInput(this, file);
    try {
      entries.push(...(await read(input)));
    } finally {
      input.bytes.fill(0);
    }
  };
  for (const file of fromSsh) await take(file, async (input) => [await entryOfSshKey(input, today, ask)]);
  for (const file of files) await take(file, (input) => entriesOfAgeFile(input, today, ask));
  const { added, known, tightened } = await addToKeyFile(place, entries);
  if (json === true) {
    const tell = (list: readonly KeyEntry[], isNew: boolean): ImportedKey[] =>
      list.map(({ recipients: [recipient] }) => ({ ...(recipient === undefined ? {} : { recipient }), added: isNew }));
    const result: ImportedKeys = {
      schemaVersion: 1,
      file: place.path,
      keys: [...tell(added, true), ...tell(known, false)],
    };
    this.terminal.json(result);
    return;
  }
  for (const { recipients } of [...added, ...known]) this.terminal.print(recipients[0] ?? "an identity of a plugin");
  for (const { recipients } of known) {
    this.terminal.note([recipients[0] ?? "an identity of a plugin", ": was in ", place.name, " already"]);
  }
  if (added.length > 0) this.terminal.note(["added to ", style("bold", place.name)]);
  if (tightened) this.terminal.note("others could read this file; it is yours alone now");
}
