import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import { Decrypter, generateHybridIdentity, generateX25519Identity, identityToRecipient } from "age-encryption";
import { decodeArmor } from "../../src/age/armor.ts";
import { parseFile } from "../../src/age/file.ts";
import { type SealBatch, sealBatch } from "../../src/age/seal-batch.ts";
import { createSealer, type SealThread, type SealThreads } from "../../src/age/sealer.ts";
import { formatX25519Recipient } from "../../src/age/x25519.ts";
import { SecretsError } from "../../src/errors.ts";

const MANY = 1000;
const secrets = await Promise.all([generateX25519Identity(), generateX25519Identity(), generateX25519Identity()]);
const recipients = await Promise.all(secrets.map(identityToRecipient));
const first = recipients[0] ?? "";
const code = (expected: string) => (error: unknown) => error instanceof SecretsError && error.code === expected;

/** A data key that tells which request it belongs to; shares of a split key are longer. */
function keyNumber(n: number): Uint8Array {
  const key = Buffer.alloc(32 + (n % 2), n % 256);
  key.writeUInt32BE(n);
  return key;
}

async function openByLibrary(enc: string, secret: string | undefined): Promise<Buffer> {
  const decrypter = new Decrypter();
  decrypter.addIdentity(secret ?? "");
  return Buffer.from(await decrypter.decrypt(decodeArmor(enc)));
}

interface FakeThreads extends SealThreads {
  started: number;
  closed: number;
  readonly batches: SealBatch[];
}

/** Threads that are none; `answer` is what they do with a batch. */
function fakeThreads(spare: number, answer: SealThread["sealBatch"], ready = async () => {}): FakeThreads {
  const threads: FakeThreads = {
    spare,
    started: 0,
    closed: 0,
    batches: [],
    start: () => {
      threads.started++;
      return {
        ready: ready(),
        sealBatch: (batch) => {
          threads.batches.push(batch);
          return answer(batch);
        },
        close: async () => {
          threads.closed++;
        },
      };
    },
  };
  return threads;
}

const byBatch = async (batch: SealBatch) => {
  await nextTurn();
  return sealBatch(batch);
};

const SETTINGS: readonly (readonly [what: string, threads: () => FakeThreads | undefined])[] = [
  ["no other thread", () => undefined],
  ["one other thread", () => fakeThreads(1, byBatch)],
  ["three other threads", () => fakeThreads(3, byBatch)],
  ["threads that never get ready", () => fakeThreads(2, byBatch, () => Promise.reject(new Error("no")))],
  ["threads that die of every batch", () => fakeThreads(2, () => Promise.reject(new Error("dead")))],
  ["threads that seal nothing", () => fakeThreads(2, async (batch) => batch.recipients.map(() => null))],
  ["threads that lose half", () => fakeThreads(2, async (batch) => (await sealBatch(batch)).slice(0, 1))],
];
for (const [what, makeThreads] of SETTINGS) {
  test(`everybody gets the right key, sealed for that one alone: ${what}`, async () => {
    const threads = makeThreads();
    const sealer = createSealer(MANY * 2, threads);
    const sealed = await Promise.all(
      Array.from({ length: MANY }, (_, n) => sealer.seal(recipients[n % 3] ?? "", keyNumber(n))),
    );
    await sealer.close();
    for (const [n, enc] of sealed.entries()) {
      if (n % 16 !== 0) continue;
      assert.deepEqual(await openByLibrary(enc, secrets[n % 3]), keyNumber(n));
      await assert.rejects(openByLibrary(enc, secrets[(n + 1) % 3]), /no identity matched/);
    }
    assert.equal(threads?.closed, threads?.started);
  });
}

test("no two files share an ephemeral key, a MAC or a nonce", async () => {
  const sealer = createSealer(MANY, fakeThreads(1, byBatch));
  const key = keyNumber(1);
  const files = await Promise.all(Array.from({ length: MANY }, () => sealer.seal(first, key)));
  await sealer.close();
  const parsed = files.map((file) => parseFile(file));
  const distinct = (of: (file: (typeof parsed)[number]) => unknown) => new Set(parsed.map(of)).size;
  assert.equal(
    distinct(({ header }) => header.stanzas[0]?.args[1]),
    MANY,
  );
  assert.equal(
    distinct(({ header }) => Buffer.from(header.mac).toString("hex")),
    MANY,
  );
  assert.equal(
    distinct(({ payload }) => Buffer.from(payload.subarray(0, 16)).toString("hex")),
    MANY,
  );
});

