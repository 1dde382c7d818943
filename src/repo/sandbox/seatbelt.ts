/** The sandbox of macOS, as its `sandbox-exec` reads it. */

/** @param room the only folder that can be written to; it holds everything of one run */
export function sandboxProfile(room: string): string {
  const path = JSON.stringify(room);
  return [
    "(version 1)",
    "(deny default)",
    "(allow process-exec process-fork signal (target same-sandbox))",
    "(allow sysctl-read)",
    "(allow file-read-metadata)",
    '(allow file-read* (literal "/") (subpath "/nix/store") (subpath "/usr") (subpath "/bin") (subpath "/System") (subpath "/Library/Apple") (subpath "/private/var/db/dyld") (subpath "/dev"))',
    '(allow file-write* (literal "/dev/null") (literal "/dev/zero") (literal "/dev/tty"))',
    `(allow file-read* file-write* (subpath ${path}))`,
    "",
  ].join("\n");
}
