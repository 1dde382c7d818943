/** Definitions in a fleet of three machines, two people and three groups, read as the program reads them. */
import assert from "node:assert/strict";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import type { SecretsError } from "../../../src/errors.ts";
import { readServiceFiles } from "../../../src/fleet/services/definition-files.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { type MemoryFiles, memoryGround } from "../memory-ground.ts";

const KEY = JSON.stringify([{ publickey: makeAgeKey().recipient, type: "age" }]);
/** `mixed` has a machine and a person. */
const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": KEY,
  "sops/users/bruno/key.json": KEY,
  "sops/machines/web01/key.json": KEY,
  "sops/machines/web02/key.json": KEY,
  "sops/machines/db01/key.json": KEY,
  "sops/groups/admins/users/ada": { link: "../../../users/ada" },
  "sops/groups/web/machines/web01": { link: "../../../machines/web01" },
  "sops/groups/web/machines/web02": { link: "../../../machines/web02" },
  "sops/groups/mixed/machines/db01": { link: "../../../machines/db01" },
  "sops/groups/mixed/users/bruno": { link: "../../../users/bruno" },
};

/** By the names of services; a name with a dot in it is that of a file. */
export async function read(definitions: Readonly<Record<string, string | Uint8Array | { link: string }>>) {
  const files = Object.entries(definitions).map(
    ([name, text]) => [`vars/services/${name.includes(".") ? name : `${name}.yaml`}`, text] as const,
  );
  const ground = memoryGround({ ...FLEET, ...Object.fromEntries(files) });
  return readServiceFiles(ground);
}

/** Of a sound definition that makes one service, called `x`. */
export async function one(text: string): Promise<Service> {
  const { services, faults } = await read({ x: text });
  assert.deepEqual(faults.map(tell), []);
  assert.equal(services.length, 1);
  return services[0] as Service;
}

/** Of a definition that has some. */
export async function faultsOf(text: string | Uint8Array): Promise<string[]> {
  const { services, faults } = await read({ x: text });
  assert.deepEqual(services, [], "what is wrong makes nothing");
  for (const { location } of faults) assert.equal(location?.file, "vars/services/x.yaml");
  return faults.map(tell);
}

/** `line:column key: message (hint)` */
function tell({ location: { line, column, keyPath } = {}, message, hint }: SecretsError): string {
  const key = keyPath === undefined ? "" : `${keyPath.join("/")}: `;
  return `${line}:${column} ${key}${message}${hint === undefined ? "" : ` (${hint})`}`;
}
