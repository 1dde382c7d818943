/** Age identities as the lines of a text, for taking them over into another file. */
import { parseIdentities } from "./identity.ts";

export interface IdentityLine {
  /** The identity itself: a secret. */
  readonly identity: string;
  /** Public halves; none for an identity of a plugin, which alone knows them. */
  readonly recipients: readonly string[];
  /** Of `AGE-PLUGIN-YUBIKEY-1…`: `yubikey`. */
  readonly plugin?: string;
  /** The comment lines right above it, as they are. */
  readonly comments: readonly string[];
}

/**
 * Other than a key file in its place, a pasted text may have blanks around its lines.
 *
 * @param source for messages
 * @throws SecretsError `E_IDENTITY` for the first line that is no identity
 */
export async function readIdentityLines(text: string, source: string): Promise<IdentityLine[]> {
  const lines = text.split("\n").map((line) => line.trim());
  const [problem] = (await parseIdentities(lines.join("\n"), source)).problems;
  if (problem !== undefined) throw problem;
  const found: IdentityLine[] = [];
  let comments: string[] = [];
  for (const line of lines) {
    if (line.startsWith("#")) comments.push(line);
    else if (line !== "") {
      const { identities, plugins } = await parseIdentities(line, source);
      const [plugin] = plugins;
      found.push({
        identity: line,
        recipients: identities.flatMap(({ recipients }) => recipients),
        ...(plugin === undefined ? {} : { plugin: plugin.plugin }),
        comments,
      });
      comments = [];
    } else comments = [];
  }
  return found;
}
