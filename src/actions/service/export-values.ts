/**
 * Values of the vars tier in clear, in the layout of clan's own dump: `{per-machine/<m>|shared}/<service>/<file>`, with
 * the service's `.validation-hash` beside its files.
 */
import { SecretsError } from "../../errors.ts";
import { didYouMean, type VarAddress } from "../../fleet/address.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet, PublicValue } from "../../fleet/fleet.ts";
import type { Ground } from "../../fleet/ground.ts";
import { parentOf } from "../../fleet/path-index.ts";
import { plainBytes } from "../../sops/plain-text.ts";
import { askPlugins } from "../ask-plugins.ts";
import { openDocument } from "../document.ts";
import { namedFew } from "../named-few.ts";
import { fits } from "../rekey/documents-at.ts";
import type { Workplace } from "../workplace.ts";
import { VALIDATION_HASH } from "./folders.ts";
import { readStoredHash } from "./stored-hash.ts";

export interface DumpFile {
  /** Below the folder of the dump. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface DumpedValue extends DumpFile {
  readonly address: string;
}

export interface ValueDump {
  /** In the order of their addresses. */
  readonly values: readonly DumpedValue[];
  readonly hashes: readonly DumpFile[];
  /** What no key of this person opens; empty unless leaving it out was asked for. */
  readonly locked: readonly { readonly address: string; readonly reason: string }[];
}

export interface ExportOptions {
  /** What cannot be opened is left out, instead of stopping everything. */
  readonly partial?: boolean;
}

type Source = FleetDocument | PublicValue;

/** Documents that are opened at one time. */
const ABREAST = 64;
const LISTED = 12;

/**
 * @param selection addresses of machines, services or files, with `*` for any part of one; all values when empty
 * @throws SecretsError `E_NOT_FOUND` for one that names no value, `E_CANNOT_OPEN` naming all that no key here opens,
 *   `E_EXPORT_NAME` where one file would have to be a folder as well
 */
export async function readDump(
  workplace: Workplace,
  selection: readonly string[],
  { partial = false }: ExportOptions = {},
): Promise<ValueDump> {
  const fleet = await workplace.fleet();
  const sources = selectValues(fleet, selection);
  refuseFolders(sources);
  const { values, locked } = await readAll(workplace, sources);
  if (locked.length > 0 && !partial) throw cannotOpen(locked, sources.length);
  const hashes = await readHashes(workplace.ground, sources);
  return { values, hashes, locked };
}

/** @throws SecretsError `E_NOT_FOUND`, `E_ADDRESS` */
function selectValues(fleet: Fleet, selection: readonly string[]): readonly Source[] {
  const sources = [...fleet.documents, ...fleet.publicValues.filter(({ besideSecret }) => !besideSecret)]
    .filter((source) => isDumped(source))
    .sort((a, b) => (a.address < b.address ? -1 : 1));
  if (selection.length === 0) return sources;
  const chosen = new Set<Source>();
  for (const text of selection) {
    const found = sources.filter((source) => isNamed(source, text.replace(/\/+$/, "")));
    if (found.length === 0) throw notFound(text, sources);
    for (const source of found) chosen.add(source);
  }
  return sources.filter((source) => chosen.has(source));
}

/** Clan's dump has no place for its old secrets, and none for what belongs to an export of the flake. */
function isDumped({ parts }: Source): boolean {
  return parts.kind === "var" && parts.exportKey === undefined && parts.file !== undefined;
}

/** The address itself, one above it, or the folder as clan spells it. */
function isNamed({ address, path }: Source, text: string): boolean {
  const pieces = text.split("*");
  for (const start of [address, parentOf(path)]) {
    for (let end = start.length; end > 0; end = start.lastIndexOf("/", end - 1)) {
      const name = start.slice(0, end);
      if (pieces.length === 1 ? name === text : fits(name, pieces)) return true;
    }
  }
  return false;
}

