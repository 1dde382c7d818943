/** Values on their way into the vars tier: out of clan's dump, or out of a sops document, each with the address it gets. */
import { SecretsError } from "../../errors.ts";
import { type Address, formatAddress, parseAddress, type SecretAddress, type VarAddress } from "../../fleet/address.ts";
import { isFileName, isServiceName } from "../../fleet/services/service-names.ts";
import { getAt } from "../../sops/access.ts";
import { formatKeyPath, parseKeyPath } from "../../sops/key-path.ts";
import type { Format } from "../../sops/store.ts";
import { bytesOfBinary } from "../../sops/stores/binary.ts";
import type { KeyPath, MapNode, ValueNode } from "../../sops/tree.ts";
import { scalarAnswer } from "../get.ts";
import { namedFew } from "../named-few.ts";
import { isValidationHash } from "./export-values.ts";
import { VALIDATION_HASH } from "./folders.ts";

export interface IncomingValue {
  readonly address: string;
  readonly parts: VarAddress | SecretAddress;
  readonly bytes: Uint8Array;
  /** For a person: the file of the dump, or the key in the document. */
  readonly from: string;
}

export interface Incoming {
  readonly values: readonly IncomingValue[];
  /** Validation hashes by the address of their service. */
  readonly hashes: ReadonlyMap<string, string>;
  /** What is left out, and why. */
  readonly notes: readonly string[];
}

/** Where the values of a document go. */
export interface Destination {
  /** `vars/MACHINE/SERVICE`, `vars/shared/SERVICE`: each key becomes a file of it. With a file: the one value goes there. */
  readonly to?: string;
  /** Each key becomes a secret of clan's old tree instead, its name behind this. */
  readonly secrets?: { readonly prefix: string };
  /** `KEY` or `KEY=ADDRESS`: these alone, under names of their own. */
  readonly keys?: readonly string[];
}

/** Below a file, these are what clan keeps beside its value. */
const TAKEN = /\/(secret|value|users|machines|groups)(\/|$)/;
/** As clan's command line takes them. */
const SECRET_NAME = /^[a-zA-Z0-9_][a-zA-Z0-9._-]*$/;

/** @throws SecretsError `E_DUMP` for anything that clan's dump does not hold */
export function valuesOfDump(files: readonly { readonly path: string; readonly bytes: Uint8Array }[]): Incoming {
  const values: IncomingValue[] = [];
  const hashes = new Map<string, string>();
  for (const { path, bytes } of files) {
    const [scope = "", ...rest] = path.split("/");
    const machine = scope === "per-machine" ? rest.shift() : undefined;
    const [service = "", ...names] = rest;
    const file = names.join("/");
    if (scope !== "shared" && (scope !== "per-machine" || machine === undefined)) throw oddFile(path);
    if (!isServiceName(service) || (machine !== undefined && !isMachineName(machine))) throw oddFile(path);
    const parts: VarAddress = { tier: "vars", kind: "var", machine, service, file };
    if (file === VALIDATION_HASH) {
      const hash = Buffer.from(bytes).toString("latin1").trim();
      if (!isValidationHash(hash)) throw oddFile(path, "this is no validation hash");
      hashes.set(formatAddress({ ...parts, file: undefined }), hash);
      continue;
    }
    if (!isNewFile(file) || names.some((name) => name.startsWith("."))) throw oddFile(path);
    values.push({ address: formatAddress(parts), parts, bytes, from: path });
  }
  if (values.length === 0) {
    throw new SecretsError("E_DUMP", "there is no value in this folder", {
      kind: "usage",
      hint: "a dump holds per-machine/MACHINE/SERVICE/FILE and shared/SERVICE/FILE, as clan vars export and secrets export write it",
    });
  }
  return { values, hashes, notes: [] };
}

