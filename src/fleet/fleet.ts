/** The model of the whole repository: read once, never written. */
import { SecretsError } from "../errors.ts";
import { formatOfPath } from "../sops/format.ts";
import { formatAddress, type VarAddress } from "./address.ts";
import type { Anomaly } from "./anomaly.ts";
import { type Leaf, readLayout } from "./clan/layout.ts";
import { type Member, resolveMember } from "./clan/links.ts";
import { policyOfLinks } from "./clan/policy.ts";
import { type Registry, readRegistry } from "./clan/registry.ts";
import { type DocumentFacts, type FleetDocument, ReaderTable, readDocument } from "./document.ts";
import { DriftTable } from "./drift.ts";
import { FactsMemory } from "./facts-memory.ts";
import type { Ground } from "./ground.ts";
import { findNameCollisions } from "./name-collisions.ts";
import { baseOf, PathIndex } from "./path-index.ts";
import type { Policy, RulePlace } from "./policy.ts";
import { joinPrincipals, type Principals } from "./principals.ts";
import { readOrTell } from "./read-or-tell.ts";
import { isDefinitionPlace } from "./services/definition-place.ts";
import { parseConfig, type SopsConfig } from "./sopsnix/config.ts";
import { holdsSealedValue, looksEncrypted, mayHoldSecrets } from "./sopsnix/discover.ts";
import { policyOfRule } from "./sopsnix/policy.ts";
import { compileRules, type Decision, type RuleSet } from "./sopsnix/rules.ts";

export interface Fleet {
  readonly ground: Ground;
  readonly principals: Principals;
  readonly registry: Registry;
  /** Tier 1, then tier 2; each in the order of their paths. */
  readonly documents: readonly FleetDocument[];
  readonly publicValues: readonly PublicValue[];
  /** The deepest directory last. */
  readonly configs: readonly SopsConfig[];
  readonly rules: RuleSet;
  /** Files that a rule with a path of its own covers and that lie there in clear. */
  readonly plainFiles: readonly PlainFile[];
  /** In the order of their paths. */
  readonly anomalies: readonly Anomaly[];
}

/** A value of tier 1 that is in clear by intent. */
export interface PublicValue {
  readonly address: string;
  readonly parts: VarAddress;
  /** Of the file `value`. */
  readonly path: string;
  /** A secret of the same name lies beside it: then this is a leftover, and may be the secret's old value. */
  readonly besideSecret: boolean;
}

export interface PlainFile {
  readonly path: string;
  readonly rule: RulePlace;
  /** Its name is that of code, a picture or text for people: the rule may match it by accident. */
  readonly unlikely: boolean;
}

/** Reads everything. Whatever is odd or damaged is recorded and the rest goes on. @throws SecretsError from `list()` */
export async function loadFleet(place: Ground): Promise<Fleet> {
  const memory = new FactsMemory(place.memory);
  const ground = memory.withLinks(place);
  const index = new PathIndex(await ground.list());
  const anomalies: Anomaly[] = [];
  const registry = await readRegistry(ground, index);
  const layout = readLayout(index);
  anomalies.push(...registry.anomalies, ...layout.anomalies);
  const configs = await readConfigs(ground, index, anomalies);
  const principals = joinPrincipals(registry, configs);
  const rules = await compileRules(configs);
  anomalies.push(...rules.anomalies);
  const reading: Reading = {
    ground,
    index,
    registry,
    principals,
    rules,
    anomalies,
    table: new ReaderTable(principals.nameOf),
    drift: new DriftTable(),
    memory,
  };
  const vars = await readVars(reading, layout.leaves);
  const files = await readFiles(reading, layout.leaves);
  memory.save();
  const documents = [...vars.documents, ...files.documents];
  anomalies.push(...findNameCollisions([...documents, ...vars.publicValues, ...entriesOf(registry)].map(pathOf)));
  return {
    ground: place,
    principals,
    registry,
    documents,
    publicValues: vars.publicValues,
    configs,
    rules,
    plainFiles: files.plainFiles,
    anomalies: anomalies.sort(byPlace),
  };
}

