/** The plan that writes a changed document back over the file that was opened. */
import { repoPath } from "../repo/path.ts";
import type { MapNode } from "../sops/tree.ts";
import { updateFile } from "../sops/update-file.ts";
import type { OpenDocument } from "./document.ts";
import type { Plan } from "./plan.ts";
import type { Workplace } from "./workplace.ts";

/** @throws SecretsError what `updateFile` throws for a value that the format cannot hold. */
export async function changeDocument(
  workplace: Workplace,
  document: OpenDocument,
  plain: readonly MapNode[],
  { summary, reason }: { readonly summary: string; readonly reason: string },
): Promise<Plan> {
  const text = await updateFile(document.file, plain, document.dataKey, workplace.now());
  const bytes = Buffer.from(text, "utf8");
  return {
    summary,
    changes: [{ change: { kind: "write", path: repoPath(document.path), bytes, expect: document.hash }, reason }],
  };
}
