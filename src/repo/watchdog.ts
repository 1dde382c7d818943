/**
 * A second process that removes a directory when the first is killed with a signal that nobody can handle. It holds
 * one end of a pipe; the other end closes with the first process, however that ends. It has no shell, no environment
 * and no terminal, and is told apart from a leftover by dying with its work done.
 */
import { spawn } from "node:child_process";

/** `argv[1]` is the directory, `argv[2]` a disk in memory that is mounted in it, or empty. */
const SCRIPT = `
const [, directory, disk] = process.argv;
process.stdin.resume().on("end", () => {
  if (disk) require("node:child_process").spawnSync("/usr/bin/hdiutil", ["detach", "-force", disk]);
  require("node:fs").rmSync(directory, { recursive: true, force: true });
});`;

/**
 * @returns calls the watchdog off. Without a watchdog (no process could be started) everything else works as well:
 *   the next run finds what is left.
 */
export function watchOver(directory: string, disk: string): () => void {
  const child = spawn(process.execPath, ["-e", SCRIPT, directory, disk], {
    // A session of its own: a closed terminal and Ctrl-C are not meant for it.
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
    env: {},
    cwd: "/",
  });
  child.on("error", () => {});
  child.stdin.on("error", () => {});
  // Neither of the two keeps us from ending.
  child.unref();
  if ("unref" in child.stdin && typeof child.stdin.unref === "function") child.stdin.unref();
  return () => child.kill("SIGKILL");
}
