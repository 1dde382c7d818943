/** Unwraps file keys with identities that a plugin serves: the machine `identity-v1`. */
import { SecretsError } from "../../errors.ts";
import type { Stanza } from "../header.ts";
import { complaint, converse, indexOf, type PluginPorts } from "./session.ts";
import { formatStanza } from "./stanza-stream.ts";

/** Of one file: its key, null if it is for none of the identities, or why it could not be opened. */
export type Unwrapped = Uint8Array | null | SecretsError;

/**
 * Any number of files in one session, so that a person is asked once.
 * @param files the stanzas of each file's header
 * @throws SecretsError `E_AGE_PLUGIN`, `E_AGE_PLUGIN_MISSING`
 */
export async function unwrapKeys(
  ports: PluginPorts,
  name: string,
  identities: readonly string[],
  files: readonly (readonly Stanza[])[],
): Promise<Unwrapped[]> {
  const found = files.map((): Unwrapped => null);
  const commands = [
    ...identities.map((identity) => formatStanza(["add-identity", identity])),
    ...files.flatMap((stanzas, file) =>
      stanzas.map(({ args, body }) => formatStanza(["recipient-stanza", String(file), ...args], body)),
    ),
  ];
  const handle = (command: string, args: readonly string[], body: Uint8Array): boolean => {
    if (command === "error") return note(args, body, found);
    if (command !== "file-key") return false;
    const index = indexOf(args[0], files.length);
    if (index === undefined)
      throw new SecretsError("E_AGE_PLUGIN", "it answers for a file that it was not asked about");
    if (found[index] instanceof Uint8Array) throw new SecretsError("E_AGE_PLUGIN", "it gives two keys for one file");
    found[index] = Uint8Array.from(body);
    return true;
  };
  const done = () => found.filter((one) => one instanceof Uint8Array).length;
  await converse(ports, name, "identity-v1", {
    commands,
    handle,
    progress: () => ({ done: done(), all: files.length }),
  });
  return found;
}

/** A stanza that is damaged is the matter of its file; all else ends the session. */
function note(args: readonly string[], body: Uint8Array, found: Unwrapped[]): boolean {
  const index = args[0] === "stanza" ? indexOf(args[1], found.length) : undefined;
  if (index === undefined) throw complaint(args[0] === "identity" ? "this identity cannot be used" : "it failed", body);
  found[index] ??= complaint("a data key cannot be opened", body);
  return true;
}
