/**
 * `npm run peers`: puts the real tools that the interop tests and the benchmark compare with into `.peers/bin`.
 * Nothing of it is needed to use this program or to run its unit tests.
 *
 * Arguments: `sops@3.12.2` also builds an older sops, as `sops-3.12.2`; `NAME=PATH` takes a program that this machine
 * has already, for one that no registry serves here.
 *
 * Go checks every module against its checksum database. What is in place at the right version is left alone.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { goInstall } from "./peers/go-install.ts";
import { type GoTool, olderSops, SYSTEM_TOOLS, TOOLS } from "./peers/tools.ts";

interface Row {
  readonly name: string;
  readonly version: string;
  readonly state: "in place" | "installed" | "given" | "NOT SERVED" | "FAILED";
  readonly note?: string;
}

const bin = resolve(".peers/bin");
const stampFile = resolve(".peers/stamp.json");
mkdirSync(bin, { recursive: true });
const stamp: Record<string, string> = existsSync(stampFile) ? JSON.parse(readFileSync(stampFile, "utf8")) : {};

const given = new Map<string, string>();
const older: GoTool[] = [];
for (const argument of process.argv.slice(2)) {
  const sops = /^sops@v?(\d+\.\d+\.\d+)$/.exec(argument)?.[1];
  const [name, path] = argument.split("=", 2);
  if (sops !== undefined) older.push(olderSops(sops));
  else if (name !== undefined && path !== undefined && TOOLS.some((tool) => tool.name === name)) given.set(name, path);
  else throw new Error(`not understood: ${argument} (sops@VERSION or NAME=PATH)`);
}

const rows = [...[...TOOLS, ...older].map(provide), ...provideSystemTools()];
printTable(rows);
if (rows.some((row) => row.state === "FAILED")) process.exitCode = 1;

function provide(tool: GoTool): Row {
  const target = join(bin, tool.name);
  // Read by the tests that need this tool: why it is not there.
  const notServed = `${target}.not-served`;
  const path = given.get(tool.name);
  if (path !== undefined) {
    rmSync(target, { force: true });
    copyFileSync(path, target);
    rmSync(notServed, { force: true });
    remember(tool.name, "given");
    return { name: tool.name, version: "?", state: "given" };
  }
  if (existsSync(target) && (stamp[tool.name] === tool.version || stamp[tool.name] === "given"))
    return { name: tool.name, version: stamp[tool.name] ?? "", state: "in place" };
  process.stderr.write(`building ${tool.name} ${tool.version} …\n`);
  const result = goInstall(tool, bin);
  if (result.outcome === "installed") {
    rmSync(notServed, { force: true });
    remember(tool.name, tool.version);
    return { name: tool.name, version: tool.version, state: "installed" };
  }
  if (result.outcome === "refused" && tool.mayBeRefused) {
    writeFileSync(notServed, `${tool.module}@${tool.version} is not served by this machine's module proxy\n`);
    const note = `no registry serves it here; give one: npm run peers -- ${tool.name}=PATH`;
    return { name: tool.name, version: tool.version, state: "NOT SERVED", note };
  }
  return { name: tool.name, version: tool.version, state: "FAILED", note: result.reason };
}

function remember(name: string, version: string): void {
  stamp[name] = version;
  writeFileSync(stampFile, `${JSON.stringify(stamp, null, 2)}\n`);
}

function provideSystemTools(): Row[] {
  const missing = SYSTEM_TOOLS.filter((tool) => !isOnPath(tool.command)).map((tool) => tool.debianPackage);
  let refusal: string | undefined;
  if (missing.length > 0) refusal = aptInstall(missing);
  return SYSTEM_TOOLS.map(({ command, debianPackage }): Row => {
    if (!isOnPath(command))
      return { name: command, version: "", state: "FAILED", note: `apt-get install ${debianPackage}: ${refusal}` };
    return { name: command, version: "", state: missing.includes(debianPackage) ? "installed" : "in place" };
  });
}

/** @returns why it could not be done, or undefined. */
function aptInstall(packages: readonly string[]): string | undefined {
  if (process.getuid?.() !== 0) return "needs root";
  if (!isOnPath("apt-get")) return "this system has no apt-get; install it your own way";
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-qq", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
  apt("update");
  const { status, stderr } = apt("install", "--no-install-recommends", "-y", ...packages);
  return status === 0 ? undefined : stderr.trim().split("\n").at(-1);
}

/** Servers lie where only root looks. */
function isOnPath(command: string): boolean {
  return [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin"].some((directory) =>
    existsSync(join(directory, command)),
  );
}

function printTable(table: readonly Row[]): void {
  const width = (pick: (row: Row) => string) => Math.max(...table.map((row) => pick(row).length));
  const [name, version, state] = [width((r) => r.name), width((r) => r.version), width((r) => r.state)];
  for (const row of table) {
    const cells = [row.name.padEnd(name), row.version.padEnd(version), row.state.padEnd(state), row.note ?? ""];
    process.stdout.write(`${cells.join("  ").trimEnd()}\n`);
  }
}
