/** Removing a folder of ours in which a program of somebody else's has worked. */
import { chmodSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemCode } from "./fault.ts";

/**
 * With everything in it, also where that program has taken the right to look into a folder away from us. No link is
 * followed, and a folder that is not there is none.
 * @throws the system's own error for what stays
 */
export function removeTree(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch (error) {
    if (!["EACCES", "EPERM", "ENOTEMPTY"].includes(systemCode(error) ?? "")) throw error;
    openUp(folder);
    rmSync(folder, { recursive: true, force: true });
  }
}

function openUp(top: string): void {
  const waiting = [top];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    chmodSync(folder, 0o700);
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) waiting.push(join(folder, entry.name));
    }
  }
}
