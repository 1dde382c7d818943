/** The key of a machine, as far as it is known where the machine is made known. */

export interface MachineKey {
  /** `age1…`: what is registered in both tiers. */
  readonly recipient: string;
  /** `ssh-ed25519 AAAA…` without a comment: the host key that the recipient is derived from. */
  readonly publicKey?: string;
  /** The private halves, of a key that was made or given here. */
  readonly secret?: MachineSecret;
}

export interface MachineSecret {
  /** The SSH host key as OpenSSH reads it, not encrypted: sshd could not start with a passphrase. */
  readonly hostKey: string;
  /** `AGE-SECRET-KEY-1…`, derived from it as ssh-to-age does. */
  readonly identity: string;
}

/** Where clan's openssh service keeps the private host key of a machine, as an address. */
export function hostKeyAddress(machine: string): string {
  return `vars/${machine}/openssh/ssh.id_ed25519`;
}

/** Its public half, in clear. */
export function hostKeyPublicAddress(machine: string): string {
  return `${hostKeyAddress(machine)}.pub`;
}

/** Where clan keeps the age key that it puts on a machine, as an address. */
export function ageKeyAddress(machine: string): string {
  return `sops/secrets/${machine}-age.key`;
}
