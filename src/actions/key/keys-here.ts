/** The private keys that are here, one by one, each with all its public spellings. */
import type { Keyring } from "../../age/keyring.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";

export interface HeldKey {
  /** Of the place: the variable, or the path with `~`. */
  readonly place: string;
  /** An SSH Ed25519 key has two: itself, and the age key that is derived from it. */
  readonly recipients: readonly [string, ...string[]];
}

/** In the order of the places; a key that lies in several of them, in one spelling or two, is told of the first. */
export function heldKeys({ places }: Pick<Keyring, "places">): HeldKey[] {
  const held: { place: string; recipients: [string, ...string[]] }[] = [];
  for (const { name: place, identities } of places) {
    for (const [i, recipient] of identities.entries()) {
      if (isDerivedFrom(recipient, identities[i - 1])) continue;
      const next = identities[i + 1];
      const recipients: [string, ...string[]] = isDerivedFrom(next, recipient) ? [recipient, next] : [recipient];
      const known = held.find((one) => recipients.some((spelling) => one.recipients.includes(spelling)));
      if (known === undefined) held.push({ place, recipients });
      else known.recipients.push(...recipients.filter((spelling) => !known.recipients.includes(spelling)));
    }
  }
  return held;
}

/** Whether this age key is the one that ssh-to-age derives from that SSH key. */
export function isDerivedFrom(recipient: string | undefined, sshKey: string | undefined): recipient is string {
  if (recipient === undefined || sshKey?.startsWith("ssh-ed25519 ") !== true) return false;
  return sshToAgeRecipient(sshKey) === recipient;
}
