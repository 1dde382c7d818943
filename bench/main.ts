/**
 * `npm run bench`: this program against the real sops, on the same files, side by side in one run. Prints ratios of
 * whole processes; below 1 is faster than sops. Needs `npm run build` and `npm run peers` first.
 *
 * `npm run bench -- check get set` picks some; `--rounds N` sets how often each pair is run (default: as below).
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { benchGenerate } from "./generate.ts";
import { generateFile, generateFleet } from "./generated-fleet.ts";
import { type Command, compare, median, peakMemory, time } from "./measure.ts";
import { benchAddReader, benchRekeyMemory, benchReplaceReader } from "./rekey.ts";
import { report, tell } from "./report.ts";
import { benchSealing } from "./sealing.ts";

const { values, positionals } = parseArgs({ allowPositionals: true, options: { rounds: { type: "string" } } });
const wanted = new Set(
  positionals.length === 0 ? ["check", "get", "set", "sealing", "add", "replace", "memory", "generate"] : positionals,
);
const rounds = (usual: number) => (values.rounds === undefined ? usual : Number(values.rounds));

const bundle = resolve("dist/secrets.cjs");
const sops = join(resolve(process.env["SECRETS_PEERS"] ?? ".peers/bin"), "sops");
for (const needed of [bundle, sops])
  if (!existsSync(needed)) throw new Error(`${needed} is missing: build and get the peers first`);

const scratch = mkdtempSync(join(tmpdir(), "secrets-bench-"));
const home = join(scratch, "home");
mkdirSync(home);
// Nothing of this user's configuration, and no NODE_ variables: some of them cost more than what is measured.
const env = { PATH: process.env["PATH"], HOME: home, LC_ALL: "C.UTF-8" };
try {
  if (wanted.has("check")) await benchCheck();
  if (wanted.has("get")) await benchGet();
  if (wanted.has("set")) await benchSet();
  if (wanted.has("sealing")) await benchSealing(scratch, rounds(3));
  const bench = { scratch, sops, secrets, env };
  if (wanted.has("add")) await benchAddReader(bench, rounds(3));
  if (wanted.has("replace")) await benchReplaceReader(bench);
  if (wanted.has("memory")) await benchRekeyMemory(bench);
  if (wanted.has("generate")) await benchGenerate(bench, rounds(3));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

async function benchCheck(): Promise<void> {
  const large = await generateFleet(join(scratch, "fleet-10000"), 10_000);
  const small = await generateFleet(join(scratch, "fleet-1000"), 1_000);
  const ours = secrets(large.root, ["check"]);
  const updatekeys = ["--config", large.sopsConfig, "updatekeys", "--yes", ...large.documents];
  const theirs: Command = { program: sops, args: updatekeys, cwd: large.root, env };
  report(
    "check, 10,000 documents × 5 readers, against one sops updatekeys that finds nothing to do",
    compare(ours, theirs, rounds(3)),
    0.2,
  );
  tell("  peak memory", `${peakMemory(ours, scratch).toFixed(0)} MiB`, "aim: below 300");
  const each = [small, large].map(({ root, documents }) => {
    const times = Array.from({ length: rounds(5) }, () => time(secrets(root, ["check"])));
    return { size: documents.length, total: median(times) };
  });
  const [of1000, of10000] = each.map(({ size, total }) => `${total.toFixed(0)} ms for ${size}`);
  const growth = (each[1]?.total ?? 0) / (each[0]?.total ?? 1);
  tell("  growth", `${of1000}, ${of10000}: ×${growth.toFixed(1)}`, "aim: at most ×10, start-up included");
}

async function benchGet(): Promise<void> {
  const root = join(scratch, "get");
  const { path, identity } = await generateFile(root, 10);
  const withKey = { ...env, SOPS_AGE_KEY_FILE: keyFile("get", identity) };
  const ours = secrets(root, ["get", `${path}#group0/value3`], withKey);
  const theirs: Command = {
    program: sops,
    args: ["decrypt", "--extract", '["group0"]["value3"]', path],
    cwd: root,
    env: withKey,
  };
  const same = [ours, theirs].map(
    ({ program, args }) => spawnSync(program, args, { cwd: root, env: withKey, encoding: "utf8" }).stdout,
  );
  if (same[0] === "" || same[0] !== same[1]) throw new Error("the two do not give the same value");
  report("get of one value, against sops decrypt --extract", compare(ours, theirs, rounds(21)), 2);
  const bare: Command = { ...ours, args: [emptyProgram()] };
  const { ours: node, ratio } = compare(bare, theirs, rounds(21));
  tell("  of which a bare Node", `${node.toFixed(0)} ms`, `${ratio.median.toFixed(2)} of sops`);
}

async function benchSet(): Promise<void> {
  const root = join(scratch, "set");
  const { path, identity } = await generateFile(root, 10_000);
  const withKey = { ...env, SOPS_AGE_KEY_FILE: keyFile("set", identity) };
  const theirRoot = join(scratch, "set-sops");
  spawnSync("cp", ["-a", root, theirRoot]);
  const ours = (round: number): Command => ({
    ...secrets(root, ["set", `${path}#group500/value5`, "-"], withKey),
    input: `value of round ${round}`,
  });
  const theirs = (round: number): Command => ({
    program: sops,
    args: ["set", path, '["group500"]["value5"]', JSON.stringify(`value of round ${round}`)],
    cwd: theirRoot,
    env: withKey,
  });
  report("set of one value among 10,000, against sops set", compare(ours, theirs, rounds(5)), 1);
}

function secrets(cwd: string, args: readonly string[], withEnv: Command["env"] = env): Command {
  return { program: process.execPath, args: [bundle, ...args], cwd, env: withEnv };
}

function keyFile(name: string, identity: string): string {
  const path = join(scratch, `${name}.txt`);
  writeFileSync(path, identity, { mode: 0o600 });
  return path;
}

function emptyProgram(): string {
  const path = join(scratch, "empty.cjs");
  writeFileSync(path, "");
  return path;
}
