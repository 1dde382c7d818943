/**
 * `npm run pack:check`: what people install is looked at as they get it. Builds, packs, installs the tarball without
 * any registry into an empty directory, and runs it from there under the oldest Node promised, the one developed with,
 * and one that is too old.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { textFaults } from "../test/architecture/text-rules.ts";
import { addToTally } from "./tally.ts";

const OLDEST_NODE = "22.12.0";
const TOO_OLD_NODE = "20.9.0";

const project: { name: string; version: string; devDependencies: Record<string, string> } = JSON.parse(
  readFileSync("package.json", "utf8"),
);
const scratch = mkdtempSync(join(tmpdir(), "secrets-pack-"));
const installed = join(scratch, "installed", "node_modules", project.name);
const program = join(scratch, "installed", "node_modules", ".bin", "secrets");
/** Starts the thread at `argv[1]`; once it says that it listens, has it seal 32 bytes. */
const SEAL_ONE = `
const thread = new (require("node:worker_threads").Worker)(process.argv[1]);
const recipients = ["age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"];
thread.once("message", () => {
  thread.once("message", ([sealed]) => {
    console.log(sealed);
    void thread.terminate();
  });
  thread.postMessage({ recipients, ends: [32], keys: new Uint8Array(32) });
});`;
let passed = 0;
let failed = 0;

try {
  check("the package is built, packed and installed without a registry", () => {
    npm(["run", "--silent", "build"]);
    const [packed] = JSON.parse(npm(["pack", "--json", "--pack-destination", scratch])) as [{ filename: string }];
    mkdirSync(join(scratch, "installed"));
    npm(["install", "--offline", "--prefix", join(scratch, "installed"), join(scratch, packed.filename)]);
  });
  // Without a package there is nothing more to look at.
  if (failed === 0) lookAtPackage();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
addToTally("package", passed, failed, 0);
process.exitCode = failed === 0 ? 0 : 1;

function lookAtPackage(): void {
  check("it holds what is meant to be shipped and nothing else", () => {
    const meant = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|SECURITY\.md|schemas\/[\w.-]+\.json)$/;
    const built = ["dist/THIRD-PARTY.md", "dist/main.cjs", "dist/seal-thread.cjs", "dist/secrets.cjs"];
    const files = filesOf(installed);
    expect(files.filter((file) => file.startsWith("dist/")).join() === built.join(), `dist: ${files.join(", ")}`);
    const others = files.filter((file) => !built.includes(file) && !meant.test(file));
    expect(others.length === 0, `not meant to be shipped: ${others.join(", ")}`);
    const licences = readFileSync(join(installed, "dist/THIRD-PARTY.md"), "utf8");
    for (const name of ["@stricli/core", "yaml", "age-encryption"])
      expect(licences.includes(`\n## ${name} `), `the licence of ${name} is missing`);
    expect(files.includes("README.md") && files.includes("LICENSE"), "README.md or LICENSE is missing");
  });
  check("it names no path of a machine and no registry", () => {
    const places = [resolve("."), scratch, ...(homedir().length > 5 ? [homedir()] : [])];
    for (const file of filesOf(installed)) {
      const text = readFileSync(join(installed, file), "latin1");
      for (const place of places) expect(!text.includes(place), `${file} holds ${place}`);
      const faults = textFaults([{ path: file, text }]);
      expect(faults.length === 0, faults.join("\n  "));
    }
  });
  check("it brings no other package along", () => {
    expect(
      readdirSync(join(scratch, "installed", "node_modules"))
        .filter((name) => !name.startsWith("."))
        .join() === project.name,
      "others",
    );
  });
  for (const version of [process.versions.node, OLDEST_NODE]) {
    const node = nodeAt(version);
    check(`--version, Node ${version}`, () => {
      const { status, stdout, stderr } = runAs(node, ["--version"]);
      expect(status === 0 && stdout === `${project.version}\n` && stderr === "", `${status} ${stdout}${stderr}`);
    });
    check(`--help, Node ${version}`, () => {
      const { status, stdout, stderr } = runAs(node, ["--help"]);
      expect(status === 0 && stdout.includes("edit") && stderr === "", `${status} ${stdout}${stderr}`);
    });
    check(`a thread that seals, Node ${version}`, () => {
      const thread = join(installed, "dist/seal-thread.cjs");
      const { stdout, stderr } = spawnSync(node, ["-e", SEAL_ONE, thread], {
        encoding: "utf8",
        env: {},
        timeout: 20_000,
      });
      expect(stdout.startsWith("-----BEGIN AGE ENCRYPTED FILE-----\n"), `${stdout}${stderr}`);
    });
    // Twice, so that the second run is one from cached code.
    for (const run of ["first", "second"]) {
      check(`the main job on the sample fleet, ${run} run, Node ${version}`, () => {
        const { status, stdout, stderr } = runAs(node, ["demo", join(scratch, `fleet-${version}-${run}`)]);
        expect(status === 0, `exit ${status}\n${stdout}${stderr}`);
      });
    }
  }
  check("the program knows its sealing thread by the name that is installed", () => {
    const main = readFileSync(join(installed, "dist/main.cjs"), "latin1");
    expect(main.includes('require.resolve("./seal-thread.cjs")'), "it would seal everything in one thread");
  });
  check("compiled code is kept, for this user alone", () => {
    const cache = join(scratch, "home/.cache/secrets/code");
    // The commands that the demo walks through, itself, and one file for --version and --help together.
    const commands = ["check", "demo", "edit", "explain", "get", "ls", "other", "revoke", "status", "sync"];
    const perNode = readdirSync(cache).map((file) => file.replace(/^[0-9a-f]+-v[\d.]+-\w+-/, ""));
    expect(perNode.sort().join() === [...commands, ...commands].sort().join(), readdirSync(cache).join(", "));
    expect((statSync(cache).mode & 0o777) === 0o700, "its directory is open to others");
  });
  check(`a sentence for Node ${TOO_OLD_NODE}`, () => {
    const { status, stdout, stderr } = runAs(nodeAt(TOO_OLD_NODE), ["--version"]);
    expect(
      status === 2 && stdout === "" && /^secrets needs Node\.js [^\n]*\n$/.test(stderr),
      `${status} ${stdout}${stderr}`,
    );
  });
}

function check(what: string, body: () => void): void {
  try {
    body();
    passed++;
    process.stdout.write(`✔ ${what}\n`);
  } catch (error) {
    failed++;
    process.stdout.write(`✖ ${what}\n  ${error instanceof Error ? error.message : error}\n`);
  }
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}

function npm(args: readonly string[]): string {
  return execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A home of its own, so that neither keys nor caches of this machine play a part. */
function runAs(node: string, args: readonly string[]) {
  const env = { PATH: process.env["PATH"], HOME: join(scratch, "home"), LC_ALL: "C.UTF-8" };
  mkdirSync(env.HOME, { recursive: true });
  return spawnSync(node, [program, ...args], {
    cwd: scratch,
    env,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** A Node of exactly this version: this one, or one from the registry, kept beside the other real tools. */
function nodeAt(version: string): string {
  if (version === process.versions.node) return process.execPath;
  const directory = resolve(".peers", `node-${version}`);
  const name = `node-${process.platform}-${process.arch}`;
  const node = join(directory, "node_modules", name, "bin", "node");
  if (!existsSync(node)) npm(["install", "--no-save", "--prefix", directory, `${name}@${version}`]);
  return node;
}

function filesOf(directory: string): string[] {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((file) => file.slice(directory.length + 1)).sort();
}
