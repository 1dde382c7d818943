import assert from "node:assert/strict";
import { test } from "node:test";
import type { SecretsError } from "../../src/errors.ts";
import type { MasterKey } from "../../src/sops/metadata.ts";
import { openWithGpg, type RunGpg, sealWithGpg } from "../../src/sops/pgp.ts";
import { map } from "./trees.ts";

const entry = (enc: string): MasterKey => ({
  type: "pgp",
  id: "0123456789ABCDEF0123456789ABCDEF01234567",
  enc,
  node: map({}),
});
const answer = (stdout: string | Uint8Array, code = 0, stderr = "gpg: decryption failed: No secret key") => {
  const calls: { argv: readonly string[]; stdin: string }[] = [];
  const run: RunGpg = async (argv, stdin) => {
    calls.push({ argv, stdin: Buffer.from(stdin).toString() });
    return { code, stdout: Buffer.from(stdout), stderr };
  };
  return { run, calls };
};

test("a message goes to gpg on stdin and nowhere else", async () => {
  const key = new Uint8Array(32).fill(7);
  const { run, calls } = answer(key);
  assert.deepEqual(Buffer.from((await openWithGpg(entry("MESSAGE"), run, "/opt/gpg2")) ?? []), Buffer.from(key));
  assert.deepEqual(calls, [{ argv: ["/opt/gpg2", "-d"], stdin: "MESSAGE" }]);
});

test("no key is null; a message without a data key is an error", async () => {
  assert.equal(await openWithGpg(entry("x"), answer("", 2).run), null);
  await assert.rejects(openWithGpg(entry("x"), answer("").run), { code: "E_GPG" });
  const cancelled = answer("", 2, "gpg: public key decryption failed: Operation cancelled").run;
  await assert.rejects(
    openWithGpg(entry("x"), cancelled),
    (error: SecretsError) => error.code === "E_GPG" && /cancelled/.test(String(error.cause)),
  );
});

test("sealing gives gpg the arguments of sops, and the message loses its last line break", async () => {
  const message = "-----BEGIN PGP MESSAGE-----\n\nx\n-----END PGP MESSAGE-----";
  const { run, calls } = answer(`${message}\n`);
  assert.equal(await sealWithGpg("0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567", Buffer.from("k"), run), message);
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
  assert.deepEqual(calls[0]?.argv, [
    "gpg",
    "--no-default-recipient",
    "--yes",
    "--encrypt",
    "-a",
    "-r",
    fingerprint,
    "--trusted-key",
    fingerprint.slice(-16),
    "--no-encrypt-to",
  ]);
  await assert.rejects(sealWithGpg("AB", Buffer.from("k"), answer("", 2).run), { code: "E_GPG" });
});
