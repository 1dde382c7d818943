/** Where the files of a service lie: as clan lays them, or flat in a fleet that keeps its values so. */
import type { Service } from "../../fleet/services/service.ts";

/** What stands beside the files of a service. */
export const VALIDATION_HASH = ".validation-hash";
export const RECORD = ".inputs.json";

/** @param flat the fleet keeps `vars/<machine>/…` without `per-machine` */
export function serviceFolder({ name, machine }: Pick<Service, "name" | "machine">, flat: boolean): string {
  if (machine === undefined) return `vars/shared/${name}`;
  return flat ? `vars/${machine}/${name}` : `vars/per-machine/${machine}/${name}`;
}

/** Whether the paths of a fleet are those of a flat one. */
export function isFlatTree(paths: Iterable<string>): boolean {
  let flat = false;
  for (const path of paths) {
    if (!path.startsWith("vars/")) continue;
    const [, owner = "", , file] = path.split("/", 4);
    if (owner === "per-machine") return false;
    // A file of definitions is no value: those lie deeper.
    if (file !== undefined && owner !== "shared" && owner !== "per-export") flat = true;
  }
  return flat;
}
