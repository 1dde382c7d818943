/**
 * Run by `sealing.ts` in a process of its own, bundled as the program is: the crypto of two large changes and nothing
 * else. Prints a `SealingTimes` as JSON.
 */
import { randomBytes } from "node:crypto";
import { decryptWith } from "../src/age/file.ts";
import { parseIdentities } from "../src/age/identity.ts";
import type { Sealer } from "../src/age/sealer.ts";
import { createSealer } from "../src/age/sealer.ts";
import { formatX25519Identity } from "../src/age/x25519.ts";
import { openSealer } from "../src/cli/sealing.ts";

export interface SealingTimes {
  /** Processor time, in microseconds, on a warm machine: the least of some rounds. */
  readonly wrap: number;
  readonly unwrap: number;
  /** Whole jobs of 1,000 documents, threads started and ended within: milliseconds on the clock, and of processors. */
  readonly add: { readonly wall: number; readonly cpu: number };
  readonly renew: { readonly wall: number; readonly cpu: number };
}

const DOCUMENTS = 1000;
const READERS = 10;
/** Documents under way at one time. */
const ABREAST = 64;

void main();

async function main(): Promise<void> {
  const [secret = ""] = [formatX25519Identity(randomBytes(32))];
  const { identities } = await parseIdentities(secret, "bench");
  const [recipient = ""] = identities.flatMap((identity) => identity.recipients);
  const dataKey = randomBytes(32);
  const [wrapped = ""] = await sealed(1);

  const wrap = await least(() => sealed(DOCUMENTS));
  const unwrap = await least(async () => {
    for (let i = 0; i < DOCUMENTS; i++) await decryptWith(identities, wrapped);
  });
  const times: SealingTimes = { wrap, unwrap, add: await job(1), renew: await job(READERS) };
  process.stdout.write(JSON.stringify(times));

  async function sealed(count: number): Promise<string[]> {
    const sealer = createSealer(0);
    return Promise.all(Array.from({ length: count }, () => sealer.seal(recipient, dataKey)));
  }

  async function job(readers: number): Promise<{ wall: number; cpu: number }> {
    const start = performance.now();
    const before = process.cpuUsage();
    const sealer: Sealer = openSealer(DOCUMENTS * readers);
    let left = DOCUMENTS;
    const next = async () => {
      while (left-- > 0) {
        const opened = (await decryptWith(identities, wrapped)) ?? new Uint8Array();
        await Promise.all(Array.from({ length: readers }, () => sealer.seal(recipient, opened)));
      }
    };
    await Promise.all(Array.from({ length: ABREAST }, next));
    await sealer.close();
    const { user, system } = process.cpuUsage(before);
    return { wall: performance.now() - start, cpu: (user + system) / 1000 };
  }
}

/** Microseconds of processor time for one of `DOCUMENTS`. */
async function least(work: () => Promise<unknown>): Promise<number> {
  const rounds: number[] = [];
  for (let round = 0; round < 5; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    rounds.push((user + system) / DOCUMENTS);
  }
  return Math.min(...rounds);
}
