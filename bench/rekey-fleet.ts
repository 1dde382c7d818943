/** A fleet whose documents really open, for changes of who reads them. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeToken } from "../src/actions/demo/throwaway-keys.ts";
import { type AgeKey, makeAgeKey } from "../src/age/age-key.ts";
import { openSealer } from "../src/cli/sealing.ts";
import { createFile } from "../src/sops/create-file.ts";
import { parsePlain } from "../src/sops/plain-text.ts";

/** Documents that are made at one time. */
const ABREAST = 100;
const VALUES = 10;

export interface RekeyFleet {
  /** Committed, and not to be changed: work on copies. */
  readonly root: string;
  /** Relative to the root. */
  readonly documents: readonly string[];
  readonly readers: readonly AgeKey[];
  /** A key that no document knows yet. */
  readonly newcomer: AgeKey;
}

/** @param size how many documents, each with ten values and `readers` keys */
export async function generateRekeyFleet(root: string, size: number, readers: number): Promise<RekeyFleet> {
  const keys = Array.from({ length: readers }, makeAgeKey);
  const documents = Array.from({ length: size }, (_, i) => `secrets/team-${i % 50}/service-${i}.sops.yaml`);
  const sealer = openSealer(size * readers);
  for (let start = 0; start < size; start += ABREAST)
    await Promise.all(
      documents.slice(start, start + ABREAST).map(async (path) => {
        const plain = Array.from({ length: VALUES }, (_, n) => `value${n}: ${makeToken(32)}\n`).join("");
        const text = await createFile({
          format: "yaml",
          documents: parsePlain(plain, "yaml"),
          keyGroups: [keys.map(({ recipient }) => ({ type: "age", id: recipient }))],
          now: new Date(),
          seal: ({ id }, dataKey) => sealer.seal(id, dataKey),
        });
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }),
    );
  await sealer.close();
  writeFileSync(join(root, ".sops.yaml"), policyFor(keys));
  const git = (...args: string[]) => execFileSync("git", ["-C", root, ...args]);
  git("init", "--quiet");
  git("add", "--all");
  git("-c", "user.name=bench", "-c", "user.email=bench@example.org", "commit", "--quiet", "--message", "a fleet");
  return { root, documents, readers: keys, newcomer: makeAgeKey() };
}

/** A copy of the fleet where the policy already names other readers than the documents. */
export function copyWithPolicy({ root }: RekeyFleet, copy: string, readers: readonly AgeKey[]): string {
  cpSync(root, copy, { recursive: true, preserveTimestamps: true });
  writeFileSync(join(copy, ".sops.yaml"), policyFor(readers));
  return copy;
}

function policyFor(keys: readonly AgeKey[]): string {
  const anchors = keys.map(({ recipient }, i) => `  - &reader${i} ${recipient}\n`).join("");
  const readers = keys.map((_, i) => `          - *reader${i}\n`).join("");
  return `keys:\n${anchors}creation_rules:\n  - path_regex: ^secrets/\n    key_groups:\n      - age:\n${readers}`;
}
