/** Names of machine modules: `machines/<class>/<host>`, and what looks as if it should be one. */

export type MachineClass = "nixos" | "darwin";

/** What kind of module the one of a machine is, or undefined for another word. */
export function machineClass(word: string | undefined): MachineClass | undefined {
  return word === "nixos" || word === "darwin" ? word : undefined;
}

export function machineModule(machineClass: MachineClass, host: string): string {
  return `machines/${machineClass}/${host}`;
}

/** Longer ones are not guessed at. */
const LONGEST = 100;

/** `machines/nixos/web01`, and what somebody may have meant by `machine/nixos/web01` or `machines/web01`. */
export function isLikeMachineModule(name: string): boolean {
  const slash = name.indexOf("/");
  return slash > 0 && slash < 12 && distance(name.slice(0, slash).toLowerCase(), "machines", 2) <= 2;
}

/** A computed name that begins like this may be that of a machine's module. */
export function mayBecomeMachineModule(start: string): boolean {
  return start.startsWith("machines") || "machines/".startsWith(start);
}

/**
 * The nearest of several names, if it is near enough to be what was meant.
 * @param most how many characters may differ
 */
export function nearest(name: string, names: Iterable<string>, most = 3): string | undefined {
  let best: string | undefined;
  let least = most + 1;
  for (const one of names) {
    const found = distance(name, one, least);
    if (found < least) [best, least] = [one, found];
  }
  return best;
}

/**
 * How many characters are to be put in, taken out, changed, or swapped with their neighbour; more than `most` when it is
 * more. Only what can still come out at `most` is reckoned.
 */
function distance(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) > most || a.length > LONGEST) return most + 1;
  const far = most + 1;
  let before: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = Array.from({ length: b.length + 1 }, () => far);
    row[0] = i;
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const same = a[i - 1] === b[j - 1];
      let best = Math.min((last[j] ?? far) + 1, (row[j - 1] ?? far) + 1, (last[j - 1] ?? far) + (same ? 0 : 1));
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (before[j - 2] ?? far) + 1);
      row[j] = best;
    }
    [before, last] = [last, row];
  }
  return last[b.length] ?? far;
}
