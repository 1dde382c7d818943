import { type ErrorCode, SecretsError } from "../../../errors.ts";

/**
 * An error at a place in YAML text. Line and column count from 1, in UTF-16 units, a byte order mark not counted.
 * Only the place is told, never the text: it may hold a secret.
 */
export function yamlFault(code: ErrorCode, message: string, text: string, offset: number, hint?: string): SecretsError {
  const before = text.slice(0, offset);
  const lineStart = Math.max(before.lastIndexOf("\n") + 1, before.startsWith("\uFEFF") ? 1 : 0);
  let line = 1;
  for (let at = before.indexOf("\n"); at !== -1; at = before.indexOf("\n", at + 1)) line++;
  return new SecretsError(code, message, {
    location: { line, column: offset - lineStart + 1 },
    ...(hint === undefined ? {} : { hint }),
  });
}
