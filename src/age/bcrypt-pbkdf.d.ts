/** The one function of `bcrypt-pbkdf` 1.0.2 that is used; the package brings no types. */
declare module "bcrypt-pbkdf" {
  /** Fills `key`; returns 0, or −1 for an empty passphrase or salt, no rounds, or too long a key. */
  export function pbkdf(
    passphrase: Uint8Array,
    passphraseLength: number,
    salt: Uint8Array,
    saltLength: number,
    key: Uint8Array,
    keyLength: number,
    rounds: number,
  ): number;
}
