/** What killed runs leave behind: plain text where temporary data lies, and processes. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SCRATCH_PREFIX } from "../../src/repo/scratch-owner.ts";

/** Files of places for temporary data that hold a text. */
export function canaryPlaces(text: string, more: readonly string[] = []): string[] {
  const found: string[] = [];
  const look = (folder: string, depth: number) => {
    let entries: string[] = [];
    try {
      entries = readdirSync(folder);
    } catch {
      return;
    }
    for (const entry of entries) {
      const path = join(folder, entry);
      try {
        const stat = statSync(path);
        if (stat.isDirectory() && depth < 6 && (depth > 0 || entry.startsWith(SCRATCH_PREFIX))) look(path, depth + 1);
        else if (stat.isFile() && stat.size < 100_000 && readFileSync(path, "latin1").includes(text)) found.push(path);
      } catch {
        // Gone meanwhile.
      }
    }
  };
  for (const base of [process.env["XDG_RUNTIME_DIR"] ?? "/dev/shm", "/dev/shm", tmpdir(), "/var/tmp"]) look(base, 0);
  for (const folder of more) look(folder, 1);
  return [...new Set(found)];
}

export async function until(done: () => boolean): Promise<void> {
  for (let i = 0; i < 150; i++) {
    if (done()) return;
    await sleep(100);
  }
  assert.fail("it did not come to that within 15 seconds");
}

export function processesNamed(text: string): number {
  return readdirSync("/proc").filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ").includes(text);
    } catch {
      return false;
    }
  }).length;
}
