/**
 * A plan in a file, to be applied later, by somebody else, or in another job: `--plan-out FILE`, `secrets apply FILE`.
 * It holds ciphertext and public data alone. It is not trusted: what it would do is worked out anew from its changes.
 */
import { createHash } from "node:crypto";
import { SecretsError } from "../../errors.ts";
import { type Fleet, loadFleet } from "../../fleet/fleet.ts";
import type { Ground } from "../../fleet/ground.ts";
import { baseOf } from "../../fleet/path-index.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import { isKnownHostsText } from "../machine/known-hosts.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";
import { parseRecord } from "../service/record.ts";
import type { Workplace } from "../workplace.ts";
import { type AccessPlan, type DocumentStep, keyName, type PlannedReader } from "./access-plan.ts";

const FORMAT = "secrets plan 1";

interface PackedChange {
  readonly path: string;
  readonly expect: string;
  readonly reason: string;
  /** Base64 of a file's new content, the text of a link, or neither for what is removed. */
  readonly bytes?: string;
  readonly mode?: number;
  readonly link?: string;
}

interface PlanFile {
  readonly format: typeof FORMAT;
  readonly summary: string;
  /** Of everything that the plan was made from. */
  readonly fingerprint: string;
  readonly exposed: readonly string[];
  readonly warnings: readonly string[];
  readonly next: readonly string[];
  /** Paths. */
  readonly newDataKeys: readonly string[];
  readonly newValues: readonly string[];
  readonly changes: readonly PackedChange[];
}

/** The text of the file. Its lines end with a line break, so that a diff of two plans can be read. */
export async function writePlan(workplace: Workplace, plan: AccessPlan): Promise<string> {
  const paths = (wanted: (step: DocumentStep) => boolean) => plan.documents.filter(wanted).map(({ path }) => path);
  const content: PlanFile = {
    format: FORMAT,
    summary: plan.summary,
    fingerprint: await fingerprintOf(await workplace.fleet()),
    exposed: plan.exposed,
    warnings: plan.warnings,
    next: plan.next,
    newDataKeys: paths(({ dataKey }) => dataKey === "new"),
    newValues: paths(({ newValue }) => newValue),
    changes: plan.changes.map(pack),
  };
  return `${JSON.stringify(content, undefined, 1)}\n`;
}

function pack({ change, reason }: PlannedChange): PackedChange {
  const { path, expect } = change;
  if (change.kind === "remove") return { path, expect, reason };
  if (change.kind === "link") return { path, expect, reason, link: change.target };
  const { bytes, mode } = change;
  return {
    path,
    expect,
    reason,
    bytes: Buffer.from(bytes).toString("base64"),
    ...(mode === undefined ? {} : { mode }),
  };
}

/**
 * @throws SecretsError `E_PLAN` for a file that is no plan, or that touches what is neither policy nor document;
 *   `E_PLAN_OUTDATED` (kind `conflict`) when the fleet is no longer what the plan was made from.
 */
export async function readPlan(workplace: Workplace, text: string, name: string): Promise<AccessPlan> {
  const data = parse(text);
  if (data === undefined) throw notAPlan(name, "it was not written by --plan-out, or by another version");
  const before = await workplace.fleet();
  if (data.fingerprint !== (await fingerprintOf(before))) {
    throw new SecretsError("E_PLAN_OUTDATED", "the repository moved since this plan was made", {
      kind: "conflict",
      location: { file: name },
      hint: "nothing was changed; make the plan again, and look at it again",
    });
  }
  const changes = data.changes.map((packed) => ({ change: unpack(packed), reason: packed.reason }));
  const known = new Set(before.documents.map(({ path }) => path));
  const moved = new Set(changes.flatMap(({ change }) => (change.kind === "remove" ? [change.expect] : [])));
  for (const { change } of changes) {
    if (known.has(change.path) || isPolicyChange(change, moved) || isNewDocument(change, moved)) continue;
    if (isNewHostKey(change) || isRecord(change) || (await isKnownHosts(workplace.ground, change))) continue;
    throw notAPlan(name, `it would touch ${change.path}, which is neither policy nor document`);
  }
  return rebuild(workplace.ground, before, changes, moved, data, name);
}

/** What the changes do is read off the files as they would be, so a plan cannot say one thing and do another. */
async function rebuild(
  ground: Ground,
  before: Fleet,
  changes: readonly PlannedChange[],
  moved: ReadonlySet<string>,
  data: PlanFile,
  name: string,
): Promise<AccessPlan> {
  const after = await loadFleet(groundAfter(ground, changes));
  const old = new Map(before.documents.map((document) => [document.path, document]));
  const now = new Map(after.documents.map((document) => [document.path, document]));
  const isDocument = ({ change }: PlannedChange) =>
    (old.has(change.path) && change.kind === "write") || isNewDocument(change, moved);
  const sealedTo = new Map<string, PlannedReader>();
  const documents = changes.filter(isDocument).map(({ change: { path } }): DocumentStep => {
    const [was, is] = [old.get(path), now.get(path)];
    if (is === undefined) throw notAPlan(name, `${path} would be no document`);
    const had = new Set(was?.readers.map(keyName));
    const has = new Set(is.readers.map(keyName));
    for (const reader of is.readers) sealedTo.set(keyName(reader), reader);
    const removed = (was?.readers ?? []).filter((reader) => !has.has(keyName(reader)));
    return {
      tier: is.tier,
      address: is.address,
      path,
      added: is.readers.filter((reader) => !had.has(keyName(reader))),
      removed,
      dataKey: data.newDataKeys.includes(path) ? "new" : removed.length > 0 ? "risked" : "kept",
      newValue: data.newValues.includes(path),
    };
  });
  const { summary, exposed, warnings, next } = data;
  const policy = changes.filter((one) => !isDocument(one));
  return { summary, changes, policy, documents, exposed, sealedTo: [...sealedTo.values()], warnings, next };
}

