/** Documents that a change moves to another place: what is known of their values moves along. */
import { formatAddress } from "../../fleet/address.ts";
import { readLayout } from "../../fleet/clan/layout.ts";
import type { Ground } from "../../fleet/ground.ts";
import { PathIndex, parentOf } from "../../fleet/path-index.ts";
import { contentHash } from "../../repo/change.ts";
import { groundAfter, type PlannedChange } from "../plan.ts";

/** Old address to new one: of each file that goes from one place while the same content comes to another. */
export async function movedDocuments(
  ground: Ground,
  changes: readonly PlannedChange[],
): Promise<ReadonlyMap<string, string>> {
  const come = new Map(
    changes.flatMap(({ change }) =>
      change.kind === "write" && change.expect === "absent" ? [[contentHash(change.bytes), change.path] as const] : [],
    ),
  );
  const pairs = changes.flatMap(({ change }): [string, string][] => {
    const to = change.kind === "remove" ? come.get(change.expect) : undefined;
    return to === undefined ? [] : [[change.path, to]];
  });
  if (pairs.length === 0) return new Map();
  const after = groundAfter(ground, changes);
  const [before, then] = [await addressesOf(ground), await addressesOf(after)];
  return new Map(pairs.map(([from, to]) => [before(from), then(to)]));
}

async function addressesOf(ground: Ground): Promise<(path: string) => string> {
  const { leaves } = readLayout(new PathIndex(await ground.list()));
  const known = new Map(leaves.map(({ path, address }) => [path, formatAddress(address)]));
  return (path) =>
    (path.endsWith("/secret") ? known.get(parentOf(path)) : undefined) ??
    formatAddress({ tier: "files", kind: "file", path, keyPath: [] });
}
