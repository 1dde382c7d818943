/** What bubblewrap is told: everything is away but what a program needs to run. */
import { lstatSync, readlinkSync } from "node:fs";
import { INSIDE, type Room, scriptEnvironment } from "./room.ts";

/** Where systems keep programs and libraries; a link stays a link. `/etc` holds what the linker and TLS libraries read. */
const SYSTEM = ["/nix/store", "/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];
const SETTINGS = [
  "/etc/ld.so.cache",
  "/etc/ld.so.conf",
  "/etc/ld.so.conf.d",
  "/etc/alternatives",
  "/etc/ssl/openssl.cnf",
];
/** Bytes of /tmp. */
const TMP_SIZE = 256 * 1024 * 1024;

/** @param room where its folders really lie. @param prompts whether there are any */
export function bwrapArguments(room: Room, prompts: boolean): string[] {
  const env = Object.entries(scriptEnvironment(INSIDE, "/tmp", prompts));
  return [
    // No network, no other processes, no shared memory, no host name.
    "--unshare-all",
    "--die-with-parent",
    // A terminal could be typed into.
    "--new-session",
    "--hostname",
    "sandbox",
    "--uid",
    "1000",
    "--gid",
    "1000",
    "--clearenv",
    ...env.flatMap(([name, value]) => ["--setenv", name, value]),
    ...SYSTEM.flatMap(shown),
    ...SETTINGS.flatMap((path) => ["--ro-bind-try", path, path]),
    "--dev",
    "/dev",
    "--proc",
    "/proc",
    "--size",
    String(TMP_SIZE),
    "--tmpfs",
    "/tmp",
    "--dir",
    "/build",
    "--ro-bind",
    room.in,
    INSIDE.in,
    "--ro-bind",
    room.prompts,
    INSIDE.prompts,
    "--ro-bind",
    room.bin,
    INSIDE.bin,
    "--ro-bind",
    room.script,
    INSIDE.script,
    "--bind",
    room.out,
    INSIDE.out,
    "--chdir",
    "/tmp",
    "--",
  ];
}

function shown(path: string): string[] {
  try {
    return lstatSync(path).isSymbolicLink() ? ["--symlink", readlinkSync(path), path] : ["--ro-bind", path, path];
  } catch {
    return [];
  }
}
