/** Whether what lies in a RAM-backed directory may end up on a disk all the same. */

/**
 * @param directory absolute, without links
 * @param swaps the text of `/proc/swaps`
 * @param mounts the text of `/proc/self/mounts`
 * @returns true when there is swap space other than compressed memory, and the directory's mount may use it
 */
export function mayBeSwapped(directory: string, swaps: string, mounts: string): boolean {
  const spaces = swaps.split("\n").slice(1).filter(Boolean);
  if (spaces.every((line) => /^\/dev\/zram\d/.test(line))) return false;
  let options = "";
  let type = "";
  let longest = -1;
  for (const line of mounts.split("\n")) {
    const [, at = "", kind = "", flags = ""] = line.split(" ");
    const point = at.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    const holds = point === "/" || directory === point || directory.startsWith(`${point}/`);
    // Of several mounts on one point the last is the one in use.
    if (!holds || point.length < longest) continue;
    longest = point.length;
    options = flags;
    type = kind;
  }
  return type !== "ramfs" && !options.split(",").includes("noswap");
}
