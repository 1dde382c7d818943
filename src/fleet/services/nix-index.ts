/**
 * `vars/services/index.json`: what the definitions in files say of files on a machine (owner, mode, phase), for the Nix
 * modules in `nix/`, since Nix reads no YAML. It holds the hash of every definition that it was written from: the
 * modules refuse one that is older than its definitions, so that it can be behind, but never believed to be current.
 */
import { SecretsError } from "../../errors.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import type { Ground } from "../ground.ts";
import { type Service, type ServiceFile, STANDARD_FILE } from "./service.ts";

export const NIX_INDEX = "vars/services/index.json";
/** Of its change, for a person. */
export const NIX_INDEX_REASON = "definitions, as the Nix modules read them";
const DEFINITION = /^vars\/services\/([^/]+\.ya?ml)$/;

/** What is left out where it is the standard one: `nix/lib/definitions.nix` has the same. */
const FIELDS = Object.keys(STANDARD_FILE).sort() as (keyof typeof STANDARD_FILE)[];

/**
 * Services of a flake are left out: Nix knows them. The same bytes for the same definitions, in whatever order.
 *
 * @param definitions the bytes of every definition, by its path
 */
export function renderNixIndex(services: readonly Service[], definitions: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const defined = new Map<string, Service>();
  for (const service of services) {
    // One name is one definition, and so the same for every machine.
    if (service.origin.kind === "file") defined.set(service.name, service);
  }
  const index = {
    version: 1,
    definitions: sorted(
      [...definitions].map(([path, bytes]) => [DEFINITION.exec(path)?.[1] ?? path, contentHash(bytes)]),
    ),
    services: sorted([...defined].map(([name, service]) => [name, entryOf(service)])),
  };
  return Buffer.from(`${JSON.stringify(index, null, 2)}\n`, "utf8");
}

/**
 * What has to be written for the index to be current; undefined when it is. Where nothing is defined in files there is none.
 *
 * @param ground with the definitions as they will be
 * @throws SecretsError `E_NOT_A_FILE`, and what the ground throws
 */
export async function planNixIndex(ground: Ground, services: readonly Service[]): Promise<FileChange | undefined> {
  const files = await ground.list();
  const paths = files.filter(({ path, kind }) => kind === "file" && DEFINITION.test(path)).map(({ path }) => path);
  const definitions = new Map(
    await Promise.all(paths.map(async (path) => [path, await ground.read(path)] as [string, Uint8Array])),
  );
  const there = await readIndex(ground);
  const path = repoPath(NIX_INDEX);
  const expect = there === undefined ? "absent" : contentHash(there);
  if (definitions.size === 0) return there === undefined ? undefined : { kind: "remove", path, expect };
  const bytes = renderNixIndex(services, definitions);
  return there !== undefined && Buffer.from(bytes).equals(there) ? undefined : { kind: "write", path, bytes, expect };
}

async function readIndex(ground: Ground): Promise<Uint8Array | undefined> {
  const kind = await ground.kind(NIX_INDEX);
  if (kind === "missing") return undefined;
  if (kind === "file") return ground.read(NIX_INDEX);
  throw new SecretsError("E_NOT_A_FILE", "the index of services for Nix is a file, and here is something else", {
    location: { file: NIX_INDEX },
    hint: "move it away: secrets generate writes it anew",
  });
}

function entryOf({ machine, files }: Service): object {
  return {
    ...(machine === undefined ? { share: true } : {}),
    files: sorted(files.map((file) => [file.name, saidOf(file)])),
  };
}

function saidOf(file: ServiceFile): object {
  return sorted(
    FIELDS.filter((field) => String(file[field]) !== String(STANDARD_FILE[field])).map((field) => [field, file[field]]),
  );
}

/** Without a prototype: names are what people chose. */
function sorted(entries: readonly (readonly [string, unknown])[]): object {
  const object: Record<string, unknown> = Object.create(null);
  for (const [key, value] of entries.toSorted(([a], [b]) => (a < b ? -1 : 1))) object[key] = value;
  return object;
}
