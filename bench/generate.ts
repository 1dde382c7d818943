/** Making the values of a whole fleet, against one `sops encrypt` process for each secret. */
import { spawnSync } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { makeAgeKey } from "../src/age/age-key.ts";
import { type Command, median, time } from "./measure.ts";
import type { Bench } from "./rekey.ts";
import { headline, tell } from "./report.ts";

const MACHINES = 50;
const KINDS = ["random", "password", "passphrase", "ssh-key", "age-key", "wireguard-key"];
const SERVICES = 10;
/** sops is started this often; the time of one is what counts. */
const SAMPLES = 40;
/** Time for each secret. */
const AIM = 0.1;

/** Fifty machines with ten services each; three readers of each secret: its machine and two people. */
export async function benchGenerate({ scratch, sops, secrets, env }: Bench, rounds: number): Promise<void> {
  const ada = makeAgeKey();
  const bruno = makeAgeKey();
  const keyFile = join(scratch, "generate.txt");
  writeFileSync(keyFile, `${ada.identity}\n`, { mode: 0o600 });
  const withKey = { ...env, SOPS_AGE_KEY_FILE: keyFile };
  const times: number[] = [];
  // Nothing is removed before the end: for each file and folder that is made, ext4 searches past all inodes that were
  // deleted a short while ago, and that is not what is measured.
  for (let round = 0; round < rounds; round++) {
    const cwd = join(scratch, `generate-${round}`);
    const readers = writeFleet(cwd, [ada.recipient, bruno.recipient]);
    // Nobody has been approved where nothing is sealed yet.
    const allow = readers.flatMap((recipient) => ["--allow", recipient]);
    // What the fleet itself left to be written is not what is measured: a flush waits for all that is.
    spawnSync("sync");
    times.push(time(secrets(cwd, ["generate", "--yes", ...allow], withKey)));
    const check = secrets(cwd, ["generate", "--check"], withKey);
    if (spawnSync(check.program, check.args, { cwd, env: check.env }).status !== 0) throw new Error("not all was made");
  }
  const ours = median(times) / (MACHINES * SERVICES);
  const theirs = median(sopsTimes(sops, scratch, [ada.recipient, bruno.recipient, makeAgeKey().recipient], env));
  const ratio = ours / theirs;
  headline(
    `generate for ${MACHINES} machines with ${SERVICES} services each, against one sops encrypt for each secret`,
  );
  tell("  in all", `${median(times).toFixed(0)} ms for ${MACHINES * SERVICES} services`, "");
  tell("  each", `${ours.toFixed(2)} ms`, `sops ${theirs.toFixed(2)} ms`);
  tell("  ratio", ratio.toFixed(3), `aim: at most ${AIM}${ratio <= AIM ? "" : ", MISSED"}`);
}

/** @returns everybody's key */
function writeFleet(root: string, people: readonly string[]): string[] {
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  const key = (recipient: string | undefined) => JSON.stringify([{ publickey: recipient, type: "age" }]);
  for (const [i, name] of ["ada", "bruno"].entries()) {
    put(`sops/users/${name}/key.json`, key(people[i]));
    mkdirSync(join(root, "sops/groups/admins/users"), { recursive: true });
    symlinkSync(`../../../users/${name}`, join(root, `sops/groups/admins/users/${name}`));
  }
  const machines = Array.from({ length: MACHINES }, () => makeAgeKey().recipient);
  for (const [i, recipient] of machines.entries()) put(`sops/machines/m${i}/key.json`, key(recipient));
  for (let i = 0; i < SERVICES; i++) {
    put(`vars/services/s${i}.yaml`, `machines: all\ngroups: [admins]\nkind: ${KINDS[i % KINDS.length]}\n`);
  }
  spawnSync("git", ["init", "--quiet"], { cwd: root });
  spawnSync("git", ["add", "--all"], { cwd: root });
  return [...people, ...machines];
}

function sopsTimes(sops: string, scratch: string, readers: readonly string[], env: Command["env"]): number[] {
  const cwd = join(scratch, "generate-sops");
  mkdirSync(cwd);
  return Array.from({ length: SAMPLES }, (_, i) => {
    writeFileSync(join(cwd, `value${i}`), `value ${i}`);
    const args = ["encrypt", "--age", readers.join(","), "--input-type", "binary", "--in-place", `value${i}`];
    return time({ program: sops, args, cwd, env });
  });
}