function entriesOf({ users, machines, groups }: Registry): { readonly path: string }[] {
  return [...users.values(), ...machines.values(), ...groups.values()];
}

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

interface Reading {
  readonly ground: Ground;
  readonly index: PathIndex;
  readonly registry: Registry;
  readonly principals: Principals;
  readonly rules: RuleSet;
  readonly anomalies: Anomaly[];
  readonly table: ReaderTable;
  readonly drift: DriftTable;
  readonly memory: FactsMemory;
}

async function readConfigs(ground: Ground, index: PathIndex, anomalies: Anomaly[]): Promise<SopsConfig[]> {
  const configs: SopsConfig[] = [];
  for (const { path } of index.files) {
    if (baseOf(path) !== ".sops.yaml") continue;
    const bytes = await readOrTell(ground, path, anomalies);
    const read = parseConfig(bytes ?? new Uint8Array(), path);
    anomalies.push(...read.anomalies);
    configs.push(bytes === undefined ? { ...read.config, sound: false } : read.config);
  }
  return configs.sort((a, b) => a.directory.length - b.directory.length || (a.path < b.path ? -1 : 1));
}

async function readVars(
  reading: Reading,
  leaves: readonly Leaf[],
): Promise<{ documents: FleetDocument[]; publicValues: PublicValue[] }> {
  const documents: FleetDocument[] = [];
  const publicValues: PublicValue[] = [];
  const policies = new Map<string, Policy>();
  for (const { address: parts, path: folder, secret, value, links } of leaves) {
    const address = formatAddress(parts);
    if (value && parts.kind === "var") {
      publicValues.push({ address, parts, path: `${folder}/value`, besideSecret: secret });
    }
    if (!secret) continue;
    const path = `${folder}/secret`;
    const members: Member[] = [];
    let complete = true;
    for (const link of links) {
      const { member, anomaly } = await resolveMember(reading.ground, reading.index, link.path, link.kind);
      if (anomaly !== undefined) reading.anomalies.push(anomaly);
      if (member === undefined) complete = false;
      else members.push(member);
    }
    const facts = await secretFacts(reading, path);
    if (facts === undefined) continue;
    const shape = `${complete} ${members.map(({ kind, name }) => `${kind}/${name}`).join(" ")}`;
    const policy = policies.get(shape) ?? policyOfLinks(members, complete, reading.registry, reading.principals.nameOf);
    policies.set(shape, policy);
    documents.push({
      tier: "vars",
      address,
      parts,
      path,
      ...facts,
      policy,
      ...reading.drift.of(policy, facts.readers),
    });
  }
  return { documents, publicValues };
}

async function secretFacts(reading: Reading, path: string): Promise<DocumentFacts | undefined> {
  const known = reading.memory.recall(path, reading.table) ?? readBefore(reading, path);
  if (known !== undefined && known !== "nothing") return known;
  const bytes = await readOrTell(reading.ground, path, reading.anomalies);
  const facts = bytes === undefined ? undefined : await factsOf(reading, path, bytes, "vars");
  if (facts === undefined || facts === "damaged") return undefined;
  reading.memory.remember(path, facts);
  return facts;
}

/** Names may have changed meanwhile; what the file says has not. */
function readBefore({ ground, table }: Reading, path: string): DocumentFacts | undefined {
  const facts = ground.known?.(path);
  if (facts === undefined) return undefined;
  const { format, keys, readers, shares, clear, version, lastModified } = facts;
  const split = shares === undefined ? {} : { shares };
  return { format, keys, readers: table.list(readers), ...split, clear, version, lastModified };
}

