/** A ground whose files are listed once: for a plan that asks of thousands of places whether anything is there. */
import type { Ground } from "./ground.ts";
import { PathIndex } from "./path-index.ts";

interface Listed {
  readonly ground: Ground;
  readonly index: PathIndex;
}

/** Those that are listed already: whoever is handed one asks for it again, and need not build the index anew. */
const known = new WeakMap<Ground, Listed>();

/**
 * What comes or goes meanwhile is not seen, and neither is what git ignores: a transaction looks at every place that it
 * changes once more, and stops where something else stands than a plan expects.
 */
export async function listedGround(ground: Ground): Promise<Listed> {
  const before = known.get(ground);
  if (before !== undefined) return before;
  const files = await ground.list();
  const index = new PathIndex(files);
  const listed = {
    ground: { ...ground, list: async () => files, kind: async (path: string) => index.kindOf(path) },
    index,
  };
  known.set(listed.ground, listed);
  return listed;
}
