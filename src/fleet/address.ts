/** Addresses: what a person types to name one secret of either tier, and what every list shows. */
import { SecretsError } from "../errors.ts";
import { formatKeyPath, parseKeyPath } from "../sops/key-path.ts";
import type { KeyPath } from "../sops/tree.ts";

export type Address = VarAddress | SecretAddress | FileAddress;

/** `vars/<machine>/<service>[/<file>]` or `vars/shared/<service>[/<file>]` */
export interface VarAddress {
  readonly tier: "vars";
  readonly kind: "var";
  /** Undefined: shared by machines, or of an export. */
  readonly machine: string | undefined;
  /** `vars/per-export/<key>/…`: what a flake-level generator of clan made. */
  readonly exportKey?: string;
  readonly service: string;
  /** Undefined: all files of the service. May hold slashes. */
  readonly file: string | undefined;
}

/** `sops/secrets/<name>`: what clan kept before vars, and the sealed keys of its machines. */
export interface SecretAddress {
  readonly tier: "vars";
  readonly kind: "secret";
  readonly name: string;
}

/** `<path>[#key/path]` */
export interface FileAddress {
  readonly tier: "files";
  readonly kind: "file";
  readonly path: string;
  /** Empty: the whole document. */
  readonly keyPath: KeyPath;
}

const PER_MACHINE = "per-machine";
const PER_EXPORT = "per-export";
const SHARED = "shared";
/** The first component under `vars/` that is not a machine's name. */
const SCOPES: ReadonlySet<string> = new Set([PER_MACHINE, PER_EXPORT, SHARED]);

/**
 * Clan's own paths (`vars/per-machine/…`, a final `/secret` or `/value`) are taken as spellings of the same address.
 * A path that starts with `./` is always a file; a `#` in a file's name is written `\#`.
 *
 * @throws SecretsError `E_ADDRESS` for text that names nothing or could lead out of the fleet, `E_KEY_PATH`
 */
export function parseAddress(text: string): Address {
  if (/^vars\//.test(text)) {
    const address = parseVar(checkedComponents(text));
    if (address !== undefined) return address;
  }
  if (/^sops\/secrets\//.test(text)) return parseSecret(checkedComponents(text));
  return parseFile(text);
}

/** The text that {@link parseAddress} reads back to the same address. */
export function formatAddress(address: Address): string {
  if (address.kind === "secret") return `sops/secrets/${address.name}`;
  if (address.kind === "file") {
    const forced = /^(vars|sops\/secrets)\//.test(address.path) ? "./" : "";
    const path = `${forced}${address.path.replaceAll("#", "\\#")}`;
    return address.keyPath.length === 0 ? path : `${path}#${formatKeyPath(address.keyPath)}`;
  }
  const start = `vars/${formatScope(address)}/${address.service}`;
  if (address.file === undefined) return start;
  // A file that is itself called `…/secret` would be read as the spelling of another one.
  const spelledOut = /\/(secret|value)$/.test(address.file) ? "/secret" : "";
  return `${start}/${address.file}${spelledOut}`;
}

/**
 * The candidates that a mistyped text may have meant, nearest first, three at most.
 * Time grows with the candidates; each is compared up to a third of the text's length.
 */
export function suggest(text: string, candidates: Iterable<string>): string[] {
  const wanted = text.slice(0, 200);
  const limit = Math.max(2, Math.floor(wanted.length / 3));
  const near: { candidate: string; distance: number }[] = [];
  for (const candidate of candidates) {
    const inside = wanted.length >= 3 && candidate.includes(wanted);
    const distance = inside ? limit : editDistance(wanted, candidate, limit);
    if (distance <= limit) near.push({ candidate, distance });
  }
  near.sort((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1));
  return near.slice(0, 3).map(({ candidate }) => candidate);
}

/** `did you mean …?`, for the hint of an error; undefined where nothing is near. */
export function didYouMean(text: string, candidates: Iterable<string>): string | undefined {
  const near = suggest(text, candidates);
  return near.length > 0 ? `did you mean ${near.join(" or ")}?` : undefined;
}

function formatScope({ machine, exportKey }: VarAddress): string {
  if (exportKey !== undefined) return `${PER_EXPORT}/${exportKey}`;
  if (machine === undefined) return SHARED;
  return SCOPES.has(machine) ? `${PER_MACHINE}/${machine}` : machine;
}

/** Undefined for what is too short to name a service. */
function parseVar([, first = "", ...rest]: readonly string[]): VarAddress | undefined {
  const owned = first === PER_MACHINE || first === PER_EXPORT;
  const owner = owned ? rest[0] : first;
  const [service, ...names] = owned ? rest.slice(1) : rest;
  if (owner === undefined || service === undefined) return undefined;
  const last = names.at(-1);
  if (names.length > 1 && (last === "secret" || last === "value")) names.pop();
  return {
    tier: "vars",
    kind: "var",
    machine: first === SHARED || first === PER_EXPORT ? undefined : owner,
    ...(first === PER_EXPORT ? { exportKey: owner } : {}),
    service,
    file: names.length === 0 ? undefined : names.join("/"),
  };
}

function parseSecret(components: readonly string[]): SecretAddress {
  const [, , name = "", last] = components;
  if (components.length > 4 || (last !== undefined && last !== "secret")) {
    throw refusal("a secret of clan has one name, without slashes");
  }
  return { tier: "vars", kind: "secret", name };
}

function parseFile(text: string): FileAddress {
  const mark = /(?<!\\)#/.exec(text);
  const written = mark === null ? text : text.slice(0, mark.index);
  const path = checkedComponents(written.replaceAll("\\#", "#").replace(/^\.\//, "")).join("/");
  const keyPath = mark === null ? [] : parseKeyPath(text.slice(mark.index + 1));
  return { tier: "files", kind: "file", path, keyPath };
}

/** @throws SecretsError `E_ADDRESS` */
function checkedComponents(path: string): string[] {
  if (path === "") throw refusal("the address is empty");
  if (path.startsWith("/")) throw refusal("an address does not start with a slash");
  if (/[\x00-\x1f\x7f]/.test(path)) throw refusal("an address has no control characters");
  if (path.includes("\\")) throw refusal("an address has no backslashes");
  const components = path.split("/");
  for (const component of components) {
    if (component === "") throw refusal("a part of the address is empty");
    if (component === "." || component === "..") throw refusal("an address has no . or .. in it");
    if (component.startsWith("-")) throw refusal("a part of the address starts with -, as an option does");
  }
  return components;
}

function refusal(reason: string): SecretsError {
  return new SecretsError("E_ADDRESS", `this is no address: ${reason}`, {
    kind: "usage",
    hint: "vars/MACHINE/SERVICE/FILE, vars/shared/SERVICE/FILE, or a path in the fleet with #KEY/PATH",
  });
}

/** Insertions, deletions, replacements; anything above `limit` is told as `limit + 1`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const distance = Math.min(replaced, (previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      row.push(distance);
      least = Math.min(least, distance);
    }
    if (least > limit) return limit + 1;
    previous = row;
  }
  return previous[b.length] ?? limit + 1;
}
