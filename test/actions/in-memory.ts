/** Fleets in memory with documents of their own, and a person who looks at them. */

import type { Workplace } from "../../src/actions/workplace.ts";
import type { AgeKey } from "../../src/age/age-key.ts";
import { encryptTo } from "../../src/age/file.ts";
import { type Keyring, loadKeyring } from "../../src/age/keyring.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { createSealer } from "../../src/age/sealer.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { createFile } from "../../src/sops/create-file.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";
import type { Format } from "../../src/sops/store.ts";
import { type MemoryFiles, memoryGround } from "../fleet/memory-ground.ts";

/** A sealed document. */
export function sealed(
  format: Format,
  text: string,
  groups: readonly (readonly AgeKey[])[],
  shamirThreshold?: number,
): Promise<string> {
  return createFile({
    format,
    documents: parsePlain(text, format),
    keyGroups: groups.map((group) => group.map(({ recipient }) => ({ type: "age", id: recipient }))),
    ...(shamirThreshold === undefined ? {} : { shamirThreshold }),
    now: new Date("2026-03-01T12:00:00Z"),
    seal: ({ id }, dataKey) => encryptTo([parseRecipient(id)], dataKey),
  });
}

export function keyJson(...keys: readonly AgeKey[]): string {
  return JSON.stringify(keys.map(({ recipient }) => ({ publickey: recipient, type: "age" })));
}

/** What an action is given when the person holds these keys and no others. */
export async function workplaceOf(files: MemoryFiles, ...keys: readonly AgeKey[]): Promise<Workplace> {
  const ground = memoryGround(files);
  const fleet = await loadFleet(ground);
  const keyring = await keyringOf(...keys);
  return {
    ground,
    fleet: async () => fleet,
    keyring: async () => keyring,
    openSealer: createSealer,
    gpg: { program: "gpg", run: async () => ({ code: 2, stdout: new Uint8Array(), stderr: "" }) },
    now: () => new Date("2026-03-01T12:00:00Z"),
    apply: async () => {
      throw new Error("nothing here writes");
    },
  };
}

export function keyringOf(...keys: readonly AgeKey[]): Promise<Keyring> {
  return loadKeyring({
    env: { SOPS_AGE_KEY: keys.map(({ identity }) => identity).join("\n") },
    home: undefined,
    platform: "linux",
    readFile: async () => null,
    runCommand: async () => new Uint8Array(),
    askPassphrase: async () => null,
  });
}
