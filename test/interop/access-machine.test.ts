/**
 * A machine's key, changed: every document that the machine reads opens with the new one alone, the private half that
 * clan deploys is the new one, and `sops-install-secrets` places the machine's secrets with the host key and with it.
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { type Started, start } from "./access-sample.ts";
import { ageHolder, decrypt, derivedHolder, PEERS, sshHolder } from "./access-witness.ts";
import { insteadOf } from "./expected-readers.ts";

const consumer = join(PEERS, "sops-install-secrets");
const notServed = `${consumer}.not-served`;
const skip = !existsSync(consumer) && existsSync(notServed) && readFileSync(notServed, "utf8").trim();

const SEALED = "sops/secrets/web01-age.key/secret";

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
    path === SEALED ? Buffer.from(readFileSync(next.file, "utf8").trim()) : before;
  const rotate = ["rotate", "machine", "web01", "--from-host-key", host.file];
  const touched = await step(rotate, { readers: insteadOf("web01", "next"), value });
  assert.ok(touched.includes(SEALED));
  const { stdout } = await decrypt(fleet.root, SEALED, { file: fleet.keyOf("ada") });
  return { host, next, touched, sealed: stdout.toString("utf8") };
}

/** Unprivileged, without mounts: what home-manager uses on a user's machine. */
function install(root: string, target: string, keys: object, paths: readonly string[]) {
  const manifest = {
    userMode: true,
    secretsMountPoint: join(target, "run/secrets.d"),
    symlinkPath: join(target, "run/secrets"),
    keepGenerations: 1,
    gnupgHome: "",
    sshKeyPaths: [],
    ...keys,
    templates: [],
    placeholderBySecretName: {},
    secrets: paths.map((path) => ({
      name: path,
      key: "",
      path: join(target, "run/secrets", path),
      sopsFile: join(root, path),
      format: path.endsWith(".env") ? "dotenv" : "binary",
      mode: "0400",
      uid: 0,
      gid: 0,
      restartUnits: [],
      reloadUnits: [],
    })),
  };
  writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest));
  const env = { XDG_RUNTIME_DIR: target, HOME: "/var/empty", PATH: process.env["PATH"] };
  return run([consumer, "-ignore-passwd", join(target, "manifest.json")], { env });
}
