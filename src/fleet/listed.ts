/** A ground whose files are listed once: for a plan that asks of thousands of places whether anything is there. */
import type { Ground } from "./ground.ts";
import { PathIndex } from "./path-index.ts";

/**
 * What comes or goes meanwhile is not seen, and neither is what git ignores: a transaction looks at every place that it
 * changes once more, and stops where something else stands than a plan expects.
 */
export async function listedGround(ground: Ground): Promise<{ ground: Ground; index: PathIndex }> {
  const files = await ground.list();
  const index = new PathIndex(files);
  return { ground: { ...ground, list: async () => files, kind: async (path) => index.kindOf(path) }, index };
}
