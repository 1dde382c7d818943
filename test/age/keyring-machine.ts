/** A made-up machine to find keys on: files, variables, commands and a person who answers or does not. */
import { readFileSync } from "node:fs";
import type { DataKeyEntry } from "../../src/age/data-key.ts";
import { encryptTo } from "../../src/age/file.ts";
import { type Keyring, loadKeyring } from "../../src/age/keyring.ts";
import type { Plugins } from "../../src/age/plugin/plugins.ts";
import { parseRecipient, recipientId } from "../../src/age/recipient.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);
export const read = (path: string) => readFileSync(new URL(path, fixtures), "utf8");

export const [alice, bob, carol] = ["alice", "bob", "carol"].map((name) => {
  const text = read(`golden/clan/keys/${name}.txt`);
  return { text, secret: text.trim().split("\n").at(-1) ?? "", recipient: /public key: (\S+)/.exec(text)?.[1] ?? "" };
}) as [Person, Person, Person];

export interface Person {
  readonly text: string;
  readonly secret: string;
  readonly recipient: string;
}

export const converted: Record<string, { recipient: string }> = JSON.parse(read("age/ssh-to-age.json"));
export const ssh = (name: string) => ({
  key: read(`age/ssh/${name}`),
  recipient: recipientId(read(`age/ssh/${name}.pub`)),
  line: read(`age/ssh/${name}.pub`).trim(),
  derived: converted[`age/ssh/${name}`]?.recipient ?? "",
});
export const plain = ssh("ed25519");
export const locked = ssh("ed25519-aes256-ctr");
export const rsa = ssh("rsa3072");

export interface Machine {
  readonly env?: Record<string, string>;
  /** By path below the home, or absolute. A value `null` cannot be read. */
  readonly files?: Record<string, string | null>;
  readonly commands?: Record<string, string>;
  readonly passphrases?: Record<string, string>;
  readonly platform?: NodeJS.Platform;
  readonly home?: string | null;
  readonly plugins?: Plugins;
}

export async function start(machine: Machine): Promise<{ keyring: Keyring; log: string[] }> {
  const log: string[] = [];
  const files = new Map(
    Object.entries(machine.files ?? {}).map(([path, text]) => [path.startsWith("/") ? path : `/home/x/${path}`, text]),
  );
  const keyring = await loadKeyring({
    env: machine.env ?? {},
    home: machine.home === null ? undefined : "/home/x",
    platform: machine.platform ?? "linux",
    async readFile(path) {
      log.push(`read ${path}`);
      const text = files.get(path);
      if (text === null) throw new Error("EACCES: hunter2");
      return text === undefined ? null : Buffer.from(text);
    },
    async runCommand(argv) {
      log.push(`run ${argv.join("|")}`);
      const output = machine.commands?.[argv[0] ?? ""];
      if (output === undefined) throw new Error(`${argv[0]} failed: hunter2`);
      return Buffer.from(output);
    },
    async askPassphrase(what) {
      log.push(`ask ${what}`);
      return machine.passphrases?.[what] ?? null;
    },
    ...(machine.plugins === undefined ? {} : { plugins: machine.plugins }),
  });
  return { keyring, log };
}

export const dataKey = Buffer.alloc(32, 7);
export const entryFor = async (recipient: string, label = recipient): Promise<DataKeyEntry> => ({
  recipient: label,
  enc: await encryptTo([parseRecipient(recipient)], dataKey),
});
export const asked = (log: readonly string[]) => log.filter((line) => !line.startsWith("read"));
export const keysTxt = ".config/sops/age/keys.txt";
