/** Wraps file keys for a recipient that a plugin serves: the machine `recipient-v1`. */
import { SecretsError } from "../../errors.ts";
import type { Stanza } from "../header.ts";
import { converse, indexOf, type PluginPorts } from "./session.ts";
import { formatStanza } from "./stanza-stream.ts";

/** Of one file: a header with more is not read here. */
const MAX_STANZAS = 1000;

/**
 * The stanzas of each file key, in order; at least one each. A plugin tells with labels which other recipients may stand
 * beside its own; here it stands alone in every file, so all are taken.
 *
 * @throws SecretsError `E_AGE_PLUGIN`, `E_AGE_PLUGIN_MISSING`
 */
export async function wrapKeys(
  ports: PluginPorts,
  name: string,
  recipient: string,
  fileKeys: readonly Uint8Array[],
): Promise<Stanza[][]> {
  const stanzas = fileKeys.map((): Stanza[] => []);
  let labelled = false;
  const handle = (command: string, args: readonly string[], body: Uint8Array): boolean => {
    if (command === "labels") {
      if (labelled) throw new SecretsError("E_AGE_PLUGIN", "it gives its labels twice");
      labelled = true;
      return true;
    }
    if (command !== "recipient-stanza") return false;
    const [index, type, ...rest] = args;
    const own = stanzas[indexOf(index, fileKeys.length) ?? -1];
    if (own === undefined || type === undefined || own.length === MAX_STANZAS)
      throw new SecretsError("E_AGE_PLUGIN", "it answers for a file that it was not asked about");
    own.push({ args: [type, ...rest], body });
    return true;
  };
  const done = () => stanzas.filter((own) => own.length > 0).length;
  const complaint = await converse(ports, name, "recipient-v1", {
    commands: [
      formatStanza(["add-recipient", recipient]),
      ...fileKeys.map((key) => formatStanza(["wrap-file-key"], key)),
      formatStanza(["extension-labels"]),
    ],
    handle,
    progress: () => ({ done: done(), all: fileKeys.length }),
  });
  if (complaint !== undefined) throw complaint;
  if (done() < fileKeys.length) {
    throw new SecretsError("E_AGE_PLUGIN", `age-plugin-${name}: it did not wrap every key that it was given`);
  }
  return stanzas;
}