function unpack({ path, expect, bytes, mode, link }: PackedChange): FileChange {
  const place = { path: repoPath(path), expect };
  if (link !== undefined) return { kind: "link", target: link, ...place };
  if (bytes === undefined) return { kind: "remove", ...place };
  return { kind: "write", bytes: Buffer.from(bytes, "base64"), ...place, ...(mode === undefined ? {} : { mode }) };
}

function isPolicy(path: string): boolean {
  return /^(sops|vars)\//.test(path) || baseOf(path) === ".sops.yaml";
}

/**
 * A plan of ours writes no public value and no code, but for what it moves: the content that it takes away elsewhere.
 * @param moved what the removed files were expected to be
 */
function isPolicyChange(change: FileChange, moved: ReadonlySet<string>): boolean {
  const { path } = change;
  if (!isPolicy(path)) return false;
  if (change.kind === "remove") return true;
  if (change.kind === "link") return /\/(users|machines|groups)\/[^/]+$/.test(path);
  const isStatement = baseOf(path) === ".sops.yaml" || /^sops\/(users|machines)\/[^/]+\/key\.json$/.test(path);
  return isStatement || (change.expect === "absent" && moved.has(contentHash(change.bytes)));
}

/** A secret of clan's that is not there yet: it is read as what it is, and its readers are shown and approved. */
function isNewDocument(change: FileChange, moved: ReadonlySet<string>): boolean {
  const { kind, path, expect } = change;
  if (kind !== "write" || expect !== "absent" || moved.has(contentHash(change.bytes))) return false;
  return /^(vars|sops\/secrets)\/.+\/secret$/.test(path);
}

/** The public value that comes with a new machine: one key, and nothing that could be anything else. */
function isNewHostKey(change: FileChange): boolean {
  if (change.kind !== "write" || change.expect !== "absent") return false;
  const isPlace = /^vars\/.+\/openssh\/ssh\.id_ed25519\.pub\/value$/.test(change.path);
  return isPlace && /^ssh-ed25519 [A-Za-z0-9+/=]+ [\w@.-]+\n$/.test(Buffer.from(change.bytes).toString("latin1"));
}

/** What a service was made of: hashes, and nothing else. */
function isRecord(change: FileChange): boolean {
  const isPlace = /^vars\/.+\/\.inputs\.json$/.test(change.path);
  return isPlace && change.kind === "write" && parseRecord(change.bytes) !== undefined;
}

/** A file that is, and stays, lines of known_hosts, whatever its name. */
async function isKnownHosts(ground: Ground, change: FileChange): Promise<boolean> {
  if (change.kind !== "write") return false;
  const old = change.expect === "absent" ? new Uint8Array() : await ground.read(change.path).catch(() => undefined);
  return old !== undefined && isKnownHostsText(old) && isKnownHostsText(change.bytes);
}

/** Of the content of everything that says who reads, and of everything that is read. */
async function fingerprintOf(fleet: Fleet): Promise<string> {
  const hash = createHash("sha256");
  const documents = new Set(fleet.documents.map(({ path }) => path));
  for (const { path, kind } of await fleet.ground.list()) {
    if (!isPolicy(path) && !documents.has(path)) continue;
    const content =
      kind === "link"
        ? `link:${await fleet.ground.readLink(path)}`
        : await fleet.ground.read(path).then(contentHash, () => "unreadable");
    hash.update(`${path}\0${content}\0`);
  }
  return hash.digest("hex");
}

/** Undefined for what --plan-out of this version did not write. */
function parse(text: string): PlanFile | undefined {
  try {
    const file: unknown = JSON.parse(text);
    return isPlanFile(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function isPlanFile(value: unknown): value is PlanFile {
  if (!isObject(value) || value["format"] !== FORMAT) return false;
  const lists = ["exposed", "warnings", "next", "newDataKeys", "newValues"].map((field) => value[field]);
  const { summary, fingerprint, changes } = value;
  return (
    typeof summary === "string" &&
    typeof fingerprint === "string" &&
    lists.every((list) => Array.isArray(list) && list.every((item) => typeof item === "string")) &&
    Array.isArray(changes) &&
    changes.every(isPackedChange)
  );
}

function isPackedChange(value: unknown): value is PackedChange {
  if (!isObject(value)) return false;
  const isText = (field: unknown) => typeof field === "string";
  const { path, expect, reason, bytes, mode, link } = value;
  const isMode = mode === undefined || (Number.isInteger(mode) && Number(mode) >= 0 && Number(mode) <= 0o777);
  return (
    [path, expect, reason].every(isText) && [bytes, link].every((one) => one === undefined || isText(one)) && isMode
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function notAPlan(name: string, why: string): SecretsError {
  return new SecretsError("E_PLAN", `this is no plan that can be applied: ${why}`, { location: { file: name } });
}
