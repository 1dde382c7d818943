/**
 * A disk in memory, for macOS, which has no tmpfs. The same three commands as gopass and sops-nix use; none of them
 * needs root when the mount point is one's own.
 */
import { SecretsError } from "../errors.ts";
import type { RunSync } from "./program.ts";

/** In sectors of 512 bytes: 32 MiB, of which only what is written takes memory. */
const SECTORS = 65_536;

/**
 * Makes a RAM disk and mounts it, readable by its owner alone.
 * @returns the device, for `detachRamDisk`
 * @throws SecretsError `E_RAM_DISK`; what was attached by then is detached again.
 */
export function attachRamDisk(mountPoint: string, run: RunSync): string {
  const device = must(run, ["hdiutil", "attach", "-nomount", `ram://${SECTORS}`]).trim();
  if (!/^\/dev\/disk\d+$/.test(device)) throw new SecretsError("E_RAM_DISK", "hdiutil named no device");
  try {
    must(run, ["newfs_hfs", "-M", "700", device]);
    must(run, ["mount", "-t", "hfs", "-o", "nobrowse,nodev,nosuid,noatime", device, mountPoint]);
  } catch (error) {
    detachRamDisk(device, run);
    throw error;
  }
  return device;
}

/** Spotlight or a slow editor may hold it for a moment: asked nicely once, then made to. @returns whether it is gone. */
export function detachRamDisk(device: string, run: RunSync): boolean {
  if (!/^\/dev\/disk\d+$/.test(device)) return false;
  for (const force of [[], ["-force"], ["-force"]]) {
    try {
      if (run(["hdiutil", "detach", ...force, device]).code === 0) return true;
    } catch {
      return false;
    }
  }
  return false;
}

function must(run: RunSync, argv: readonly string[]): string {
  const { code, stdout, stderr } = run(argv);
  if (code === 0) return Buffer.from(stdout).toString("utf8");
  throw new SecretsError("E_RAM_DISK", `${argv[0]} could not make a disk in memory`, { cause: stderr });
}