const smallOrder = formatX25519Recipient(new Uint8Array(32));
const REFUSED: readonly (readonly [what: string, recipient: string, code: string])[] = [
  ["no recipient", "age1nonsense", "E_RECIPIENT"],
  ["a private key", secrets[0] ?? "", "E_RECIPIENT"],
  ["a point of small order", smallOrder, "E_RECIPIENT"],
  ["a plugin's", "age1yubikey1q2w7u3vpya839jxxuq8g0sedh3d740d4xvn639sqhr95ejj8vu3hyfumptt", "E_AGE_PLUGIN"],
];
for (const threads of [undefined, fakeThreads(1, byBatch)]) {
  test(`what cannot be sealed is refused, the rest is not held up: ${threads ? "another" : "this"} thread`, async () => {
    const sealer = createSealer(MANY, threads);
    // Enough for the other thread to have some of each.
    const asked = Array.from({ length: 40 }, () =>
      REFUSED.map(([, recipient, expected]) =>
        assert.rejects(sealer.seal(recipient, keyNumber(1)), code(expected), expected),
      ),
    );
    const good = sealer.seal(first, keyNumber(7));
    await Promise.all(asked.flat());
    assert.deepEqual(await openByLibrary(await good, secrets[0]), keyNumber(7));
    await sealer.close();
  });
}

test("a post-quantum recipient is sealed for as any other", async () => {
  const secret = await generateHybridIdentity();
  const sealer = createSealer(0);
  const enc = await sealer.seal(await identityToRecipient(secret), keyNumber(2));
  assert.deepEqual(await openByLibrary(enc, secret), keyNumber(2));
});

test("threads are started for many keys, not for few: when many are expected, or were asked for", async () => {
  const ask = async (sealer: ReturnType<typeof createSealer>, count: number) => {
    await Promise.all(Array.from({ length: count }, () => sealer.seal(first, keyNumber(1))));
  };
  const [few, expected, asked, larger] = Array.from({ length: 4 }, () => fakeThreads(8, byBatch));
  assert.ok(few && expected && asked && larger);
  await ask(createSealer(799, few), 20);
  assert.equal(few.started, 0);
  // Before anything is asked: they get ready while something else is done.
  const early = createSealer(800, expected);
  assert.equal(expected.started, 1);
  await ask(early, 1);
  assert.equal(expected.started, 1);
  const growing = createSealer(0, asked);
  for (let i = 0; i < 39; i++) await ask(growing, 20);
  assert.equal(asked.started, 0);
  await ask(growing, 20);
  assert.equal(asked.started, 1);
  await ask(createSealer(100_000, larger), 1);
  assert.equal(larger.started, 8);
});

test("a system that gives no thread is no error", async () => {
  const sealer = createSealer(MANY, {
    spare: 1,
    start: () => {
      throw new Error("no thread");
    },
  });
  assert.match(await sealer.seal(first, keyNumber(1)), /^-----BEGIN AGE/);
});

test("the data key that was handed in is not touched, and the copy for a thread is wiped", async () => {
  const threads = fakeThreads(1, byBatch);
  const sealer = createSealer(MANY, threads);
  const keys = Array.from({ length: 100 }, (_, n) => keyNumber(n + 1));
  await Promise.all(keys.map((key) => sealer.seal(first, key)));
  for (const [n, key] of keys.entries()) assert.deepEqual(key, keyNumber(n + 1));
  assert.ok(threads.batches.length > 0);
  for (const { keys: copies } of threads.batches) assert.ok(copies.every((byte) => byte === 0));
});

test("closing gives up what is not sealed yet, in the queue and in a thread", async () => {
  const threads = fakeThreads(1, () => new Promise(() => {}));
  const sealer = createSealer(MANY, threads);
  const asked = Array.from({ length: MANY }, () => sealer.seal(first, keyNumber(1)));
  await nextTurn();
  await nextTurn();
  await sealer.close();
  await sealer.close();
  // Those in the fake thread are never answered; of those in the queue, nobody has to have listened.
  for (const promise of asked.slice(-100)) await assert.rejects(promise, /closed/);
  await assert.rejects(sealer.seal(first, keyNumber(1)), /closed/);
  assert.equal(threads.closed, 1);
});