function oddFile(path: string, why = "this has no place in a dump of values"): SecretsError {
  return new SecretsError("E_DUMP", why, {
    location: { file: path },
    hint: "a dump holds per-machine/MACHINE/SERVICE/FILE and shared/SERVICE/FILE; remove what else lies there",
  });
}

function isNewFile(name: string): boolean {
  return isFileName(name) && !TAKEN.test(name);
}

function isMachineName(name: string): boolean {
  return isServiceName(name) && !["shared", "per-machine", "per-export", "services"].includes(name);
}

/**
 * @param source the document's name, for a binary one that becomes a file of a service
 * @throws SecretsError `E_IMPORT_KEY` for a key that is not there or gives no name, `E_ADDRESS`, `E_USAGE`
 */
export function valuesOfDocument(
  documents: readonly MapNode[],
  format: Format,
  source: string,
  given: Destination,
): Incoming {
  const destination = { ...given, ...(given.to === undefined ? {} : { to: normal(given.to) }) };
  const found = format === "binary" ? binaryValue(documents, source, destination) : keyedValues(documents, destination);
  const notes = found.flatMap(({ bytes, from }) => (bytes === undefined ? [`${from} is null, and was left out`] : []));
  const values = found.flatMap(({ bytes, from, to }): IncomingValue[] =>
    bytes === undefined ? [] : [{ ...addressed(to, from), bytes, from }],
  );
  const seen = new Map<string, string>();
  for (const { address, from } of values) {
    const other = seen.get(address);
    if (other !== undefined) {
      throw new SecretsError("E_IMPORT_KEY", `${other} and ${from} would both become ${address}`, {
        kind: "usage",
        hint: `give one of them another name: --key ${from}=ADDRESS`,
      });
    }
    seen.set(address, from);
  }
  return { values, hashes: new Map(), notes };
}

interface Found {
  readonly to: string;
  readonly from: string;
  readonly bytes: Uint8Array | undefined;
}

function binaryValue(documents: readonly MapNode[], source: string, destination: Destination): Found[] {
  if ((destination.keys ?? []).length > 0)
    throw usage("a binary document is one value and has no keys: leave --key out");
  const name = source.slice(source.lastIndexOf("/") + 1);
  const to =
    destination.secrets !== undefined
      ? `sops/secrets/${destination.secrets.prefix}${name}`
      : isFile(destination.to)
        ? (destination.to ?? "")
        : join(destination, name);
  return [{ to, from: source, bytes: bytesOfBinary(documents) }];
}

function keyedValues(documents: readonly MapNode[], destination: Destination): Found[] {
  const { keys = [] } = destination;
  if (keys.length === 0) {
    return documents.flatMap((document) => leavesOf(document, []).map((leaf) => named(leaf, leaf.path, destination)));
  }
  return keys.flatMap((text) => {
    const [key = "", ...rest] = text.split("=");
    const to = rest.length === 0 ? undefined : rest.join("=");
    const path = parseKeyPath(key);
    const node = path.length === 0 ? undefined : getAt(documents, path);
    if (node === undefined) throw noKey(key, documents);
    const place = to === undefined ? destination : placeFor(to, destination);
    if (node.kind === "scalar") {
      if (place.to !== undefined && isFile(place.to)) return [{ ...found({ path, node }), to: place.to }];
      return [named({ path, node }, to === undefined ? path : path.slice(-1), place)];
    }
    return leavesOf(node, path).map((leaf) => named(leaf, leaf.path.slice(to === undefined ? 0 : path.length), place));
  });
}

