/** Which paths git would not take without being forced. */
import { runGit } from "./git.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

/** Of the paths, those that git does not track and that are ignored. @throws SecretsError what `run` throws */
export async function findIgnored(root: Root, paths: readonly RepoPath[]): Promise<RepoPath[]> {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(""), "utf8");
  const { stdout } = await runGit(root, ["check-ignore", "-z", "--stdin"], input);
  const ignored = new Set(stdout.toString("utf8").split("\0"));
  return paths.filter((path) => ignored.has(path));
}
