/** Why an edit of `.sops.yaml` is refused. */
import { SecretsError } from "../../../errors.ts";
import { positionAt } from "../../../sops/text.ts";
import type { Source } from "./source.ts";

/**
 * @param message a whole sentence without content of the file
 * @param line from 1
 * @param hint what to do by hand
 */
export function refusal(message: string, line: number, hint: string): SecretsError {
  return new SecretsError("E_CONFIG_EDIT", message, { location: { line }, hint });
}

/** The same, for a place in the text. */
export function refusalAt(source: Source, offset: number, message: string, hint: string): SecretsError {
  return refusal(message, positionAt(source.text, offset).line, hint);
}
