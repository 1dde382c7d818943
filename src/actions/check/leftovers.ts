/** Findings about machines that are gone and whose vars are still there. */
import { matchAnchor, NameIndex } from "../../fleet/anchor-name.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Finding, finding } from "./finding.ts";
import { removeFromGit } from "./fix-commands.ts";

/**
 * Clan registers a machine when it gets its first secret, so one with public values alone is in no registry; but a
 * machine that is in use has a folder of its own in `machines/`.
 */
export async function checkLeftovers({ ground, documents, publicValues, principals }: Fleet): Promise<Finding[]> {
  const folders = new Map<string, string>();
  for (const { parts, path } of [...documents, ...publicValues]) {
    if (parts.kind !== "var" || parts.machine === undefined || folders.has(parts.machine)) continue;
    folders.set(parts.machine, path.slice(0, path.indexOf(`/${parts.machine}/`) + 1 + parts.machine.length));
  }
  const names = new NameIndex([...folders.keys()].map((name) => ({ name, kind: "machine" as const })));
  const known = new Set(
    principals.all.flatMap(({ name, kind }) =>
      kind === "machine" || kind === "unknown" ? (matchAnchor(name, names)?.name ?? []) : [],
    ),
  );
  const findings: Finding[] = [];
  for (const [name, path] of folders) {
    if (known.has(name) || (await ground.kind(`machines/${name}`)) === "directory") continue;
    const message = `these are the vars of ${name}, which is no machine in sops/machines, .sops.yaml or machines/`;
    findings.push(finding("machine-unknown", { path }, message, removeFromGit(path)));
  }
  return findings;
}
