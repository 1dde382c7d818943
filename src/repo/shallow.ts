/** Where the history of a clone was cut. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { systemCode } from "./fault.ts";
import { git } from "./git.ts";
import type { Root } from "./root.ts";

/** The commits whose parents this clone was not given. @throws SecretsError `E_GIT` */
export async function shallowCommits(root: Root): Promise<ReadonlySet<string>> {
  const place = (await git(root, ["rev-parse", "--git-path", "shallow"])).toString("utf8").replace(/\n$/, "");
  try {
    return new Set(readFileSync(resolve(root.path, place), "latin1").split("\n"));
  } catch (error) {
    if (systemCode(error) === "ENOENT") return new Set();
    throw error;
  }
}