function notFound(text: string, sources: readonly Source[]): SecretsError {
  const known = sources.flatMap(({ address }) => [address, parentOf(address), parentOf(parentOf(address))]);
  const vars = /^vars(\/|$)/.test(text);
  return new SecretsError("E_NOT_FOUND", `no value of the vars tier lies at ${text}`, {
    kind: "usage",
    hint:
      didYouMean(text, new Set(known)) ??
      (vars
        ? "secrets ls vars shows every address"
        : "only values below vars/ have a place in clan's dump: vars/MACHINE, vars/*/SERVICE, vars/shared/SERVICE/FILE"),
  });
}

/** `vars/web01/tls/key` and `vars/web01/tls/key/ca` lie beside each other in the fleet; a dump would need one name twice. */
function refuseFolders(sources: readonly Source[]): void {
  const files = new Set(sources.map(dumpPath));
  for (const source of sources) {
    const path = dumpPath(source);
    for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) {
      if (!files.has(path.slice(0, end))) continue;
      throw new SecretsError("E_EXPORT_NAME", `${path.slice(0, end)} would be a file and a folder at once`, {
        location: { file: source.path },
        hint: "export the two apart: secrets export ADDRESS DIR",
      });
    }
  }
}

function dumpPath({ parts }: Source): string {
  const { machine, service, file } = parts as VarAddress;
  return `${machine === undefined ? "shared" : `per-machine/${machine}`}/${service}/${file}`;
}

async function readAll(workplace: Workplace, sources: readonly Source[]) {
  await askPlugins(workplace, sources.filter(isDocument));
  const values: (DumpedValue | undefined)[] = [];
  const faults: (SecretsError | undefined)[] = [];
  const waiting = sources.entries();
  const work = async () => {
    for (const [i, source] of waiting) {
      try {
        const bytes = await readValue(workplace, source);
        values[i] = { address: source.address, path: dumpPath(source), bytes };
      } catch (error) {
        if (!(error instanceof SecretsError) || error.code !== "E_NO_IDENTITY") throw error;
        faults[i] = error;
      }
    }
  };
  await Promise.all(Array.from({ length: ABREAST }, work));
  return {
    values: values.filter((value) => value !== undefined),
    locked: sources.flatMap(({ address }, i) => {
      const reason = faults[i]?.message;
      return reason === undefined ? [] : [{ address, reason }];
    }),
  };
}

async function readValue(workplace: Workplace, source: Source): Promise<Uint8Array> {
  if (!isDocument(source)) return workplace.ground.read(source.path);
  const { plain } = await openDocument(workplace, source.path, source.format);
  return plainBytes(source.format, plain);
}

function isDocument(source: Source): source is FleetDocument {
  return "format" in source;
}

/** Of the services that the values are of. One that clan could not have written says nothing, and stays behind. */
async function readHashes(ground: Ground, sources: readonly Source[]): Promise<DumpFile[]> {
  const services = new Map<string, string>();
  for (const { parts, path } of sources) {
    const { machine, service, file = "" } = parts as VarAddress;
    const to = `${machine === undefined ? "shared" : `per-machine/${machine}`}/${service}`;
    services.set(to, parentOf(path).slice(0, -file.length - 1));
  }
  const hashes: DumpFile[] = [];
  for (const [to, from] of services) {
    const text = (await readStoredHash(ground, from)) ?? "";
    if (isValidationHash(text)) hashes.push({ path: `${to}/${VALIDATION_HASH}`, bytes: Buffer.from(text, "latin1") });
  }
  return hashes;
}

/** SHA-256 in lower-case hex, as clan writes it. */
export function isValidationHash(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

function cannotOpen(locked: ValueDump["locked"], all: number): SecretsError {
  const count = locked.length === 1 ? "a value" : `${locked.length} of the ${all} values`;
  return new SecretsError("E_CANNOT_OPEN", `${count} cannot be opened here`, {
    kind: "identity",
    hint: [
      ...namedFew(
        locked.map(({ address, reason }) => `${address}: ${reason}`),
        LISTED,
      ),
      "nothing was written: leave them out with --partial, or let somebody run it who can open all of them",
    ].join("\n"),
  });
}
