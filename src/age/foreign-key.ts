/** Files that people take for keys of SSH or age and that are something else: each with its own way out. */

export interface Foreign {
  /** A predicate: `is a key of PuTTY`. */
  readonly what: string;
  readonly hint: string;
}

const KINDS: readonly (readonly [start: RegExp, foreign: Foreign])[] = [
  [
    /^PuTTY-User-Key-File-/,
    { what: "is a key of PuTTY", hint: "export it first: puttygen KEY.ppk -O private-openssh-new -o KEY" },
  ],
  [
    /^---- BEGIN SSH2 /,
    { what: "is a public key in the form of RFC 4716", hint: "turn it into a line first: ssh-keygen -i -f FILE" },
  ],
  [
    /^-----BEGIN ([A-Z]+ )?PUBLIC KEY-----/,
    { what: "is a public key in PEM", hint: "turn it into a line first: ssh-keygen -i -m PKCS8 -f FILE" },
  ],
  [/^-----BEGIN ([A-Z]+ )?CERTIFICATE/, { what: "is a certificate", hint: "the key itself is wanted" }],
  [/^-----BEGIN PGP /, { what: "is a key of PGP", hint: "gpg keeps those; no age key can be derived from one" }],
];

/** What a text is, if it is none of what can be read here; undefined leaves it to the parsers. */
export function foreignKey(text: string): Foreign | undefined {
  if (text.trim() === "")
    return { what: "is empty", hint: "check the path, or the command that should have printed it" };
  // A text has no NUL; UTF-16, archives and most binaries do.
  if (text.includes("\0")) return { what: "is no text", hint: "give the key in the text form that its program prints" };
  return KINDS.find(([start]) => start.test(text.trimStart()))?.[1];
}