async function readFiles(
  reading: Reading,
  leaves: readonly Leaf[],
): Promise<{ documents: FleetDocument[]; plainFiles: PlainFile[] }> {
  const { ground, index, rules } = reading;
  const documents: FleetDocument[] = [];
  const plainFiles: PlainFile[] = [];
  const taken = new Set(leaves.flatMap(({ path }) => [`${path}/secret`, `${path}/value`]));
  const policies = new Map<unknown, Policy>();
  for (const { path, kind } of index.files) {
    if (kind === "link" || taken.has(path) || isRegistryFile(path)) continue;
    const decision = rules.decide(path);
    const covered = decision.rule !== undefined && !rules.matchesAll(decision.rule);
    if (!covered && !mayHoldSecrets(path)) continue;
    const known = reading.memory.recall(path, reading.table) ?? readBefore(reading, path);
    // What a rule covers and is no document is worth a finding: its content is looked at each time.
    if (known === "nothing" && !covered) continue;
    let facts: DocumentFacts | undefined = known === "nothing" ? undefined : known;
    let bytes: Uint8Array | undefined;
    if (facts === undefined) {
      bytes = await readOrTell(ground, path, reading.anomalies);
      if (bytes === undefined) continue;
      const found = looksEncrypted(bytes) ? await factsOf(reading, path, bytes, "files") : undefined;
      if (found === "damaged") continue;
      facts = found;
      if (facts !== undefined || !covered) reading.memory.remember(path, facts ?? "nothing");
    }
    const policy = policyFor(decision, policies, reading.principals);
    if (facts === undefined) {
      if (bytes === undefined) continue;
      const { rule } = policy;
      if (covered && holdsSealedValue(bytes)) {
        const message = "Sealed values stand here without the sops metadata that opens them: a part of it is gone.";
        reading.anomalies.push({ code: "document", path, message });
      } else if (covered && rule !== undefined && bytes.length > 0 && !isDefinitionPlace(path)) {
        // A `.gitkeep` hides nothing.
        plainFiles.push({ path, rule, unlikely: !mayHoldSecrets(path) });
      }
      continue;
    }
    const parts = { tier: "files", kind: "file", path, keyPath: [] } as const;
    const drift = reading.drift.of(policy, facts.readers);
    documents.push({ tier: "files", address: formatAddress(parts), parts, path, ...facts, policy, ...drift });
  }
  return { documents, plainFiles };
}

function policyFor(decision: Decision, policies: Map<unknown, Policy>, principals: Principals): Policy {
  const key = decision.rule ?? decision.fault;
  const policy = policies.get(key) ?? policyOfRule(decision, principals.nameOf);
  policies.set(key, policy);
  return policy;
}

/** Undefined for what is no document; a damaged one, and a secret of clan that is none, are told. */
async function factsOf(
  { table, anomalies }: Reading,
  path: string,
  bytes: Uint8Array,
  tier: "vars" | "files",
): Promise<DocumentFacts | "damaged" | undefined> {
  try {
    return await readDocument(bytes, tier === "vars" ? "binary" : formatOfPath(path), table);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    const damaged = error.code !== "E_NOT_ENCRYPTED" && holdsSealedValue(bytes);
    const line = error.location?.line;
    const place = { path, ...(line === undefined || !damaged ? {} : { line }) };
    if (damaged) {
      anomalies.push({ code: "document", ...place, message: error.message });
      return "damaged";
    }
    if (tier === "vars") {
      anomalies.push({ code: "not-encrypted", ...place, message: "This secret lies here in clear, or is empty." });
    }
    return undefined;
  }
}

/** Read with the registry or as rules, and never a document. */
function isRegistryFile(path: string): boolean {
  return (
    baseOf(path) === ".sops.yaml" || /^sops\/((users|machines)\/[^/]+\/key\.json|renewals\/[^/]+\.yaml)$/.test(path)
  );
}

function byPlace(a: Anomaly, b: Anomaly): number {
  if (a.path !== b.path) return a.path < b.path ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.code < b.code ? -1 : a.code > b.code ? 1 : 0);
}
