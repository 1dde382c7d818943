/** `--commit`: exactly the files that a plan touched, in the person's own commit. */
import type { Plan } from "../actions/plan.ts";
import { SecretsError } from "../errors.ts";
import type { RepoPath } from "../repo/path.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface CommitFlags {
  readonly dryRun?: boolean;
  readonly commit?: boolean;
  readonly message?: string;
}

/** To be called before anything is applied. @throws SecretsError `E_USAGE`, `E_COMMIT` */
export async function refuseCommitFlags(
  { repository }: LocalWorkplace,
  { changes }: Plan,
  { dryRun, commit, message }: CommitFlags,
): Promise<void> {
  if (message !== undefined && commit !== true) throw usage("--message is that of a commit: add --commit");
  if (commit !== true) return;
  if (dryRun === true) throw usage("--dry-run changes nothing, so there is nothing to commit");
  const { refuseCommit } = await import("../repo/commit.ts");
  await refuseCommit(repository, pathsOf(changes));
}

/** @returns the id of the commit, if one was asked for and made. @throws SecretsError `E_COMMIT`: the change is applied */
export async function commitPlan(
  { repository }: LocalWorkplace,
  { changes, summary }: Plan,
  { commit, message }: CommitFlags,
): Promise<string | undefined> {
  if (commit !== true) return undefined;
  const { commitPaths } = await import("../repo/commit.ts");
  return (await commitPaths(repository, pathsOf(changes), message ?? `secrets: ${summary}`))?.id;
}

function pathsOf(changes: Plan["changes"]): RepoPath[] {
  return changes.map(({ change }) => change.path);
}

function usage(reason: string): SecretsError {
  return new SecretsError("E_USAGE", reason, { kind: "usage" });
}
