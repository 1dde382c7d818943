/** What the sample fleet consists of: people, machines, and a secret of every kind that such a fleet holds. */
import { makeSshKeyPair } from "../../age/ssh-key-pair.ts";
import { makeToken, makeWireGuardKey } from "./throwaway-keys.ts";

/** The first one is the person that the demo is walked as. */
export const PEOPLE = ["ada", "bruno", "chiara"] as const;

export const GROUPS: Readonly<Record<string, readonly string[]>> = { admins: ["ada", "bruno"] };

export interface SampleMachine {
  readonly name: string;
  readonly system: "x86_64-linux" | "aarch64-linux" | "aarch64-darwin";
}

export const MACHINES: readonly SampleMachine[] = [
  { name: "web01", system: "x86_64-linux" },
  { name: "db01", system: "x86_64-linux" },
  { name: "backup01", system: "aarch64-linux" },
  { name: "studio", system: "aarch64-darwin" },
];

/** One file of tier 1. Public ones lie in clear, all others are read by the group `admins` and the machines named. */
export interface SampleVar {
  /** Undefined: shared. */
  readonly machine?: string;
  readonly service: string;
  readonly file: string;
  readonly content: string;
  readonly public?: true;
  /** Machines that it is deployed to. */
  readonly deployedTo: readonly string[];
}

export function makeSampleVars(): SampleVar[] {
  return [
    ...MACHINES.flatMap(makeMachineVars),
    {
      service: "borgbackup",
      file: "repokey",
      content: `${makeToken(43)}\n`,
      deployedTo: ["backup01", "db01", "web01"],
    },
    { service: "wifi", file: "home-psk", content: makeToken(20), deployedTo: ["studio"] },
    { machine: "web01", service: "acme", file: "dns-token", content: makeToken(40), deployedTo: ["web01"] },
    {
      machine: "db01",
      service: "postgresql",
      file: "replication-password",
      content: makeToken(24),
      deployedTo: ["db01"],
    },
    // File names may hold a slash, and one has: tools that look two levels deep miss it.
    {
      machine: "web01",
      service: "secureboot",
      file: "keys/db/db.key",
      content: makeSshKeyPair("secureboot").privateKey,
      deployedTo: ["web01"],
    },
  ];
}

function makeMachineVars({ name: machine }: SampleMachine): SampleVar[] {
  const host = makeSshKeyPair(`root@${machine}`);
  const tunnel = makeWireGuardKey();
  const deployedTo = [machine];
  return [
    { machine, service: "openssh", file: "ssh.id_ed25519", content: host.privateKey, deployedTo },
    { machine, service: "openssh", file: "ssh.id_ed25519.pub", content: host.publicKey, public: true, deployedTo: [] },
    { machine, service: "wireguard", file: "private-key", content: tunnel.privateKey, deployedTo },
    { machine, service: "wireguard", file: "public-key", content: tunnel.publicKey, public: true, deployedTo: [] },
    // For people who sit at the console; the machine itself only needs the hash.
    { machine, service: "root-password", file: "password", content: makeToken(20), deployedTo: [] },
    {
      machine,
      service: "root-password",
      file: "password-hash",
      content: `$y$j9T$${makeToken(22)}$${makeToken(43)}`,
      deployedTo,
    },
  ];
}

/** One file of tier 2 with the rule that covers it; readers are names of people and machines. */
export interface SampleFile {
  readonly path: string;
  readonly pathRegex: string;
  readonly format: "yaml" | "dotenv" | "json";
  readonly readers: readonly string[];
  /** The plain text, as a person would have typed it. */
  readonly content: string;
}

export function makeSampleFiles(): SampleFile[] {
  return [
    {
      path: "secrets/users/ada.sops.yaml",
      pathRegex: "^secrets/users/ada\\.sops\\.yaml$",
      format: "yaml",
      readers: ["ada", "studio"],
      content: `github:
    # Read and write, for the release robot; runs out in March
    token: ghp_${makeToken(36)}
    user: ada-k
npm:
    token: npm_${makeToken(36)}
signing:
    # minisign, without a passphrase
    key: |
        untrusted comment: minisign secret key
        ${makeToken(100)}
mail:
    imap: ${makeToken(16)}
    smtp: ${makeToken(16)}
`,
    },
    {
      path: "secrets/users/bruno.sops.yaml",
      pathRegex: "^secrets/users/bruno\\.sops\\.yaml$",
      format: "yaml",
      readers: ["bruno"],
      content: `github:
    token: ghp_${makeToken(36)}
registrar:
    # Ask before changing name servers
    api-key: ${makeToken(32)}
    account: 481516
`,
    },
    {
      path: "secrets/users/chiara.sops.yaml",
      pathRegex: "^secrets/users/chiara\\.sops\\.yaml$",
      format: "yaml",
      readers: ["chiara"],
      content: `gitlab:
    token: glpat-${makeToken(20)}
`,
    },
    {
      path: "secrets/services/mailer.env",
      pathRegex: "^secrets/services/mailer\\.env$",
      format: "dotenv",
      readers: ["ada", "bruno", "web01", "db01"],
      content: `# Relay of the hosting company\nSMTP_HOST=mail.example.org\nSMTP_USER=fleet\nSMTP_PASSWORD=${makeToken(24)}\n`,
    },
    {
      path: "secrets/services/monitoring.json",
      pathRegex: "^secrets/services/.*\\.json$",
      format: "json",
      readers: ["ada", "bruno", "backup01"],
      content: `${JSON.stringify({ webhook: `https://chat.example.org/hooks/${makeToken(24)}`, pager: { key: makeToken(32) } }, null, 2)}\n`,
    },
  ];
}

/** What is wrong in the fleet on purpose: a machine that was added to a rule while nobody re-encrypted the file. */
export const DRIFT = { path: "secrets/services/mailer.env", missing: "db01" } as const;
