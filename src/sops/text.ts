/**
 * Bytes to text at the door of the sops floor, and offsets back to the line and column a person can go to.
 * Everything behind this door may rely on well-formed UTF-16 without NUL.
 */
import { SecretsError } from "../errors.ts";

/** The largest document that is read: sops files are small, and a tree costs several times its text. Bytes. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

export interface DecodedText {
  /** Without the byte order mark. */
  readonly text: string;
  /** Whether a byte order mark stood in front; a rewrite puts it back. */
  readonly bom: boolean;
}

export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * @throws SecretsError `E_TOO_LARGE` above 64 MiB; `E_TEXT_ENCODING` with line and column for a NUL or for bytes that
 *   are not UTF-8.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  refuseTooLarge(bytes.length);
  const nul = bytes.indexOf(0);
  if (nul !== -1) throw encodingError("a NUL byte", bytes, nul);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw encodingError("a byte that is not UTF-8", bytes, firstInvalidByte(bytes));
  }
  const bom = text.charCodeAt(0) === 0xfeff;
  return { text: bom ? text.slice(1) : text, bom };
}

/** @throws SecretsError `E_TOO_LARGE` above 64 MiB: what could not be read again must not be written either. */
export function refuseTooLarge(byteLength: number): void {
  if (byteLength <= MAX_DOCUMENT_BYTES) return;
  throw new SecretsError("E_TOO_LARGE", `The document has ${byteLength} bytes; the limit is 64 MiB.`, {
    hint: "Split it, or keep large data outside of encrypted documents.",
  });
}

/** Line and column of a UTF-16 offset, both from 1. A line ends at its line feed. */
export function positionAt(text: string, offset: number): TextPosition {
  const end = Math.min(offset, text.length);
  let line = 1;
  let start = 0;
  for (let i = text.indexOf("\n"); i !== -1 && i < end; i = text.indexOf("\n", i + 1)) {
    line++;
    start = i + 1;
  }
  return { line, column: end - start + 1 };
}

function encodingError(what: string, bytes: Uint8Array, offset: number): SecretsError {
  let line = 1;
  let start = 0;
  for (let i = bytes.indexOf(10); i !== -1 && i < offset; i = bytes.indexOf(10, i + 1)) {
    line++;
    start = i + 1;
  }
  return new SecretsError(
    "E_TEXT_ENCODING",
    `The document holds ${what} at offset ${offset}; it has to be UTF-8 text.`,
    {
      location: { line, column: offset - start + 1 },
      hint: "Save it as UTF-8, or encrypt it as binary.",
    },
  );
}

/** Index of the first byte at which strict decoding fails: found by halving, since the decoder does not tell. */
function firstInvalidByte(bytes: Uint8Array): number {
  let valid = 0;
  let bad = bytes.length;
  while (bad - valid > 1) {
    const middle = (valid + bad) >> 1;
    if (isValidPrefix(bytes.subarray(0, middle))) valid = middle;
    else bad = middle;
  }
  return bad - 1;
}

/** A prefix may end inside a character, so the decoder runs in streaming mode. */
function isValidPrefix(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}
