/** Fleets of any size, for timing. Policy and documents agree, so that a check has everything to compare and nothing to say. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { makeToken } from "../src/actions/demo/throwaway-keys.ts";
import { type AgeKey, makeAgeKey } from "../src/age/age-key.ts";
import { encryptTo } from "../src/age/file.ts";
import { parseRecipient } from "../src/age/recipient.ts";
import { createFile } from "../src/sops/create-file.ts";
import { parsePlain } from "../src/sops/plain-text.ts";
import type { Format } from "../src/sops/store.ts";

const USERS = ["ada", "bruno", "chiara"];
const MACHINES = ["m1", "m2"];
const VALUES_PER_FILE = 10;

export interface GeneratedFleet {
  readonly root: string;
  /** Every encrypted document, relative to the root: half of them of tier 1, half of tier 2. */
  readonly documents: readonly string[];
  /** A sops configuration in which one rule covers both tiers, for sops knows nothing of links. */
  readonly sopsConfig: string;
}

/**
 * @param size how many documents; each has five readers.
 *
 * The documents cannot be opened: one wrapped key for each reader is made once and stands in all of them, because a
 * check without identities never looks into it. Everything else is as `createFile` makes it.
 */
export async function generateFleet(root: string, size: number): Promise<GeneratedFleet> {
  const keys = new Map([...USERS, ...MACHINES].map((name) => [name, makeAgeKey()] as const));
  const recipients = [...keys.values()].map(({ recipient }) => recipient);
  const wrapped = new Map<string, string>();
  for (const id of recipients) wrapped.set(id, await encryptTo([parseRecipient(id)], Buffer.alloc(32)));
  const seal = async (id: string) => wrapped.get(id) ?? "";

  for (const [name, { recipient }] of keys) {
    const kind = USERS.includes(name) ? "users" : "machines";
    write(root, `sops/${kind}/${name}/key.json`, JSON.stringify([{ publickey: recipient, type: "age" }], null, 2));
  }
  for (const user of USERS) link(root, `sops/groups/admins/users/${user}`, `sops/users/${user}`);
  write(root, ".sops.yaml", sopsYaml("^secrets/.*\\.sops\\.yaml$", keys));
  const sopsConfig = `${root}.sops.yaml`;
  writeFileSync(sopsConfig, sopsYaml(".*", keys));

  const documents: string[] = [];
  for (let index = 0; documents.length < size; index++) {
    const directory = `vars/per-machine/${MACHINES[index % 2]}/service-${index}/token`;
    write(root, `${directory}/secret`, await encryptFor(recipients, "binary", makeToken(32), seal));
    link(root, `${directory}/groups/admins`, "sops/groups/admins");
    for (const machine of MACHINES) link(root, `${directory}/machines/${machine}`, `sops/machines/${machine}`);
    const file = `secrets/team-${index % 50}/service-${index}.sops.yaml`;
    write(root, file, await encryptFor(recipients, "yaml", sampleYaml(VALUES_PER_FILE), seal));
    documents.push(`${directory}/secret`, file);
  }
  execFileSync("git", ["init", "--quiet", root]);
  execFileSync("git", ["-C", root, "add", "--all"]);
  return { root, documents, sopsConfig };
}

export interface OpenableFile {
  readonly path: string;
  /** The text of an identity file that opens it. */
  readonly identity: string;
}

/** One YAML document with five readers that really opens, in a fleet of its own. */
export async function generateFile(root: string, values: number): Promise<OpenableFile> {
  const keys = new Map([...USERS, ...MACHINES].map((name) => [name, makeAgeKey()] as const));
  const recipients = [...keys.values()].map(({ recipient }) => recipient);
  const path = "secrets/ada.sops.yaml";
  write(root, ".sops.yaml", sopsYaml("^secrets/", keys));
  const seal = (id: string, dataKey: Uint8Array) => encryptTo([parseRecipient(id)], dataKey);
  write(root, path, await encryptFor(recipients, "yaml", sampleYaml(values), seal));
  execFileSync("git", ["init", "--quiet", root]);
  execFileSync("git", ["-C", root, "add", "--all"]);
  return { path, identity: `${keys.get("ada")?.identity}\n` };
}

/** Two levels, ten values each, with names that both tools can address: `group0/value0` … */
function sampleYaml(values: number): string {
  const groups = Array.from({ length: Math.ceil(values / 10) }, (_, group) => {
    const lines = Array.from(
      { length: Math.min(10, values - group * 10) },
      (_, n) => `    value${n}: ${makeToken(32)}\n`,
    );
    return `group${group}:\n${lines.join("")}`;
  });
  return groups.join("");
}

function encryptFor(
  recipients: readonly string[],
  format: Format,
  plain: string,
  seal: (id: string, dataKey: Uint8Array) => Promise<string>,
): Promise<string> {
  return createFile({
    format,
    documents: parsePlain(plain, format),
    keyGroups: [recipients.map((id) => ({ type: "age", id }))],
    now: new Date(),
    seal: ({ id }, dataKey) => seal(id, dataKey),
  });
}

function sopsYaml(pathRegex: string, keys: ReadonlyMap<string, AgeKey>): string {
  const anchors = [...keys].map(([name, { recipient }]) => `  - &${name} ${recipient}\n`).join("");
  const readers = [...keys.keys()].map((name) => `          - *${name}\n`).join("");
  return `keys:\n${anchors}creation_rules:\n  - path_regex: ${pathRegex}\n    key_groups:\n      - age:\n${readers}`;
}

function write(root: string, path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), content);
}

function link(root: string, path: string, target: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(posix.relative(posix.dirname(path), target), join(root, path));
}
