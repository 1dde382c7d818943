/**
 * What a service was made of when it was last made: a small file beside its values, so that whoever looks later can tell,
 * without any key, that its definition or what it reads has changed since. Times say nothing in a git repository.
 *
 * It holds hashes of public values and of ciphertext, never of a secret: from the hash of a short password the password
 * could be found. A new data key makes other ciphertext of the same value, so whoever makes one carries the hashes over
 * (`carry-records.ts`). A value that was put in place of a made one by hand, or by clan, voids the record: then nothing is
 * known of what it was made of.
 */
import { createHash } from "node:crypto";
import type { Ground } from "../../fleet/ground.ts";
import type { Service } from "../../fleet/services/service.ts";
import { RECORD } from "./folders.ts";

export interface ServiceRecord {
  readonly version: 1;
  /** {@link definitionHash} */
  readonly definition: string;
  /** Address of a file that was read → {@link fileMark} of it then. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Address of a file that was made → its mark. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Far more than any service has. */
const MAX_RECORD = 1024 * 1024;
const MARK = /^[0-9a-f]{64}$/;

/** Sorted and one to a line, so that two branches that made different services merge. */
export function formatRecord({ definition, inputs, outputs }: ServiceRecord): Uint8Array {
  const sorted = (marks: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(marks).sort(([a], [b]) => (a < b ? -1 : 1)));
  const text = JSON.stringify({ version: 1, definition, inputs: sorted(inputs), outputs: sorted(outputs) }, null, 2);
  return Buffer.from(`${text}\n`, "utf8");
}

/** Undefined for anything else than a record: it says nothing then. */
export function parseRecord(bytes: Uint8Array): ServiceRecord | undefined {
  if (bytes.length > MAX_RECORD) return undefined;
  try {
    const { version, definition, inputs, outputs } = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (version !== 1 || !isMark(definition) || !areMarks(inputs) || !areMarks(outputs)) return undefined;
    return { version, definition, inputs, outputs };
  } catch {
    return undefined;
  }
}

/** Of a service's folder; undefined when there is none, or none that can be read. */
export async function readRecord(ground: Ground, folder: string): Promise<ServiceRecord | undefined> {
  const path = `${folder}/${RECORD}`;
  if ((await ground.kind(path)) !== "file") return undefined;
  return parseRecord(await ground.read(path));
}

/**
 * What the values follow from: who reads them, and with which mode, is not of it. Of clan's own services the script is
 * left out as well: it names store paths, which are others after each update of nixpkgs.
 */
export function definitionHash({ maker, prompts, dependencies, files }: Service): string {
  const outputs = files.flatMap(({ name, output }) => (output === undefined ? [] : [[name, output]]));
  const said = [maker, prompts.map(({ name, persist }) => [name, persist]), dependencies, outputs];
  return sha256(JSON.stringify(said, sortKeys));
}

/** Of a file as it lies in the fleet: a public value by its bytes, a secret by its sealed value. */
export function fileMark(kind: "secret" | "value", bytes: Uint8Array): string {
  return sha256(kind === "value" ? bytes : sealedValue(bytes));
}

/** The readers beside it may change without another value; what is no document counts as a whole. */
function sealedValue(bytes: Uint8Array): string | Uint8Array {
  try {
    const { data } = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof data === "string" ? data : bytes;
  } catch {
    return bytes;
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

function isMark(mark: unknown): mark is string {
  return typeof mark === "string" && MARK.test(mark);
}

function areMarks(marks: unknown): marks is Record<string, string> {
  return typeof marks === "object" && marks !== null && !Array.isArray(marks) && Object.values(marks).every(isMark);
}

/** The order in which a definition says its options means nothing. */
function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