/** What stands behind the `=`: a whole address, or a name below the destination. */
function placeFor(to: string, destination: Destination): Destination {
  if (/^(vars|sops\/secrets)\//.test(to)) return { to: normal(to) };
  if (destination.secrets !== undefined) return { to: `sops/secrets/${destination.secrets.prefix}${to}` };
  return { to: join(destination, to) };
}

interface LeafValue {
  readonly path: KeyPath;
  readonly node: ValueNode;
}

/** An empty map or list holds nothing that could be a file. */
function leavesOf(node: ValueNode, path: KeyPath): LeafValue[] {
  if (node.kind === "scalar") return [{ path, node }];
  if (node.kind === "map") {
    return node.entries.flatMap((entry) => (entry.kind === "entry" ? leavesOf(entry.value, [...path, entry.key]) : []));
  }
  return node.items
    .filter((item) => item.kind !== "comment")
    .flatMap((item, index) => leavesOf(item, [...path, index]));
}

/** Keys within each other make a name with slashes, as clan has them; clan's old secrets have none, and get dashes. */
function named(leaf: LeafValue, name: KeyPath, destination: Destination): Found {
  const flat = destination.secrets !== undefined;
  const text = name.map(String).join(flat ? "-" : "/");
  const to = flat ? `sops/secrets/${destination.secrets?.prefix ?? ""}${text}` : join(destination, text);
  return { ...found(leaf), to };
}

function found({ path, node }: LeafValue): Omit<Found, "to"> {
  const from = formatKeyPath(path);
  if (node.kind !== "scalar" || node.scalar.type === "null") return { from, bytes: undefined };
  return { from, bytes: scalarAnswer(node.scalar) };
}

function join({ to }: Destination, name: string): string {
  if (to !== undefined) return `${to}/${name}`;
  throw new SecretsError("E_USAGE", "it is not said where these values go", {
    kind: "usage",
    hint: "name a service: --to vars/MACHINE/SERVICE, or --to vars/shared/SERVICE\nor take them into clan's old tree: --secrets --for users/NAME",
  });
}

/** Clan's own spelling of an address as we spell it. */
function normal(address: string): string {
  return formatAddress(parseAddress(address));
}

/** Whether an address goes down to one value. */
function isFile(address: string | undefined): boolean {
  if (address === undefined) return false;
  const parts = parseAddress(address);
  return parts.kind === "secret" || (parts.kind === "var" && parts.file !== undefined);
}

function addressed(text: string, from: string): Pick<IncomingValue, "address" | "parts"> {
  const parts = parseNamed(text, from);
  // A key called `secret` or `value` would be read as clan's spelling of another address.
  if (formatAddress(parts) !== text) throw badName(from);
  if (parts.kind === "file" || (parts.kind === "var" && (parts.file === undefined || parts.exportKey !== undefined))) {
    throw new SecretsError(
      "E_ADDRESS",
      `${from} would go to ${text}, which is no address of a value in the vars tier`,
      {
        kind: "usage",
        hint: "vars/MACHINE/SERVICE/FILE, vars/shared/SERVICE/FILE or sops/secrets/NAME",
      },
    );
  }
  const sound =
    parts.kind === "secret"
      ? SECRET_NAME.test(parts.name)
      : isNewFile(parts.file ?? "") &&
        isServiceName(parts.service) &&
        (parts.machine === undefined || isMachineName(parts.machine));
  if (!sound) throw badName(from);
  return { address: formatAddress(parts), parts };
}

function parseNamed(text: string, from: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    throw error instanceof SecretsError && error.code === "E_ADDRESS" ? badName(from) : error;
  }
}

function badName(from: string): SecretsError {
  return new SecretsError("E_IMPORT_KEY", `${from} makes no name of a file`, {
    kind: "usage",
    hint: `give it another one: --key ${from}=ADDRESS`,
  });
}

function noKey(key: string, documents: readonly MapNode[]): SecretsError {
  const keys = documents.flatMap((document) => leavesOf(document, []).map(({ path }) => formatKeyPath(path)));
  return new SecretsError("E_IMPORT_KEY", `there is no key ${key} in this document`, {
    kind: "usage",
    hint: ["it has:", ...namedFew(keys, 12)].join("\n"),
  });
}

function usage(reason: string): SecretsError {
  return new SecretsError("E_USAGE", reason, { kind: "usage" });
}
