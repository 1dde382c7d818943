/** Who brought a key into the repository: the first commit that has its text, or the link, in a file. */
import { git, hasGit } from "./git.ts";
import type { RepoPath } from "./path.ts";
import type { Root } from "./root.ts";

export type Provenance =
  | {
      readonly kind: "commit";
      /** Abbreviated. */
      readonly id: string;
      /** As the commit states it; not to be trusted. */
      readonly author: string;
      /** RFC 3339. */
      readonly date: string;
      readonly subject: string;
    }
  /** Only in the work tree, or there is no git. */
  | { readonly kind: "uncommitted" }
  /** The history of this clone begins later. */
  | { readonly kind: "cut-off" };

/** Time to look for one key; a history that takes longer is told as cut off. */
const TIMEOUT = 20_000;
const FORMAT = "%h%x00%an%x00%aI%x00%s%x00";

/**
 * @param text what to look for: a key as it is written
 * @param paths where it is stated; the earliest commit of any of them counts
 * @throws SecretsError `E_GIT`
 */
export async function introducedBy(root: Root, text: string, paths: readonly RepoPath[]): Promise<Provenance> {
  if (!hasGit(root)) return { kind: "uncommitted" };
  // A clone without a first commit yet has no history to ask.
  const head = await git(root, ["rev-list", "--max-count=1", "--all"]);
  if (head.length === 0) return { kind: "uncommitted" };
  const args = [
    "--literal-pathspecs",
    "log",
    "--reverse",
    "--no-color",
    "--no-ext-diff",
    "--no-textconv",
    "--no-show-signature",
  ];
  const output = await git(root, [...args, `--format=${FORMAT}`, "-S", text, "--", ...paths], undefined, {
    timeoutMs: TIMEOUT,
  });
  const [id, author = "", date = "", subject = ""] = output.toString("utf8").trimStart().split("\0");
  if (id === undefined || id === "") return { kind: "uncommitted" };
  const shallow = (await git(root, ["rev-parse", "--is-shallow-repository"])).toString("utf8").trim() === "true";
  if (shallow && (await git(root, ["rev-list", "--max-parents=0", "HEAD"])).toString("utf8").includes(id))
    return { kind: "cut-off" };
  return { kind: "commit", id, author, date, subject };
}
