/**
 * What a change of access has to leave behind, seen without any code of this program: documents are read as text, and
 * opened by the real sops and age with the keys of the people and machines concerned, one key at a time.
 */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../src/repo/program.ts";

/** Where the real tools lie. */
export const PEERS = process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname;
/** What sops ends with when none of the keys that it has opens the data key. */
const NO_KEY = 128;

export interface Holder {
  readonly name: string;
  /** As documents state it. */
  readonly recipient: string;
  /** An age identity file, or an SSH private key. */
  readonly file: string;
}

/** What is expected of a change; what is not said here must be as it was. */
export interface Expectation {
  /** Names of the readers of a document after the change, from those before; or that somebody came and nobody went. */
  readonly readers?: Readers | "more";
  /** Documents that get a new data key although nobody loses them. */
  readonly freshDataKey?: (path: string) => boolean;
  /** What a document holds after the change, where that is another value. */
  readonly value?: (path: string, before: Buffer) => Buffer;
}

export type Readers = (path: string, before: readonly string[]) => readonly string[];

export interface Witness {
  readonly know: (holder: Holder) => void;
  /** Paths of documents and the names of who can open them, as of the last look. */
  readonly readers: (path: string) => readonly string[];
  readonly paths: () => readonly string[];
  /**
   * Looks again, and proves for every document that it is what the change had to make of it.
   * @returns the paths of the documents that changed
   */
  readonly prove: (expected?: Expectation) => Promise<readonly string[]>;
}

interface Sight {
  readonly text: string;
  readonly recipients: readonly string[];
  readonly plain: Buffer;
}

export async function witness(root: string, holders: readonly Holder[]): Promise<Witness> {
  const known = new Map(holders.map((holder) => [holder.recipient, holder]));
  const nameOf = (recipient: string) => known.get(recipient)?.name ?? recipient;
  const namesIn = ({ recipients }: Pick<Sight, "recipients">) => recipients.map(nameOf).sort();
  const look = (path: string) => readFile(join(root, path), "utf8");
  let last = new Map<string, Sight>();

  async function firstSight(path: string): Promise<[string, Sight]> {
    const text = await look(path);
    const recipients = recipientsOf(text);
    const holder = recipients.map((recipient) => known.get(recipient)).find((one) => one !== undefined);
    assert.ok(holder, `somebody opens ${path}`);
    const { code, stdout, stderr } = await decrypt(root, path, holder);
    assert.equal(code, 0, `${path} as ${holder.name}: ${stderr}`);
    return [path, { text, recipients, plain: stdout }];
  }

  async function proveChanged(path: string, old: Sight, text: string, expected: Expectation): Promise<Sight> {
    const recipients = recipientsOf(text);
    const plain = expected.value?.(path, old.plain) ?? old.plain;
    const removed = old.recipients.filter((recipient) => !recipients.includes(recipient));
    const fresh = removed.length > 0 || expected.freshDataKey?.(path) === true;
    for (const recipient of recipients) {
      const holder = known.get(recipient);
      assert.ok(holder, `${path}: whose is ${recipient}?`);
      const { code, stdout, stderr } = await decrypt(root, path, holder);
      assert.equal(code, 0, `${path} as ${holder.name}: ${stderr}`);
      assert.deepEqual(stdout, plain, `${path} as ${holder.name}`);
    }
    const keys = new Set<string>();
    for (const recipient of recipients) keys.add(await dataKeyOf(text, known.get(recipient)));
    assert.equal(keys.size, 1, `${path}: one data key for all`);
    for (const recipient of removed) {
      const holder = known.get(recipient);
      if (holder === undefined) continue;
      assert.equal((await decrypt(root, path, holder)).code, NO_KEY, `${path} as ${holder.name}, who was removed`);
    }
    const holder = known.get(old.recipients.find((recipient) => known.has(recipient)) ?? "");
    const oldKey = await dataKeyOf(old.text, holder);
    const sealed = new Set(sealedValues(old.text));
    const kept = sealedValues(text).filter((value) => sealed.has(value));
    if (fresh) {
      assert.ok(!keys.has(oldKey), `${path}: another data key`);
      assert.deepEqual(kept, [], `${path}: every value is encrypted anew, and the MAC`);
    } else {
      assert.ok(keys.has(oldKey), `${path}: the same data key`);
      if (expected.value === undefined) assert.deepEqual(kept, [...sealed], `${path}: not one value changed`);
      const before = entriesOf(old.text);
      for (const [recipient, enc] of entriesOf(text)) {
        if (before.has(recipient))
          assert.equal(enc, before.get(recipient), `${path}: the entry of ${nameOf(recipient)}`);
      }
    }
    return { text, recipients, plain };
  }

  async function prove(expected: Expectation = {}): Promise<readonly string[]> {
    const now = await documentPaths(root);
    const touched: string[] = [];
    const seen = await inTurns(now, async (path): Promise<[string, Sight]> => {
      const old = last.get(path);
      if (old === undefined) return firstSight(path);
      const text = await look(path);
      const names = namesIn(old);
      const found = namesIn({ recipients: recipientsOf(text) });
      const wanted = expected.readers === "more" ? [...new Set([...names, ...found])] : expected.readers?.(path, names);
      assert.deepEqual(found, [...(wanted ?? names)].sort(), `readers of ${path}`);
      if (text === old.text) {
        assert.ok(expected.freshDataKey?.(path) !== true, `${path}: a new data key`);
        return [path, old];
      }
      touched.push(path);
      return [path, await proveChanged(path, old, text, expected)];
    });
    last = new Map(seen);
    return touched.sort();
  }

  await prove();
  return {
    know: (holder) => known.set(holder.recipient, holder),
    readers: (path) => {
      const sight = last.get(path);
      assert.ok(sight, `no document at ${path}`);
      return namesIn(sight);
    },
    paths: () => [...last.keys()].sort(),
    prove,
  };
}

