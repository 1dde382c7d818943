/** Makes the fleet that `secrets demo` is walked in: two tiers, real documents, throw-away keys, one drift. */
import { posix } from "node:path";
import { type AgeKey, makeAgeKey } from "../../age/age-key.ts";
import { encryptTo } from "../../age/file.ts";
import { parseRecipient } from "../../age/recipient.ts";
import { createFile } from "../../sops/create-file.ts";
import { parsePlain } from "../../sops/plain-text.ts";
import type { Format } from "../../sops/store.ts";
import {
  DRIFT,
  GROUPS,
  MACHINES,
  makeSampleFiles,
  makeSampleVars,
  PEOPLE,
  type SampleFile,
  type SampleVar,
} from "./sample-fleet.ts";

/** Where the fleet goes. Paths are relative to its root, with `/`; parents are made as needed. */
export interface FleetWriter {
  readonly file: (path: string, content: string, mode: 0o600 | 0o644) => Promise<void>;
  /** @param target the text of the link, relative to the link's own directory. */
  readonly link: (path: string, target: string) => Promise<void>;
}

export interface SampleFleet {
  /** The person whose key the demo uses. */
  readonly person: string;
  /** The text of every person's identity file, by name. They must not be written into the fleet. */
  readonly identities: ReadonlyMap<string, string>;
  /** The one finding of `check`. */
  readonly drift: { readonly path: string; readonly missing: string };
}

interface Making {
  readonly keys: ReadonlyMap<string, AgeKey>;
  readonly writer: FleetWriter;
  readonly now: Date;
}

/** @throws what `writer` throws. */
export async function writeSampleFleet(writer: FleetWriter, now: Date): Promise<SampleFleet> {
  const names = [...PEOPLE, ...MACHINES.map(({ name }) => name)];
  const making: Making = { keys: new Map(names.map((name) => [name, makeAgeKey()])), writer, now };
  const files = makeSampleFiles();
  await writeRegistry(making);
  for (const { name } of MACHINES) {
    await writeSecret(making, `sops/secrets/${name}-age.key`, keyOf(making, name).identity, []);
  }
  for (const sample of makeSampleVars()) await writeVar(making, sample);
  await writer.file(".sops.yaml", sopsYaml(making, files), 0o644);
  for (const file of files) {
    const readers = file.readers.filter((name) => file.path !== DRIFT.path || name !== DRIFT.missing);
    await writer.file(file.path, await encrypt(making, file.format, file.content, readers), 0o644);
  }
  await writeNix(making);
  return {
    person: PEOPLE[0],
    identities: new Map(PEOPLE.map((name) => [name, identityFile(name, keyOf(making, name))])),
    drift: DRIFT,
  };
}

async function writeRegistry(making: Making): Promise<void> {
  const { writer } = making;
  const keyJson = (name: string) =>
    // As clan writes it: no line break at the end.
    writer.file(
      `sops/${kindOf(name)}/${name}/key.json`,
      JSON.stringify([{ publickey: keyOf(making, name).recipient, type: "age" }], null, 2),
      0o644,
    );
  for (const name of making.keys.keys()) await keyJson(name);
  for (const [group, members] of Object.entries(GROUPS)) {
    for (const user of members) await link(writer, `sops/groups/${group}/users/${user}`, `sops/users/${user}`);
  }
}

async function writeVar(making: Making, sample: SampleVar): Promise<void> {
  const owner = sample.machine === undefined ? "shared" : `per-machine/${sample.machine}`;
  const directory = `vars/${owner}/${sample.service}/${sample.file}`;
  if (sample.public) await making.writer.file(`${directory}/value`, sample.content, 0o644);
  else await writeSecret(making, directory, sample.content, sample.deployedTo);
}

/** A secret of tier 1 with its links: always for the admins, and for some machines. */
async function writeSecret(
  making: Making,
  directory: string,
  content: string,
  machines: readonly string[],
): Promise<void> {
  const readers = [...(GROUPS["admins"] ?? []), ...machines];
  await making.writer.file(`${directory}/secret`, await encrypt(making, "binary", content, readers), 0o600);
  await link(making.writer, `${directory}/groups/admins`, "sops/groups/admins");
  for (const machine of machines)
    await link(making.writer, `${directory}/machines/${machine}`, `sops/machines/${machine}`);
}

function encrypt(making: Making, format: Format, content: string, readers: readonly string[]): Promise<string> {
  return createFile({
    format,
    documents: parsePlain(content, format),
    keyGroups: [readers.map((name) => ({ type: "age", id: keyOf(making, name).recipient }))],
    now: making.now,
    seal: ({ id }, dataKey) => encryptTo([parseRecipient(id)], dataKey),
  });
}

/** As people who use sops-nix write it: an anchor for every key, then a rule for every kind of file. */
function sopsYaml(making: Making, files: readonly SampleFile[]): string {
  const anchors = (names: readonly string[]) =>
    names.map((name) => `  - &${name} ${keyOf(making, name).recipient}\n`).join("");
  const rules = files.map(
    ({ pathRegex, readers }) =>
      `  - path_regex: ${pathRegex}\n    key_groups:\n      - age:\n${readers.map((name) => `          - *${name}\n`).join("")}`,
  );
  const machines = MACHINES.map(({ name }) => name);
  return `keys:\n  # people\n${anchors(PEOPLE)}  # machines\n${anchors(machines)}\ncreation_rules:\n${rules.join("")}`;
}

async function writeNix({ writer }: Making): Promise<void> {
  for (const { name, system } of MACHINES) {
    const host = `{\n  networking.hostName = "${name}";\n  nixpkgs.hostPlatform = "${system}";\n}\n`;
    await writer.file(`machines/${name}/configuration.nix`, host, 0o644);
  }
}

function identityFile(name: string, { identity, recipient }: AgeKey): string {
  return `# throw-away key of ${name}, good for one sample fleet\n# public key: ${recipient}\n${identity}\n`;
}

function link(writer: FleetWriter, path: string, target: string): Promise<void> {
  return writer.link(path, posix.relative(posix.dirname(path), target));
}

function kindOf(name: string): "users" | "machines" {
  return MACHINES.some((machine) => machine.name === name) ? "machines" : "users";
}

function keyOf({ keys }: Making, name: string): AgeKey {
  const key = keys.get(name);
  if (key === undefined) throw new Error(`nobody of the sample fleet is called ${name}`);
  return key;
}
