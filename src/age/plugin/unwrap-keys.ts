/** Unwraps file keys with identities that a plugin serves: the machine `identity-v1`. */
import { SecretsError } from "../../errors.ts";
import type { Stanza } from "../header.ts";
import { complaintOf, converse, indexOf, type PluginPorts } from "./session.ts";
import { formatStanza } from "./stanza-stream.ts";

/** Of one file: its key, null if it is for none of the identities, or why it could not be opened. */
export type Unwrapped = Uint8Array | null | SecretsError;

const FILE_KEY = 16;

/**
 * Any number of files in one session, so that a person is asked once.
 *
 * A plugin that complains about one identity may go on with the next: of two tokens one is at home. What it complained
 * about is therefore told of the files that stayed closed, and thrown only if all did.
 *
 * @param files the stanzas of each file's header, at least one each
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
    if (command === "error") return noteDamage(args, body, found, name);
    if (command !== "file-key") return false;
    const index = indexOf(args[0], files.length);
    if (index === undefined || args.length !== 1)
      throw new SecretsError("E_AGE_PLUGIN", "it answers for a file that it was not asked about");
    if (found[index] instanceof Uint8Array) throw new SecretsError("E_AGE_PLUGIN", "it gives two keys for one file");
    if (body.length !== FILE_KEY) throw new SecretsError("E_AGE_PLUGIN", "it gives a key of the wrong length");
    found[index] = Uint8Array.from(body);
    return true;
  };
  const done = () => found.filter((one) => one instanceof Uint8Array).length;
  const complaint = await converse(ports, name, "identity-v1", {
    commands,
    handle,
    progress: () => ({ done: done(), all: files.length }),
  });
  if (complaint === undefined) return found;
  if (done() === 0) throw complaint;
  return found.map((one) => one ?? complaint);
}

/** A stanza that is damaged is the matter of its file; all else is the matter of the session. */
function noteDamage(args: readonly string[], body: Uint8Array, found: Unwrapped[], name: string): boolean {
  const index = args[0] === "stanza" ? indexOf(args[1], found.length) : undefined;
  if (index === undefined) return false;
  const { message } = complaintOf(undefined, body);
  found[index] ??= new SecretsError("E_AGE_PLUGIN", `age-plugin-${name}: ${message}`, { kind: "identity" });
  return true;
}
