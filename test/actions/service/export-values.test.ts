/** What goes into a dump, and what is told instead. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDump } from "../../../src/actions/service/export-values.ts";
import { SecretsError } from "../../../src/errors.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ADA, BRUNO, FLEET } from "./small-fleet.ts";

const HASH = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";

async function fleet(): Promise<MemoryFiles> {
  const mine = await sealed("binary", "mine", [[ADA]]);
  const theirs = await sealed("binary", "theirs", [[BRUNO]]);
  return {
    ...FLEET,
    "vars/per-machine/web01/tls/key/secret": mine,
    "vars/per-machine/web01/tls/crt/value": "public",
    "vars/per-machine/web01/tls/.validation-hash": `${HASH}\n`,
    "vars/per-machine/web01/tls/.inputs.json": "{}",
    "vars/per-machine/web02/tls/key/secret": mine,
    "vars/per-machine/web02/tls/.validation-hash": "no hash",
    "vars/shared/wifi/psk/secret": theirs,
    "vars/per-machine/web02/old/key/secret": mine,
    "vars/per-machine/web02/old/key/value": "a leftover",
    "vars/per-export/k/s/f/secret": mine,
    "sops/secrets/legacy/secret": mine,
    "secrets/a.yaml": await sealed("yaml", "a: b", [[ADA]]),
  };
}

async function dump(files: MemoryFiles, selection: readonly string[], options = {}) {
  const { values, hashes, locked } = await readDump(await workplaceOf(files, ADA), selection, options);
  return {
    values: Object.fromEntries(values.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])),
    hashes: Object.fromEntries(hashes.map(({ path, bytes }) => [path, Buffer.from(bytes).toString()])),
    locked: locked.map(({ address }) => address),
  };
}

async function codeOf(attempt: Promise<unknown>): Promise<SecretsError> {
  const error = await attempt.then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SecretsError, String(error));
  return error;
}

test("values and hashes of the vars tier, and nothing else", async () => {
  assert.deepEqual(await dump(await fleet(), [], { partial: true }), {
    values: {
      "per-machine/web01/tls/crt": "public",
      "per-machine/web01/tls/key": "mine",
      "per-machine/web02/old/key": "mine",
      "per-machine/web02/tls/key": "mine",
    },
    hashes: { "per-machine/web01/tls/.validation-hash": HASH },
    locked: ["vars/shared/wifi/psk"],
  });
});

test("what cannot be opened is named up front, and nothing comes of it", async () => {
  const error = await codeOf(dump(await fleet(), []));
  assert.deepEqual([error.code, error.kind], ["E_CANNOT_OPEN", "identity"]);
  assert.match(error.hint ?? "", /vars\/shared\/wifi\/psk: this document is for bruno/);
});

test("machines, services, files, clan's spelling and patterns select; what names nothing is refused", async () => {
  const files = await fleet();
  for (const [selection, expected] of [
    [["vars/web01"], ["per-machine/web01/tls/crt", "per-machine/web01/tls/key"]],
    [["vars/web01/tls/key"], ["per-machine/web01/tls/key"]],
    [["vars/per-machine/web02/"], ["per-machine/web02/old/key", "per-machine/web02/tls/key"]],
    [["vars/*/tls"], ["per-machine/web01/tls/crt", "per-machine/web01/tls/key", "per-machine/web02/tls/key"]],
    [["vars/*/key"], ["per-machine/web01/tls/key", "per-machine/web02/old/key", "per-machine/web02/tls/key"]],
    [
      ["vars/web02/old", "vars/web01/tls/crt"],
      ["per-machine/web01/tls/crt", "per-machine/web02/old/key"],
    ],
  ] as const) {
    assert.deepEqual(Object.keys((await dump(files, selection)).values), expected, selection.join(" "));
  }
  for (const text of ["vars/web03", "vars/web", "secrets/a.yaml", "sops/secrets/legacy", "vars/per-export/k", "*x*"]) {
    assert.equal((await codeOf(dump(files, ["vars/web01", text]))).code, "E_NOT_FOUND", text);
  }
});

test("one name cannot be a file and a folder", async () => {
  const files = {
    ...(await fleet()),
    "vars/per-machine/web01/tls/key/deep/secret": await sealed("binary", "x", [[ADA]]),
  };
  assert.equal((await codeOf(dump(files, ["vars/web01"]))).code, "E_EXPORT_NAME");
  assert.deepEqual(Object.keys((await dump(files, ["vars/web01/tls/key/deep"])).values), [
    "per-machine/web01/tls/key/deep",
  ]);
});
