/**
 * A plan in a file, to be applied later, by somebody else, or in another job: `--plan-out FILE`, `secrets apply FILE`.
 * It holds ciphertext and public data alone. It is not trusted: what it would do is worked out anew from its changes.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { SecretsError } from "../../errors.ts";
import { type Fleet, loadFleet } from "../../fleet/fleet.ts";
import type { Ground } from "../../fleet/ground.ts";
import { overlayGround } from "../../fleet/overlay.ts";
import { baseOf } from "../../fleet/path-index.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import type { PlannedChange } from "../plan.ts";
import type { Workplace } from "../workplace.ts";
import { type AccessPlan, type DocumentStep, keyName, type PlannedReader } from "./access-plan.ts";

const change = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("write"), bytes: z.base64(), mode: z.int().min(0).max(0o777).optional() }),
  z.strictObject({ kind: z.literal("link"), target: z.string() }),
  z.strictObject({ kind: z.literal("remove") }),
]);

const file = z.strictObject({
  format: z.literal("secrets plan 1"),
  summary: z.string().max(1000),
  /** Of everything that the plan was made from. */
  fingerprint: z.string(),
  exposed: z.array(z.string()),
  warnings: z.array(z.string()),
  next: z.array(z.string()),
  newDataKeys: z.array(z.string()),
  risked: z.array(z.string()),
  newValues: z.array(z.string()),
  changes: z.array(z.strictObject({ path: z.string(), expect: z.string(), reason: z.string(), change })),
});

/** The text of the file. Its lines end with a line break, so that a diff of two plans can be read. */
export async function writePlan(workplace: Workplace, plan: AccessPlan): Promise<string> {
  const paths = (wanted: (step: DocumentStep) => boolean) => plan.documents.filter(wanted).map(({ path }) => path);
  const content: z.input<typeof file> = {
    format: "secrets plan 1",
    summary: plan.summary,
    fingerprint: await fingerprintOf(await workplace.fleet()),
    exposed: [...plan.exposed],
    warnings: [...plan.warnings],
    next: [...plan.next],
    newDataKeys: paths(({ dataKey }) => dataKey === "new"),
    risked: paths(({ dataKey }) => dataKey === "risked"),
    newValues: paths(({ newValue }) => newValue),
    changes: plan.changes.map(({ change, reason }) => ({
      path: change.path,
      expect: change.expect,
      reason,
      change: pack(change),
    })),
  };
  return `${JSON.stringify(content, undefined, 1)}\n`;
}

function pack(change: FileChange): z.input<typeof file>["changes"][number]["change"] {
  if (change.kind === "remove") return { kind: "remove" };
  if (change.kind === "link") return { kind: "link", target: change.target };
  const { bytes, mode } = change;
  return { kind: "write", bytes: Buffer.from(bytes).toString("base64"), ...(mode === undefined ? {} : { mode }) };
}

/**
 * @throws SecretsError `E_PLAN` for a file that is no plan, or that touches what is neither policy nor document;
 *   `E_PLAN_OUTDATED` (kind `conflict`) when the fleet is no longer what the plan was made from.
 */
export async function readPlan(workplace: Workplace, text: string, name: string): Promise<AccessPlan> {
  const parsed = file.safeParse(parse(text));
  if (!parsed.success) throw notAPlan(name, "it was not written by --plan-out, or by another version");
  const { data } = parsed;
  const before = await workplace.fleet();
  if (data.fingerprint !== (await fingerprintOf(before))) {
    throw new SecretsError("E_PLAN_OUTDATED", "the repository moved since this plan was made", {
      kind: "conflict",
      location: { file: name },
      hint: "nothing was changed; make the plan again, and look at it again",
    });
  }
  const changes = data.changes.map(({ path, expect, reason, change }) => ({
    change: unpack(path, expect, change),
    reason,
  }));
  const known = new Set(before.documents.map(({ path }) => path));
  for (const { change } of changes) {
    if (!isPolicy(change.path) && !known.has(change.path))
      throw notAPlan(name, `it would touch ${change.path}, which is neither policy nor document`);
  }
  return rebuild(workplace.ground, before, changes, data, name);
}

/** What the changes do is read off the files as they would be, so a plan cannot say one thing and do another. */
async function rebuild(
  ground: Ground,
  before: Fleet,
  changes: readonly PlannedChange[],
  data: z.output<typeof file>,
  name: string,
): Promise<AccessPlan> {
  const after = await loadFleet(
    overlayGround(
      ground,
      changes.map(({ change }) => change),
    ),
  );
  const old = new Map(before.documents.map((document) => [document.path, document]));
  const now = new Map(after.documents.map((document) => [document.path, document]));
  const isDocument = ({ change }: PlannedChange) => old.has(change.path) && change.kind === "write";
  const sealedTo = new Map<string, PlannedReader>();
  const documents = changes.filter(isDocument).map(({ change: { path } }): DocumentStep => {
    const [was, is] = [old.get(path), now.get(path)];
    if (was === undefined || is === undefined) throw notAPlan(name, `${path} would no longer be a document`);
    const had = new Set(was.readers.map(keyName));
    const has = new Set(is.readers.map(keyName));
    for (const reader of is.readers) sealedTo.set(keyName(reader), reader);
    const removed = was.readers.filter((reader) => !has.has(keyName(reader)));
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

function unpack(path: string, expect: string, packed: z.output<typeof change>): FileChange {
  const place = { path: repoPath(path), expect };
  if (packed.kind === "remove") return { kind: "remove", ...place };
  if (packed.kind === "link") return { kind: "link", target: packed.target, ...place };
  const bytes = Buffer.from(packed.bytes, "base64");
  return { kind: "write", bytes, ...place, ...(packed.mode === undefined ? {} : { mode: packed.mode }) };
}

function isPolicy(path: string): boolean {
  return /^(sops|vars)\//.test(path) || baseOf(path) === ".sops.yaml";
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

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function notAPlan(name: string, why: string): SecretsError {
  return new SecretsError("E_PLAN", `this is no plan that can be applied: ${why}`, { location: { file: name } });
}