/** Every document that is sealed to age keys, of both tiers; links are not followed. */
export async function documentPaths(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((path) => !path.startsWith(".git/"))
    .sort();
  const sealed = await Promise.all(
    files.map(async (path) => (await readFile(join(root, path), "utf8")).includes("BEGIN AGE ENCRYPTED FILE")),
  );
  return files.filter((_, i) => sealed[i]);
}

/** In the order of the file. */
export function recipientsOf(text: string): string[] {
  return [...text.matchAll(/recipient"?\s*[:=]\s*"?((?:age1|ssh-)[^"\n]*)/g)].map(([, recipient = ""]) => recipient);
}

/** sops with one key and nothing else that could open a document. */
export async function decrypt(root: string, path: string, { file }: Pick<Holder, "file">) {
  const env = { HOME: "/var/empty", [isSsh(file) ? "SOPS_AGE_SSH_PRIVATE_KEY_FILE" : "SOPS_AGE_KEY_FILE"]: file };
  const { code, stdout, stderr } = await run([join(PEERS, "sops"), "decrypt", path], { cwd: root, env });
  return { code, stdout: Buffer.from(stdout), stderr };
}

/** Sees that sops has nothing to do on a file of tier 2, and leaves it as it is. */
export async function proveUpToDate(root: string, { file }: Pick<Holder, "file">): Promise<void> {
  const paths = (await documentPaths(root)).filter((path) => !path.endsWith("/secret"));
  assert.notEqual(paths.length, 0);
  await inTurns(paths, async (path) => {
    const before = await readFile(join(root, path));
    const env = { HOME: "/var/empty", SOPS_AGE_KEY_FILE: file };
    const { code, stdout, stderr } = await run([join(PEERS, "sops"), "updatekeys", "-y", path], { cwd: root, env });
    assert.equal(code, 0, stderr);
    assert.match(`${Buffer.from(stdout).toString()}${stderr}`, /already up to date/, path);
    assert.deepEqual(await readFile(join(root, path)), before, path);
  });
}

/** An age key as `age-keygen` makes it. */
export async function ageHolder(directory: string, name: string): Promise<Holder> {
  const { code, stdout, stderr } = await run([join(PEERS, "age-keygen")]);
  assert.equal(code, 0, stderr);
  return holderOf(directory, name, Buffer.from(stdout).toString("utf8"));
}

/** @param identity the text of an age identity file */
export async function holderOf(directory: string, name: string, identity: string): Promise<Holder> {
  const file = join(directory, `${name}.key`);
  await writeFile(file, identity, { mode: 0o600 });
  return { name, recipient: await publicHalf(file), file };
}

export async function publicHalf(identityFile: string): Promise<string> {
  const { code, stdout, stderr } = await run([join(PEERS, "age-keygen"), "-y", identityFile]);
  assert.equal(code, 0, stderr);
  return Buffer.from(stdout).toString("utf8").trim();
}

/** An SSH key as `ssh-keygen` makes it; its public half lies beside it. */
export async function sshHolder(directory: string, name: string): Promise<Holder> {
  const file = join(directory, `${name}_ed25519`);
  const { code, stderr } = await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file]);
  assert.equal(code, 0, stderr);
  return { name, recipient: (await readFile(`${file}.pub`, "utf8")).trim(), file };
}

/** The age key of an SSH key, by the program that hosts use. */
export async function derivedHolder(directory: string, name: string, { file }: Holder): Promise<Holder> {
  const { code, stdout, stderr } = await run([join(PEERS, "ssh-to-age"), "-private-key", "-i", file]);
  assert.equal(code, 0, stderr);
  return holderOf(directory, name, Buffer.from(stdout).toString("utf8"));
}

function isSsh(file: string): boolean {
  return /_(ed25519|rsa|ecdsa)$/.test(file);
}

/** The entries of the metadata: whose they are, and the data key sealed to them. */
function entriesOf(text: string): Map<string, string> {
  const armored = [...text.matchAll(/-----BEGIN AGE[^-]*-----[^-]*-----END AGE[^-]*-----/g)].map(([enc]) =>
    enc.replaceAll("\\n", "\n").replaceAll(/\n[\t ]+/g, "\n"),
  );
  return new Map(recipientsOf(text).map((recipient, i) => [recipient, armored[i] ?? ""]));
}

async function dataKeyOf(text: string, holder: Holder | undefined): Promise<string> {
  assert.ok(holder);
  const enc = entriesOf(text).get(holder.recipient) ?? "";
  const argv = [join(PEERS, "age"), "--decrypt", "-i", holder.file];
  const { code, stdout, stderr } = await run(argv, { input: Buffer.from(`${enc}\n`) });
  assert.equal(code, 0, `the entry of ${holder.name}: ${stderr}`);
  assert.equal(stdout.length, 32);
  return Buffer.from(stdout).toString("hex");
}

function sealedValues(text: string): string[] {
  return [...text.matchAll(/ENC\[[^\]]*\]/g)].map(([value]) => value);
}

/** As many at a time as there are cores to spare. */
async function inTurns<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i] as T);
  };
  await Promise.all([worker(), worker(), worker()]);
  return results;
}
