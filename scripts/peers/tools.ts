/** Which real tools are compared with, at which versions. */

export interface GoTool {
  /** Name of the program in `.peers/bin`. */
  readonly name: string;
  readonly module: string;
  /** Of the module: a tag or a pseudo-version, never a moving name. */
  readonly version: string;
  readonly package: string;
  /** Not every module proxy serves this module: where it is refused, the tests that need it say so and are skipped. */
  readonly mayBeRefused?: true;
}

const AGE = { module: "filippo.io/age", version: "v1.3.2" } as const;
const SOPS = { module: "github.com/getsops/sops/v3", package: "github.com/getsops/sops/v3/cmd/sops" } as const;

export const TOOLS: readonly GoTool[] = [
  { name: "sops", ...SOPS, version: "v3.13.3" },
  { name: "age", ...AGE, package: "filippo.io/age/cmd/age" },
  { name: "age-keygen", ...AGE, package: "filippo.io/age/cmd/age-keygen" },
  { name: "age-plugin-pq", ...AGE, package: "filippo.io/age/extra/age-plugin-pq" },
  { name: "age-plugin-tagtest", ...AGE, package: "filippo.io/age/tag/internal/age-plugin-tagtest" },
  {
    name: "ssh-to-age",
    module: "github.com/Mic92/ssh-to-age",
    version: "v1.3.0",
    package: "github.com/Mic92/ssh-to-age/cmd/ssh-to-age",
  },
  {
    name: "sops-install-secrets",
    module: "github.com/Mic92/sops-nix",
    version: "v0.0.0-20260622220325-56b24064fdca",
    package: "github.com/Mic92/sops-nix/pkgs/sops-install-secrets",
    mayBeRefused: true,
  },
];

/** Programs that the system has to have, with the Debian package each comes from. */
export const SYSTEM_TOOLS: readonly { readonly command: string; readonly debianPackage: string }[] = [
  { command: "gpg", debianPackage: "gnupg" },
  { command: "ssh-keygen", debianPackage: "openssh-client" },
  { command: "sshd", debianPackage: "openssh-server" },
  { command: "strace", debianPackage: "strace" },
  { command: "vim", debianPackage: "vim" },
  { command: "unshare", debianPackage: "util-linux" },
  { command: "tmux", debianPackage: "tmux" },
  { command: "script", debianPackage: "bsdutils" },
  { command: "nix-instantiate", debianPackage: "nix-bin" },
  { command: "bwrap", debianPackage: "bubblewrap" },
  { command: "mkpasswd", debianPackage: "whois" },
  { command: "wg", debianPackage: "wireguard-tools" },
];

/** `3.12.2` → an older sops that is built beside the newest, as `sops-3.12.2`. */
export function olderSops(version: string): GoTool {
  return { name: `sops-${version}`, ...SOPS, version: `v${version}` };
}
