/**
 * One writer at a time. The lock is a file that says who holds it; it comes into being complete, by a hard link, so
 * nobody ever reads half of it. A holder that was killed is recognised by pid and start time, never by age.
 */
import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../errors.ts";
import { atEnd } from "./ending.ts";
import { cannotLink, systemCode, toFault } from "./fault.ts";
import { livenessOf, ownIdentity, type ProcessIdentity } from "./process-identity.ts";
import type { Root } from "./root.ts";

export interface Lock {
  /** @throws SecretsError `E_LOCK_LOST` when the lock file is no longer ours: someone removed it. */
  readonly assertHeld: () => void;
  readonly release: () => void;
}

interface Holder extends ProcessIdentity {
  readonly command: string;
  /** Tells two locks of one process apart. */
  readonly nonce: string;
}

/**
 * Takes the writers' lock, at once or not at all. It is released when the process ends, too.
 * @param command what holds it, for the one who is kept waiting: `secrets sync`. No values.
 * @throws SecretsError `E_LOCKED` of kind `conflict`, naming the holder.
 */
export function takeLock(root: Root, command: string): Lock {
  const path = join(root.state, "lock");
  const holder: Holder = { ...ownIdentity(), command, nonce: randomUUID() };
  const text = `${JSON.stringify(holder)}\n`;
  const isOurs = () => readText(path) === text;
  const drop = () => {
    try {
      if (isOurs()) unlinkSync(path);
    } catch {
      // A disk that fails: the error of the work itself counts, and the lock is stale as soon as we end.
    }
  };
  // Before there is anything to take back: a signal that came in between would leave it behind.
  const forget = atEnd(drop);
  try {
    mkdirSync(root.state, { recursive: true, mode: 0o700 });
    if (!createComplete(path, text)) {
      breakStaleLock(path, text);
      if (!createComplete(path, text)) throw heldBy(readHolder(path), path);
    }
  } catch (error) {
    forget();
    throw toFault(error, "take the lock", path);
  }
  return {
    assertHeld: () => {
      if (!isOurs()) throw lockLost(path);
    },
    release: () => {
      forget();
      drop();
    },
  };
}

/** Creates a file with its whole content in one step. @returns false when it exists. */
function createComplete(path: string, text: string): boolean {
  const draft = `${path}.${process.pid}.${randomUUID()}`;
  writeFileSync(draft, text, { flag: "wx", mode: 0o600 });
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    if (!cannotLink(error)) throw error;
    return createWithoutLinks(path, text);
  } finally {
    removeQuietly(draft);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It holds nothing and is in nobody's way.
  }
}

/** For file systems without hard links. A reader may see it empty for a moment, and takes that for held. */
function createWithoutLinks(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes the lock of a holder that is gone. Of several who find it, only the one with the breaker's own lock may, or
 * the second would remove the lock that the first has just taken.
 */
function breakStaleLock(path: string, text: string): void {
  if (!isStale(readHolder(path))) return;
  const breaker = `${path}.break`;
  if (!createComplete(breaker, text)) {
    // Whoever was killed in these few microseconds; the lock itself is looked at again under the breaker's.
    if (!isStale(readHolder(breaker))) return;
    rmSync(breaker, { force: true });
    if (!createComplete(breaker, text)) return;
  }
  try {
    if (isStale(readHolder(path))) rmSync(path, { force: true });
  } finally {
    rmSync(breaker, { force: true });
  }
}

function isStale(holder: Holder | undefined): boolean {
  return holder !== undefined && livenessOf(holder) === "gone";
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

/** Undefined when there is none, or none that can be understood: that one is never taken for stale. */
function readHolder(path: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(readText(path) ?? "");
    return isHolder(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isHolder(value: unknown): value is Holder {
  if (typeof value !== "object" || value === null) return false;
  const record: Record<string, unknown> = { ...value };
  const texts = ["started", "host", "boot", "namespace", "command", "nonce"];
  return typeof record["pid"] === "number" && texts.every((name) => typeof record[name] === "string");
}

function heldBy(holder: Holder | undefined, path: string): SecretsError {
  const who = holder === undefined ? "another run" : `${holder.command}, process ${holder.pid} on ${holder.host},`;
  return new SecretsError("E_LOCKED", `${who} is changing this repository`, {
    kind: "conflict",
    hint: `wait for it to end, then run the command again\nif it cannot be running any more, remove ${path}`,
  });
}

function lockLost(path: string): SecretsError {
  return new SecretsError("E_LOCK_LOST", "the lock was removed while this command held it; nothing was changed", {
    kind: "conflict",
    hint: `leave ${path} alone while a command runs, then run it again`,
  });
}
