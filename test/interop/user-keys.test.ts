/**
 * People by the keys that GitHub knows: each of their SSH keys, made by the real ssh-keygen, opens by the real sops what
 * they were given; as age keys, those that the real ssh-to-age derives do.
 */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { ADDRESSES, FILE, ok, start, VAR } from "./access-sample.ts";
import { derivedHolder, type Holder } from "./access-witness.ts";
import { plus } from "./expected-readers.ts";

const GRANTED = ADDRESSES.flatMap((address) => ["--document", address]);

/** A key pair of ssh-keygen's; known to sops by its public half without the comment. */
async function keyPair(directory: string, name: string, type: "ed25519" | "rsa" | "ecdsa"): Promise<Holder> {
  const file = join(directory, `${name}_${type}`);
  const kind = type === "rsa" ? ["-t", type, "-b", "2048"] : ["-t", type];
  const { code, stderr } = await run(["ssh-keygen", "-q", "-N", "", "-C", `${name}, at home`, ...kind, "-f", file]);
  assert.equal(code, 0, stderr);
  const recipient = (await readFile(`${file}.pub`, "utf8")).split(" ").slice(0, 2).join(" ");
  return { name, recipient, file };
}

test("--github-keys: an ed25519 and an RSA key open what was granted, and an ECDSA key is told", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const ed25519 = await keyPair(directory, "laptop", "ed25519");
  const rsa = await keyPair(directory, "desk", "rsa");
  const ecdsa = await keyPair(directory, "phone", "ecdsa");
  seen.know(ed25519);
  seen.know(rsa);
  const keys = join(directory, "eve.keys");
  await writeFile(keys, [ed25519, ecdsa, rsa].map(({ recipient }) => `${recipient}\n`).join(""));
  const told = await ok(fleet, ["user", "add", "eve", "--github-keys", keys, ...GRANTED, "--dry-run"]);
  for (const { file } of [ed25519, rsa]) {
    const listed = await run(["ssh-keygen", "-l", "-f", `${file}.pub`]);
    const [, fingerprint = "?"] = Buffer.from(listed.stdout).toString("utf8").split(" ");
    assert.ok(told.includes(fingerprint), told);
  }
  assert.match(told, /eve\.keys: line 2 is an ECDSA key/);
  // The witness opens every document with each key by itself, by SOPS_AGE_SSH_PRIVATE_KEY_FILE.
  const both = plus([FILE, VAR], "laptop", "desk");
  assert.deepEqual(await step(["user", "add", "eve", "--github-keys", keys, ...GRANTED], { readers: both }), [
    FILE,
    VAR,
  ]);
});

test("--as-age, add-key with several, and GitHub's JSON", async (t) => {
  const { directory, seen, step } = await start(t);
  const first = await keyPair(directory, "first", "ed25519");
  const second = await keyPair(directory, "second", "ed25519");
  const ages = await Promise.all([first, second].map((key) => derivedHolder(directory, `${key.name}-age`, key)));
  for (const holder of [first, ...ages]) seen.know(holder);
  const json = join(directory, "keys.json");
  await writeFile(json, JSON.stringify([first, second].map(({ recipient }, id) => ({ id, key: recipient }))));
  const added = ["user", "add", "eve", "--github-keys", json, "--as-age", ...GRANTED];
  await step(added, { readers: plus([FILE, VAR], ...ages.map(({ name }) => name)) });
  await step(["user", "add-key", "eve", "--ssh-key", `${first.file}.pub`], { readers: plus([FILE, VAR], "first") });
});
