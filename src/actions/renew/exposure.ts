/**
 * What somebody can read, or could read at some point in git's history and what has not changed since: to them it stays
 * known, whoever reads the document now. A file that was renamed has the history of its present name.
 */

import { SecretsError } from "../../errors.ts";
import { type FleetDocument, ReaderTable, readDocument } from "../../fleet/document.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { readHistories } from "../../repo/file-history.ts";
import { hasGit, readBlobs } from "../../repo/git.ts";
import { type RepoPath, repoPath } from "../../repo/path.ts";
import { MAX_FILE } from "../../repo/read.ts";
import type { Root } from "../../repo/root.ts";
import { pastContents } from "../data-key-past.ts";
import type { Workplace } from "../workplace.ts";
import { type Content, contentOf, ValueComparer } from "./same-value.ts";
import type { Traces } from "./sealed-values.ts";

export interface SealedValue {
  /** `vars/web01/tls/key`, `secrets/mail.yaml#password` */
  readonly address: string;
  readonly document: FleetDocument;
  readonly traces: Traces;
}

export interface ExposedValue extends SealedValue {
  /** False: the value may be another one than they could read, and nothing here tells. */
  readonly proved: boolean;
}

/** All sealed values of a document as it lies there now. */
export async function valuesOf(
  { ground }: Pick<Workplace, "ground">,
  document: FleetDocument,
): Promise<{ content: Content | undefined; values: readonly SealedValue[] }> {
  const { address, path, format } = document;
  const content = contentOf(await ground.read(path), format);
  return {
    content,
    values: [...(content?.traces ?? [])].map(([key, found]) => ({
      address: key === "" ? address : `${address}#${key}`,
      document,
      traces: found,
    })),
  };
}

export interface Exposure {
  /** In the order of the documents. */
  readonly values: readonly ExposedValue[];
  /** Documents of which they could read one content at least, this or an older one. */
  readonly readable: readonly FleetDocument[];
}

/**
 * @param ids canonical; who holds one of them reads what is sealed to it
 * @throws SecretsError what reading the work tree and git throw
 */
export async function exposedTo(
  workplace: Workplace,
  root: Root,
  documents: readonly FleetDocument[],
  ids: ReadonlySet<string>,
): Promise<Exposure> {
  const holds = (id: string) => ids.has(id);
  const histories = await versionsOf(workplace, root, documents);
  const blobs = readBlobs(
    root,
    documents.flatMap((document) => histories.get(document) ?? []),
    MAX_FILE,
  );
  const comparer = new ValueComparer(workplace);
  const table = new ReaderTable(() => undefined);
  const exposed: ExposedValue[] = [];
  const readable: FleetDocument[] = [];
  for (const document of documents) {
    const now = opensAlone(document, holds);
    const past: Content[] = [];
    for (const _ of histories.get(document) ?? []) {
      const bytes: Uint8Array | undefined = (await blobs.next()).value?.bytes;
      // What they read now is exposed whatever it was before.
      const then = bytes === undefined || now ? undefined : await readableContent(bytes, document, holds, table);
      if (then !== undefined) past.push(then);
    }
    if (!now && past.length === 0) continue;
    readable.push(document);
    const { content, values } = await valuesOf(workplace, document);
    if (content === undefined) continue;
    if (now) for (const value of values) exposed.push({ ...value, proved: true });
    else exposed.push(...(await unchanged(values, content, past, comparer)));
  }
  return { values: exposed, readable };
}

/** Ids of the contents of each document, newest first; of all in one pass over the history. */
async function versionsOf(
  { now }: Workplace,
  root: Root,
  documents: readonly FleetDocument[],
): Promise<ReadonlyMap<FleetDocument, readonly string[]>> {
  if (!hasGit(root)) return new Map();
  const paths = documents.map(({ path }) => repoPath(path));
  const histories = await readHistories(root, paths);
  return new Map(
    documents.map((document) => {
      const versions = histories.get(document.path as RepoPath) ?? [];
      return [document, pastContents(versions, now()).map(({ blob }) => blob)];
    }),
  );
}

/** Those values that one of the past contents holds as well. */
async function unchanged(
  values: readonly SealedValue[],
  now: Content,
  past: readonly Content[],
  comparer: ValueComparer,
): Promise<ExposedValue[]> {
  const proved = new Set<SealedValue>();
  const maybe = new Set<SealedValue>();
  for (const then of past) {
    for (const value of values) {
      if (proved.has(value)) continue;
      const same = await comparer.same(then, now, keyOf(value));
      if (same === true) proved.add(value);
      else if (same === undefined) maybe.add(value);
    }
    if (proved.size === values.length) break;
  }
  return values
    .filter((value) => proved.has(value) || maybe.has(value))
    .map((value) => ({ ...value, proved: proved.has(value) }));
}

function keyOf({ address, document }: SealedValue): string {
  return address.slice(document.address.length + 1);
}

/** Undefined for a content that was sealed to none of the ids. */
async function readableContent(
  bytes: Uint8Array,
  { format }: FleetDocument,
  holds: (id: string) => boolean,
  table: ReaderTable,
): Promise<Content | undefined> {
  const facts = await readDocument(bytes, format, table).catch((error: unknown) => {
    // Before it was encrypted, or in the middle of a merge.
    if (error instanceof SecretsError) return undefined;
    throw error;
  });
  return facts !== undefined && opensAlone(facts, holds) ? contentOf(bytes, format) : undefined;
}

/** The machine whose private key a document is, by its address. */
export function machineOfKey({ parts }: FleetDocument): string | undefined {
  if (parts.kind === "secret") return /^(.+)-age\.key$/.exec(parts.name)?.[1];
  const isHostKey = parts.kind === "var" && parts.service === "openssh" && parts.file === "ssh.id_ed25519";
  return isHostKey ? parts.machine : undefined;
}
