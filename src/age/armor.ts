/** The ASCII armor of age files (C2SP age spec, "ASCII armor"): strict PEM, one spelling for each file. */
import { SecretsError } from "../errors.ts";
import { decodePaddedBase64 } from "./base64.ts";

const BEGIN = "-----BEGIN AGE ENCRYPTED FILE-----";
const END = "-----END AGE ENCRYPTED FILE-----";
const COLUMNS = 64;

/** Armored text of a binary age file, with a final newline. */
export function encodeArmor(file: Uint8Array): string {
  const text = Buffer.from(file.buffer, file.byteOffset, file.byteLength).toString("base64");
  let armored = `${BEGIN}\n`;
  for (let i = 0; i < text.length; i += COLUMNS) armored += `${text.slice(i, i + COLUMNS)}\n`;
  return `${armored}${END}\n`;
}

/** Whether a file is meant to be armored: what is left after leading blanks starts like armor, not like a header. */
export function isArmored(file: Uint8Array): boolean {
  return Buffer.from(file.buffer, file.byteOffset, Math.min(file.byteLength, 2048))
    .toString("latin1")
    .trimStart()
    .startsWith("-----BEGIN");
}

/**
 * The binary file inside armor. Blanks around the armor and CRLF are accepted, all else is strict: 64 columns, a
 * shorter last line, canonical base64, nothing before or behind.
 *
 * @throws SecretsError `E_AGE_ARMOR`
 */
export function decodeArmor(text: string): Uint8Array {
  const lines = text.trim().split(/\r?\n/);
  if (lines[0] !== BEGIN) throw armorError("does not start with its BEGIN line");
  if (lines.length < 2 || lines.at(-1) !== END) throw armorError("does not end with its END line");
  const body = lines.slice(1, -1);
  const uneven = body.findIndex((line, i) =>
    i === body.length - 1 ? line.length === 0 || line.length > COLUMNS : line.length !== COLUMNS,
  );
  if (uneven !== -1) throw armorError(`has a line of the wrong length (line ${uneven + 2})`);
  const file = decodePaddedBase64(body.join(""));
  if (file === null) throw armorError("is not canonical base64");
  return file;
}

function armorError(reason: string): SecretsError {
  return new SecretsError("E_AGE_ARMOR", `The armor of an age file ${reason}.`, {
    hint: "The file was cut, joined or changed by hand; restore it from git.",
  });
}
