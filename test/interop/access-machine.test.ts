/**
 * A machine's key, changed: every document that the machine reads opens with the new one alone, the private half that
 * clan deploys is the new one, and `sops-install-secrets` places the machine's secrets with the host key and with it.
 */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Started, start } from "./access-sample.ts";
import { ageHolder, decrypt, derivedHolder, sshHolder } from "./access-witness.ts";
import { install, notServed as skip } from "./consumer.ts";
import { insteadOf } from "./expected-readers.ts";

const SEALED = "sops/secrets/web01-age.key/secret";
const HOST_KEY = "vars/per-machine/web01/openssh/ssh.id_ed25519/secret";

test("rotate machine --to: the sealed private half cannot be replaced, and the plan says so", async (t) => {
  const { fleet, directory, seen, step } = await start(t);
  const next = await ageHolder(directory, "next");
  seen.know(next);
  const rotate = ["rotate", "machine", "web01", "--to", next.recipient];
  const { stdout } = await fleet.secrets([...rotate, "--dry-run"]);
  assert.match(stdout.toString("utf8"), /web01-age\.key\/secret holds the private half of the old key/);
  const touched = await step(rotate, { readers: insteadOf("web01", "next") });
  assert.ok(touched.length > 0 && !touched.includes(SEALED));
  assert.match(await fleet.git("diff", "--numstat", "--", ".sops.yaml"), /^1\t1\t/, "the diff is the line");
});

test("rotate machine --from-host-key with the public half: as with ssh-to-age", async (t) => {
  const { directory, seen, step } = await start(t);
  const host = await sshHolder(directory, "host");
  seen.know(await derivedHolder(directory, "next", host));
  const touched = await step(["rotate", "machine", "web01", "--from-host-key", `${host.file}.pub`], {
    readers: insteadOf("web01", "next"),
  });
  assert.ok(!touched.includes(SEALED));
});

test("rotate machine --from-host-key with the private half: what clan deploys is the new key", async (t) => {
  const { host, next, sealed } = await rotated(await start(t));
  assert.equal(sealed, readFileSync(next.file, "utf8").trim(), "as ssh-to-age derives it");
  assert.notEqual(host.recipient, next.recipient);
});

test("sops-install-secrets places them with the host key, and with the sealed private half", { skip }, async (t) => {
  const started = await start(t);
  const { root } = started.fleet;
  const { host, sealed, touched } = await rotated(started);
  const [mine, others] = [
    touched.filter((path) => path !== SEALED),
    started.seen.paths().filter((path) => path.startsWith("vars/per-machine/db01/")),
  ];
  assert.ok(mine.length > 4 && others.length > 4);
  const keyFile = join(started.directory, "sealed.txt");
  writeFileSync(keyFile, sealed, { mode: 0o600 });
  for (const [name, keys] of [
    ["host", { ageKeyFile: "", ageSshKeyPaths: [host.file] }],
    ["sealed", { ageKeyFile: keyFile, ageSshKeyPaths: [] }],
  ] as const) {
    const target = join(started.directory, name);
    mkdirSync(target);
    const placed = await install(root, target, keys, mine);
    assert.equal(placed.code, 0, placed.stderr);
    for (const path of mine) {
      const { stdout } = await decrypt(root, path, { file: started.fleet.keyOf("ada") });
      assert.deepEqual(readFileSync(join(target, "run/secrets", path)), stdout, path);
    }
    assert.notEqual((await install(root, target, keys, others)).code, 0, "those of another machine do not open");
  }
});

async function rotated({ fleet, directory, seen, step }: Started) {
  const host = await sshHolder(directory, "host");
  const next = await derivedHolder(directory, "next", host);
  seen.know(next);
  const value = (path: string, before: Buffer) =>
    path === SEALED
      ? Buffer.from(readFileSync(next.file, "utf8").trim())
      : path === HOST_KEY
        ? readFileSync(host.file)
        : before;
  const rotate = ["rotate", "machine", "web01", "--from-host-key", host.file];
  const touched = await step(rotate, { readers: insteadOf("web01", "next"), value });
  assert.ok(touched.includes(SEALED));
  const { stdout } = await decrypt(fleet.root, SEALED, { file: fleet.keyOf("ada") });
  return { host, next, touched, sealed: stdout.toString("utf8") };
}
