/** A ground as it would be after changes that nobody has made yet: what a plan does to the policy is read off it. */
import { SecretsError } from "../errors.ts";
import type { FileChange } from "../repo/change.ts";
import type { FleetDocument } from "./document.ts";
import type { Ground, GroundFile } from "./ground.ts";

/**
 * The same files with `changes` laid over them; nothing is written. Of several changes of one path the last counts.
 * What is remembered of files that do not change is still used; nothing is learnt of a ground that does not exist.
 *
 * @param before what was read of `ground`: documents that do not change are not read again
 */
export function overlayGround(
  ground: Ground,
  changes: readonly FileChange[],
  before?: { readonly documents: readonly FleetDocument[] },
): Ground {
  if (changes.length === 0) return ground;
  const laid = new Map<string, FileChange>(changes.map((change) => [change.path, change]));
  const { memory } = ground;
  const documents = new Map(before?.documents.map((document) => [document.path, document]));
  return {
    root: ground.root,
    async list() {
      const below = await ground.list();
      const kept = below.filter(({ path }) => !laid.has(path));
      const executable = new Set(below.filter((file) => file.executable).map(({ path }) => path));
      const added = [...laid.values()].flatMap((change): GroundFile[] => {
        if (change.kind === "remove") return [];
        const kind = change.kind === "link" ? "link" : "file";
        return [{ path: change.path, kind, tracked: false, executable: executable.has(change.path) }];
      });
      return [...kept, ...added].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
    },
    async read(path) {
      const change = laid.get(path);
      if (change === undefined) return ground.read(path);
      return change.kind === "write" ? change.bytes : missing("file", path);
    },
    async readLink(path) {
      const change = laid.get(path);
      if (change === undefined) return ground.readLink(path);
      return change.kind === "link" ? change.target : missing("link", path);
    },
    async kind(path) {
      const change = laid.get(path);
      if (change !== undefined) return change.kind === "write" ? "file" : change.kind === "link" ? "link" : "missing";
      for (const { path: at, kind } of laid.values()) {
        if (kind !== "remove" && at.startsWith(`${path}/`)) return "directory";
      }
      return ground.kind(path);
    },
    known: (path) => (laid.has(path) ? undefined : documents.get(path)),
    ...(memory === undefined
      ? {}
      : { memory: { ...memory, stamp: (path) => (laid.has(path) ? undefined : memory.stamp(path)), store: () => {} } }),
  };
}

function missing(kind: "file" | "link", path: string): never {
  throw new SecretsError("E_NOT_FOUND", `there is no such ${kind}`, { location: { file: path } });
}
