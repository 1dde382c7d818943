/** Keys as texts: which one a text means, and how it is written where others stand. */
import { parseRecipient, recipientId } from "../../../age/recipient.ts";
import { chooseStyle, fitsSingleQuotes, quoteDouble, quoteSingle } from "../../../sops/stores/yaml/quote.ts";
import { fingerprintId, isFingerprint } from "../../fingerprint.ts";
import { refusal } from "./fault.ts";
import type { TextStyle } from "./source.ts";

/** A key that an edit brings into a configuration. */
export interface NewKey {
  readonly type: "age" | "pgp";
  readonly id: string;
  readonly text: string;
}

/**
 * @throws SecretsError `E_RECIPIENT` for a text that is no usable recipient; `E_CONFIG_EDIT` for one that the lists of
 *   a configuration would tear apart
 */
export function readNewKey(text: string): NewKey {
  const trimmed = text.trim();
  if (isFingerprint(trimmed)) return { type: "pgp", id: fingerprintId(trimmed), text: trimmed };
  parseRecipient(trimmed);
  if (trimmed.includes(",")) {
    throw refusal("This key has a comma in its comment, and commas part keys here.", 1, "Give it without the comment.");
  }
  return { type: "age", id: recipientId(trimmed), text: trimmed };
}

/** Whether a text, one of several between commas or alone, is the key of that id. */
export function isKey(text: string, id: string): boolean {
  return recipientId(text) === id || fingerprintId(text) === id;
}

/** Whether a text looks like a key, usable or not. */
export function looksLikeKey(text: string): boolean {
  return /^(age1|ssh-)/.test(text) || isFingerprint(text);
}

/** The texts between the commas, as sops takes them apart. */
export function splitKeys(text: string): string[] {
  return text
    .split(",")
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

/** As plain text, or quoted where that would be read as something else. */
export function spellPlain(text: string, inFlow: boolean): string {
  const style = chooseStyle(text);
  if (style === "plain" && !(inFlow && /[,[\]{}]/.test(text))) return text;
  return style !== "double" && fitsSingleQuotes(text) ? quoteSingle(text) : quoteDouble(text);
}

/** A whole text in the style of the one whose place it takes. */
export function spellLike(text: string, style: TextStyle, inFlow: boolean): string {
  if (style === "single" && fitsSingleQuotes(text)) return quoteSingle(text);
  if (style === "single" || style === "double") return quoteDouble(text);
  return spellPlain(text, inFlow);
}

/** A key for a place within a longer text; undefined where the style cannot hold it. */
export function spellWithin(text: string, style: TextStyle, inFlow: boolean): string | undefined {
  if (style === "single") return fitsSingleQuotes(text) ? quoteSingle(text).slice(1, -1) : undefined;
  if (style === "double") return quoteDouble(text).slice(1, -1);
  if (style === "block") return text;
  const fits = isFingerprint(text) || chooseStyle(text) === "plain";
  return fits && !(inFlow && /[[\]{}]/.test(text)) ? text : undefined;
}
