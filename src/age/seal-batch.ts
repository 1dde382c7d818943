/** Many data keys, each sealed for one reader: the part of a large change that takes the machine's time. */
import { encryptTo } from "./file.ts";
import { parseRecipient, type Recipient } from "./recipient.ts";

/**
 * Requests in the form that goes to another thread: one buffer, which moves there whole, so that no copy of a data key
 * stays behind in the message.
 */
export interface SealBatch {
  readonly recipients: readonly string[];
  /** Where the data key of each recipient ends in `keys`; the next one begins there. */
  readonly ends: readonly number[];
  readonly keys: Uint8Array<ArrayBuffer>;
}

export interface SealRequest {
  readonly recipient: string;
  readonly dataKey: Uint8Array;
}

/** Copies the data keys: the originals stay the caller's. */
export function packBatch(requests: readonly SealRequest[]): SealBatch {
  let end = 0;
  const ends = requests.map(({ dataKey }) => (end += dataKey.length));
  const keys = new Uint8Array(end);
  for (const [i, { dataKey }] of requests.entries()) keys.set(dataKey, (ends[i] ?? 0) - dataKey.length);
  return { recipients: requests.map(({ recipient }) => recipient), ends, keys };
}

/**
 * The armored age file of each request, null where none could be made. An error would lose what it is on its way between
 * threads; whoever asked makes the same attempt again and has it first hand. The keys are wiped.
 */
export async function sealBatch({ recipients, ends, keys }: SealBatch): Promise<(string | null)[]> {
  const sealed: (string | null)[] = [];
  try {
    let start = 0;
    for (const [i, recipient] of recipients.entries()) {
      const end = ends[i] ?? start;
      sealed.push(await encryptTo([recall(recipient)], keys.subarray(start, end)).catch(() => null));
      start = end;
    }
    return sealed;
  } finally {
    keys.fill(0);
  }
}

const known = new Map<string, Recipient>();

/** `parseRecipient`, once for each text: to import a key costs a quarter of sealing to it. */
export function recall(text: string): Recipient {
  const found = known.get(text);
  if (found !== undefined) return found;
  const recipient = parseRecipient(text);
  known.set(text, recipient);
  return recipient;
}
