/** Paths that macOS would take for one another: they differ in case, or in how an accent is written, alone. */
import type { Anomaly } from "./anomaly.ts";

/** One for every path but the first of its kind, whole paths and the folders on the way alike. */
export function findNameCollisions(paths: Iterable<string>): Anomaly[] {
  const first = new Map<string, string>();
  const told = new Map<string, Anomaly>();
  for (const path of paths) {
    for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) {
      const place = path.slice(0, end);
      const folded = place.normalize("NFC").toLowerCase();
      const other = first.get(folded);
      // Met before, and then so were all folders above.
      if (other === place || told.has(place)) break;
      if (other === undefined) {
        first.set(folded, place);
        continue;
      }
      // Below two folders that collide everything does; the folders are enough.
      const parent = place.slice(0, Math.max(0, place.lastIndexOf("/")));
      if (other.startsWith(`${parent}/`) || parent === "") {
        const message = `On macOS this is the same path as ${other}: one of the two would be lost.`;
        told.set(place, { code: "name", path: place, message });
      }
    }
  }
  return [...told.values()];
}
