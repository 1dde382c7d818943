/** A fleet of as many documents as one likes, which all have the same readers and can be opened. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { TestContext } from "node:test";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { encryptTo } from "../../src/age/file.ts";
import { parseRecipient } from "../../src/age/recipient.ts";
import { createFile } from "../../src/sops/create-file.ts";
import { parsePlain } from "../../src/sops/plain-text.ts";
import { type Place, placeAt, quickDirectory } from "./under-fire.ts";

/** @returns where `ada` runs commands: one of `readers` people who read all documents, each in a folder of its own */
export async function uniformFleet(t: TestContext, size: number, readers = 2): Promise<Place> {
  const directory = quickDirectory(t);
  const root = join(directory, "fleet");
  const key = join(directory, "ada.txt");
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const names = ["ada", ...Array.from({ length: readers - 1 }, (_, n) => `reader${n}`)];
  const keys = names.map((name) => ({ name, ...makeAgeKey() }));
  const anchors = keys.map(({ name, recipient }) => `  - &${name} ${recipient}\n`).join("");
  const rule = keys.map(({ name }) => `          - *${name}\n`).join("");
  put(
    ".sops.yaml",
    `keys:\n${anchors}creation_rules:\n  - path_regex: ^secrets/\n    key_groups:\n      - age:\n${rule}`,
  );
  writeFileSync(key, `${keys[0]?.identity}\n`, { mode: 0o600 });
  for (let n = 0; n < size; n++) {
    const text = await createFile({
      format: "yaml",
      documents: parsePlain(`token: value-in-the-clear-${n}\n`, "yaml"),
      keyGroups: [keys.map(({ recipient }) => ({ type: "age", id: recipient }))],
      now: new Date(),
      seal: ({ id }, dataKey) => encryptTo([parseRecipient(id)], dataKey),
    });
    put(`secrets/team-${n}/a.sops.yaml`, text);
  }
  execFileSync("git", ["init", "--quiet", "--template=", root]);
  execFileSync("git", ["-C", root, "add", "--all"]);
  return placeAt(directory, key);
}
