/** A real sshd on loopback, on a port of its own, with the host keys that it is given. */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { run } from "../../src/repo/program.ts";

const PROGRAM = ["/usr/sbin/sshd", "/usr/bin/sshd"].find((path) => existsSync(path)) ?? "sshd";

/** @returns `127.0.0.1:PORT` */
export async function startSshd(t: TestContext, directory: string, hostKeys: readonly string[]): Promise<string> {
  const port = await freePort();
  const config = join(directory, `sshd-${port}.conf`);
  const lines = [`Port ${port}`, "ListenAddress 127.0.0.1", "PidFile none", "UsePAM no"];
  writeFileSync(config, [...lines, ...hostKeys.map((path) => `HostKey ${path}`), ""].join("\n"));
  // As root it wants the folder that it would lock itself into.
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  const child = spawn(PROGRAM, ["-D", "-e", "-f", config], { stdio: ["ignore", "ignore", "pipe"] });
  t.after(() => child.kill());
  let told = "";
  child.stderr.on("data", (chunk: Buffer) => (told += chunk.toString()));
  for (let tries = 0; tries < 100 && !told.includes("Server listening"); tries++) {
    if (child.exitCode !== null) break;
    await pause(50);
  }
  if (!told.includes("Server listening")) throw new Error(`sshd did not start: ${told}`);
  return `127.0.0.1:${port}`;
}

/** A key pair of the real ssh-keygen. @returns the path of the private half */
export async function sshKeygen(directory: string, name: string, type: string): Promise<string> {
  const path = join(directory, name);
  const { code, stderr } = await run(["ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", path]);
  if (code !== 0) throw new Error(stderr);
  return path;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
