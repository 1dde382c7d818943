/** The age test vectors of C2SP/CCTV: each file has one fault or none, and says which. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";
import { decodeArmor, encodeArmor } from "../../src/age/armor.ts";
import { decryptWith } from "../../src/age/file.ts";
import { formatHeader, parseHeader } from "../../src/age/header.ts";
import { type Identity, parseIdentities, passphraseIdentity } from "../../src/age/identity.ts";
import { SecretsError } from "../../src/errors.ts";

interface Vector {
  readonly name: string;
  readonly fields: ReadonlyMap<string, readonly string[]>;
  readonly file: Uint8Array;
}

const OUTCOMES: Readonly<Record<string, string>> = {
  "header failure": "E_AGE_HEADER",
  "HMAC failure": "E_AGE_HMAC",
  "armor failure": "E_AGE_ARMOR",
  "payload failure": "E_AGE_PAYLOAD",
  "no match": "no match",
};

const KNOWN_FIELDS = ["expect", "payload", "identity", "passphrase", "armored", "compressed", "file key", "comment"];

const all = Object.entries(vectors).flatMap(([name, bytes]) =>
  bytes instanceof Uint8Array ? [readVector(name, bytes)] : [],
);

test("the whole set of vectors is there", () => assert.equal(all.length, 143));

for (const vector of all) {
  test(`vector ${vector.name}`, async () => {
    assert.ok([...vector.fields.keys()].every((key) => KNOWN_FIELDS.includes(key)));
    const expected = field(vector, "expect") ?? "";
    const outcome = await open(vector).then(
      (plaintext) => (plaintext === null ? "no match" : createHash("sha256").update(plaintext).digest("hex")),
      (error) => (error instanceof SecretsError ? error.code : Promise.reject(error)),
    );
    assert.equal(outcome, expected === "success" ? field(vector, "payload") : OUTCOMES[expected]);
    if (expected !== "success") return;
    const armored = vector.fields.has("armored");
    const text = Buffer.from(vector.file).toString("latin1");
    const binary = armored ? decodeArmor(text) : vector.file;
    if (armored) assert.equal(encodeArmor(binary), `${text.trim().replaceAll("\r\n", "\n")}\n`);
    const header = parseHeader(binary);
    const fileKey = Buffer.from(field(vector, "file key") ?? "", "hex");
    assert.deepEqual(formatHeader(header.stanzas, fileKey), Buffer.from(header.bytes));
  });
}

async function open(vector: Vector): Promise<Uint8Array | null> {
  const identities: Identity[] = [];
  for (const text of vector.fields.get("identity") ?? []) {
    identities.push(...(await parseIdentities(text, "vector")).identities);
  }
  for (const text of vector.fields.get("passphrase") ?? []) identities.push(passphraseIdentity(text, "vector"));
  return decryptWith(
    identities,
    vector.fields.has("armored") ? Buffer.from(vector.file).toString("latin1") : vector.file,
  );
}

function readVector(name: string, bytes: Uint8Array): Vector {
  const end = Buffer.from(bytes).indexOf("\n\n");
  const fields = new Map<string, string[]>();
  for (const line of Buffer.from(bytes).toString("latin1", 0, end).split("\n")) {
    const [key = "", value = ""] = line.split(": ");
    fields.set(key, [...(fields.get(key) ?? []), value]);
  }
  const file = bytes.subarray(end + 2);
  return { name, fields, file: fields.get("compressed")?.[0] === "zlib" ? inflateSync(file) : file };
}

function field(vector: Vector, name: string): string | undefined {
  return vector.fields.get(name)?.[0];
}
