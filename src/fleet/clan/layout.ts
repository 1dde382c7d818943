/**
 * Where clan keeps things: secrets and public values under `vars/` and `sops/secrets/`, told from paths alone. A leaf
 * is a folder that holds `secret` or `value`; a file's name may itself have slashes, so it lies at any depth.
 */
import { formatAddress, parseAddress, type SecretAddress, type VarAddress } from "../address.ts";
import type { Anomaly, AnomalyCode } from "../anomaly.ts";
import type { GroundFile } from "../ground.ts";
import { baseOf, type PathIndex, parentOf } from "../path-index.ts";
import { MEMBER_KINDS, type MemberKind } from "./links.ts";

export interface Leaf {
  readonly address: VarAddress | SecretAddress;
  /** The folder. */
  readonly path: string;
  readonly secret: boolean;
  readonly value: boolean;
  /** In the order of their paths. */
  readonly links: readonly ReaderLink[];
}

/** `<leaf>/<kind>/<name>` */
export interface ReaderLink {
  readonly path: string;
  readonly kind: MemberKind;
}

export interface Layout {
  /** In the order of their paths. */
  readonly leaves: readonly Leaf[];
  readonly anomalies: readonly Anomaly[];
}

/** The slash behind it is left to be the one before the next. */
const MEMBER_FOLDER = new RegExp(`/(${MEMBER_KINDS.join("|")})(?=/)`, "g");

interface GrowingLeaf extends Leaf {
  secret: boolean;
  value: boolean;
  readonly links: ReaderLink[];
}

export function readLayout(index: PathIndex): Layout {
  const files = [...index.under("sops/secrets"), ...index.under("vars")];
  const flat = index.kindOf("vars/per-machine") === "missing";
  const anomalies: Anomaly[] = [];
  const leaves = findLeaves(files, flat, anomalies);
  const odd = new Set<string>();
  const leftovers = new Set<string>();
  for (const file of files) {
    const reader = readerPlace(file.path, leaves);
    if (reader === undefined) {
      // What a failed run of a generator leaves.
      const folder = parentOf(file.path);
      if (file.kind === "link" && isMemberKind(baseOf(folder))) leftovers.add(parentOf(folder));
      continue;
    }
    const { leaf, kind, entry } = reader;
    if (entry === file.path && file.kind === "link") leaf.links.push({ path: entry, kind });
    else if (!odd.has(entry)) {
      odd.add(entry);
      anomalies.push(anomaly("link-expected", entry, "A link to a reader should be here; clan ignores what is."));
    }
  }
  for (const path of leftovers) {
    anomalies.push(anomaly("links-without-secret", path, "Readers are linked here, and no secret is."));
  }
  return { leaves: [...leaves.values()], anomalies };
}

function findLeaves(files: readonly GroundFile[], flat: boolean, anomalies: Anomaly[]): Map<string, GrowingLeaf> {
  const leaves = new Map<string, GrowingLeaf>();
  // Shallow ones first: what lies among the readers of a leaf is no leaf.
  const holders = files
    .filter(({ path }) => path.endsWith("/secret") || path.endsWith("/value"))
    .map((file) => ({ file, components: file.path.split("/") }))
    .sort((a, b) => a.components.length - b.components.length);
  for (const { file, components } of holders) {
    const path = parentOf(file.path);
    const address = addressOf(components.slice(0, -1), flat);
    const holds = baseOf(file.path) === "secret" ? "secret" : "value";
    if (address === undefined || (address.kind === "secret" && holds === "value")) continue;
    if (readerPlace(file.path, leaves) !== undefined) continue;
    if (file.kind === "link") {
      // A user may be called "secret": then this is a link to them.
      if (isMemberKind(baseOf(path))) continue;
      anomalies.push(anomaly("link-unexpected", file.path, `The ${holds} itself is a link; it is not followed.`));
      continue;
    }
    let leaf = leaves.get(path);
    if (leaf === undefined) {
      leaf = { address, path, secret: false, value: false, links: [] };
      leaves.set(path, leaf);
      if (!isAddressable(address)) {
        anomalies.push(anomaly("name", path, "No address can name this: a part of its path is no proper name."));
      }
    }
    leaf[holds] = true;
  }
  for (const { path, secret, value } of leaves.values()) {
    if (!secret || !value) continue;
    anomalies.push(anomaly("value-beside-secret", `${path}/value`, "A clear value lies beside the secret."));
  }
  return new Map([...leaves].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Of a leaf's folder; undefined where clan keeps no leaf. */
function addressOf(components: readonly string[], flat: boolean): VarAddress | SecretAddress | undefined {
  const [top, scope = "", ...rest] = components;
  if (top === "sops") {
    const [name] = rest;
    return rest.length === 1 && name !== undefined ? { tier: "vars", kind: "secret", name } : undefined;
  }
  const owned = scope === "per-machine" || scope === "per-export";
  const owner = owned ? rest.shift() : scope;
  const [service, ...file] = rest;
  if (owner === undefined || service === undefined || file.length === 0) return undefined;
  const named = { service, file: file.join("/") };
  if (scope === "shared") return { tier: "vars", kind: "var", machine: undefined, ...named };
  if (scope === "per-export") return { tier: "vars", kind: "var", machine: undefined, exportKey: owner, ...named };
  return owned || flat ? { tier: "vars", kind: "var", machine: owner, ...named } : undefined;
}

/** Whether a path lies among the readers of a leaf, and under which entry; the outermost leaf decides. */
function readerPlace(path: string, leaves: ReadonlyMap<string, GrowingLeaf>) {
  for (const match of path.matchAll(MEMBER_FOLDER)) {
    const leaf = leaves.get(path.slice(0, match.index));
    if (leaf === undefined) continue;
    const kind = match[1] as MemberKind;
    const end = path.indexOf("/", match.index + match[0].length + 1);
    return { leaf, kind, entry: end === -1 ? path : path.slice(0, end) };
  }
  return undefined;
}

function isMemberKind(name: string): boolean {
  return MEMBER_KINDS.some((kind) => kind === name);
}

function isAddressable(address: VarAddress | SecretAddress): boolean {
  const text = formatAddress(address);
  try {
    return formatAddress(parseAddress(text)) === text;
  } catch {
    return false;
  }
}

function anomaly(code: AnomalyCode, path: string, message: string): Anomaly {
  return { code, path, message };
}
