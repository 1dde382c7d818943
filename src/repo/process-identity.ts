/** Who a process is, so that one that died, and whose number was given to another, is not taken for alive. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { type RunSync, runSync } from "./program.ts";

export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in the system's own unit: with the pid, unique until the next boot. */
  readonly started: string;
  readonly host: string;
  /** Changes with every boot; empty where the system has none to tell. */
  readonly boot: string;
  /** The container's process numbers; empty where there are no such things. */
  readonly namespace: string;
}

export type Liveness = "alive" | "gone" | "unknown";

/** How processes are looked at here; a test can look in another system's way. */
export interface ProcessTable {
  readonly platform: NodeJS.Platform;
  readonly run: RunSync;
}

const HERE: ProcessTable = { platform: process.platform, run: runSync };

export function ownIdentity(table: ProcessTable = HERE): ProcessIdentity {
  return {
    pid: process.pid,
    started: startOf(process.pid, table) ?? "",
    host: hostname(),
    boot: readText("/proc/sys/kernel/random/boot_id"),
    namespace: readLink("/proc/self/ns/pid"),
  };
}

/** `unknown`: it ran on another machine or in another container, from where it cannot be seen. */
export function livenessOf(identity: ProcessIdentity, table: ProcessTable = HERE): Liveness {
  if (identity.host !== hostname()) return "unknown";
  if (identity.boot !== readText("/proc/sys/kernel/random/boot_id")) return "gone";
  if (identity.namespace !== readLink("/proc/self/ns/pid")) return "unknown";
  const started = startOf(identity.pid, table);
  return started !== undefined && started === identity.started ? "alive" : "gone";
}

/** Undefined when there is no such process, or only its remains wait to be collected. */
function startOf(pid: number, table: ProcessTable): string | undefined {
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  if (table.platform === "linux") {
    const stat = readText(`/proc/${pid}/stat`);
    // The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  }
  const { stdout } = table.run(["ps", "-o", "stat=,lstart=", "-p", String(pid)]);
  const [state = "Z", ...started] = Buffer.from(stdout).toString("latin1").trim().split(/\s+/);
  return state.startsWith("Z") || started.length === 0 ? undefined : started.join(" ");
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1").trim();
  } catch {
    return "";
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
