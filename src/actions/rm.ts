/** Removing one value, or a whole secret with its links. Returns a plan; nothing is removed here. */
import { SecretsError } from "../errors.ts";
import { contentHash } from "../repo/change.ts";
import { repoPath } from "../repo/path.ts";
import { removeAt } from "../sops/access.ts";
import { formatKeyPath } from "../sops/key-path.ts";
import { changeDocument } from "./change-document.ts";
import { openDocument } from "./document.ts";
import type { Plan, PlannedChange } from "./plan.ts";
import { followEntries } from "./renew/keep-checklists.ts";
import { type FileTarget, readableTarget, type VarTarget } from "./target.ts";
import type { Workplace } from "./workplace.ts";

/** @throws SecretsError `E_NOT_FOUND`, `E_PATH_MISSING`, and what opening the document throws. */
export async function planRemove(workplace: Workplace, text: string): Promise<Plan> {
  const plan = await planRemoval(workplace, text);
  const lists = await followEntries(workplace, { renewed: plan.changes, sealedAnew: [] });
  return { ...plan, changes: [...plan.changes, ...lists] };
}

async function planRemoval(workplace: Workplace, text: string): Promise<Plan> {
  const target = await readableTarget(workplace, text);
  if (target.tier === "vars") return removeVar(workplace, target);
  try {
    return await (target.keyPath.length === 0 ? removeFile(workplace, target) : removeKey(workplace, target));
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: target.path }) : error;
  }
}

/** The secret, its clear leftover if any, and the links of its readers; not a file of another secret below it. */
async function removeVar(workplace: Workplace, target: VarTarget): Promise<Plan> {
  const own = ["secret", "value", "users/", "machines/", "groups/"].map((name) => `${target.directory}/${name}`);
  const changes: PlannedChange[] = [];
  for (const file of await workplace.ground.list()) {
    const mine = own.some((prefix) => (prefix.endsWith("/") ? isDirectlyIn(file.path, prefix) : file.path === prefix));
    if (mine)
      changes.push(await removal(workplace, file.path, file.kind, file.kind === "link" ? "link of a reader" : "value"));
  }
  return { summary: `remove ${target.address}`, changes };
}

async function removeFile(workplace: Workplace, target: FileTarget): Promise<Plan> {
  const kind = await workplace.ground.kind(target.path);
  return {
    summary: `remove the document ${target.path}`,
    changes: [await removal(workplace, target.path, kind === "link" ? "link" : "file", "whole document")],
  };
}

async function removeKey(workplace: Workplace, target: FileTarget): Promise<Plan> {
  const document = await openDocument(workplace, target.path, target.format);
  const plain = removeAt(document.plain, target.keyPath);
  const key = formatKeyPath(target.keyPath);
  const summary = `remove ${key} from ${target.path}`;
  return changeDocument(workplace, document, plain, { summary, reason: `without ${key}` });
}

async function removal(
  workplace: Workplace,
  path: string,
  kind: "file" | "link",
  reason: string,
): Promise<PlannedChange> {
  const expect =
    kind === "link" ? `link:${await workplace.ground.readLink(path)}` : contentHash(await workplace.ground.read(path));
  return { change: { kind: "remove", path: repoPath(path), expect }, reason };
}

function isDirectlyIn(path: string, directory: string): boolean {
  return path.startsWith(directory) && !path.slice(directory.length).includes("/");
}
