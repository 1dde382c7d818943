/**
 * A bootstrap under fire: killed while the files for the first boot are written, and at calls of the transaction. What is
 * left is wholly before or wholly after, no private key lies in the repository in clear, and the next try works.
 */
import assert from "node:assert/strict";
import { existsSync, readdirSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { run } from "../../src/repo/program.ts";
import { sampleFleet } from "../cli/sample.ts";
import {
  copyOf,
  inLanes,
  type Place,
  type Point,
  pointsOf,
  proveAbsent,
  quickDirectory,
  runIn,
  runUnderFire,
} from "./under-fire.ts";

const ADD = ["machine", "add", "web02", "--generate", "--like", "web01", "--extra-files", "../tree", "--yes"];
const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
/** Calls of one name that are tried: what is between the first and the last is more of the same. */
const EACH = 4;

test("machine add --generate --extra-files, killed", async (t) => {
  const fleet = await sampleFleet(t);
  // What a first look at a clone writes is not what is tried here.
  await fleet.secrets(["status"]);
  const base = quickDirectory(t);
  const key = fleet.keyOf("ada");
  let runs = 0;
  const fresh = () => copyOf({ root: fleet.root, key }, join(base, `run-${runs++}`));
  const points = await pointsOf(fresh(), ADD);
  const sampled = [...new Set(points.map(({ name }) => name))].flatMap((name) => {
    const same = points.filter((point) => point.name === name);
    return same.filter((_, i) => i % Math.ceil(same.length / EACH) === 0 || i === same.length - 1);
  });
  const sides = { before: 0, after: 0 };
  await inLanes(sampled, async (point) => void sides[await killed(fresh(), point)]++);
  t.diagnostic(`${sampled.length} of ${points.length} points: ${JSON.stringify(sides)}`);
  assert.ok(sides.before > 2 && sides.after > 2, JSON.stringify(sides));

  await t.test("while the files for the first boot are written", async () => {
    for (const path of [HOST_KEY, `${HOST_KEY}.pub`, "var/lib/sops-nix/key.txt"]) {
      const place = fresh();
      const point = { name: "fsync", nth: 1, path: join(dirname(place.root), "tree", path), what: `flush of ${path}` };
      assert.equal(await killed(place, point), "before");
    }
  });
});

async function killed(place: Place, point: Point): Promise<"before" | "after"> {
  const { what } = point;
  const tree = join(dirname(place.root), "tree");
  const { hit } = await runUnderFire(place, ADD, point, "signal=SIGKILL");
  assert.ok(hit, what);
  // The tree may hold keys, for its owner alone; nothing else may, the git directory and scratch space included.
  proveAbsent(place.root, ["PRIVATE KEY", "AGE-SECRET-KEY-"], what);
  proveAbsent(place.temporary, ["PRIVATE KEY", "AGE-SECRET-KEY-"], what);
  provePrivate(tree, what);
  const recovered = await runIn(place, ["status"]);
  assert.equal(recovered.code, 0, `${what}: ${recovered.stderr}`);
  const { stdout } = await run(["git", "status", "--porcelain", "-uall"], { cwd: place.root });
  if (Buffer.from(stdout).toString() === "") {
    const again = await runIn(place, [...ADD.slice(0, -2), "../second", "--yes"]);
    assert.equal(again.code, 0, `${what}: ${again.stderr}`);
    return "before";
  }
  const check = await runIn(place, ["check", "--json"]);
  assert.deepEqual(JSON.parse(check.stdout).findings, [], what);
  const sealed = await runIn(place, ["get", "vars/web02/openssh/ssh.id_ed25519"]);
  assert.equal(sealed.stdout, await readFile(join(tree, HOST_KEY), "utf8"), what);
  return "after";
}

function provePrivate(tree: string, what: string): void {
  if (!existsSync(tree)) return;
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith(".pub")) continue;
    assert.equal(statSync(join(entry.parentPath, entry.name)).mode & 0o777, 0o600, what);
  }
}
