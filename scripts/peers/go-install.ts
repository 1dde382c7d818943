import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { GoTool } from "./tools.ts";

export type GoResult =
  | { readonly outcome: "installed" }
  /** `refused`: the module proxy answered, and the answer was no. */
  | { readonly outcome: "refused" | "failed"; readonly reason: string };

const REFUSED = /\b(403 Forbidden|404 Not Found|410 Gone|unknown revision)\b/;

/**
 * Builds one Go program at its exact version into `directory`.
 *
 * `go install package@version` first asks the proxy whether each longer prefix of the package path is a module, and
 * gives up where a proxy answers that with anything but "not found". A module of our own that requires the version
 * leaves nothing to be guessed.
 */
export function goInstall(tool: GoTool, directory: string): GoResult {
  mkdirSync(directory, { recursive: true });
  // Inside the target directory, so that the finished program can be renamed into place.
  const scratch = mkdtempSync(join(directory, ".build-"));
  try {
    writeFileSync(join(scratch, "go.mod"), `module peers\n\ngo 1.25.0\n\nrequire ${tool.module} ${tool.version}\n`);
    const bin = join(scratch, "bin");
    const { status, error, stderr } = spawnSync("go", ["install", tool.package], {
      cwd: scratch,
      env: { ...process.env, GOFLAGS: "-mod=mod", GOBIN: bin, GOWORK: "off", CGO_ENABLED: "0" },
      stdio: ["ignore", "ignore", "pipe"],
      encoding: "utf8",
    });
    if (error !== undefined) return { outcome: "failed", reason: `go cannot be run: ${error.message}` };
    const built = join(bin, basename(tool.package));
    if (status !== 0 || !existsSync(built)) {
      const reason = stderr.trim().split("\n").slice(-3).join(" ");
      return { outcome: REFUSED.test(stderr) ? "refused" : "failed", reason };
    }
    renameSync(built, join(directory, tool.name));
    return { outcome: "installed" };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
