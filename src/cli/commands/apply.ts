/** `secrets apply FILE`: a plan that `--plan-out` kept, shown again and applied if the repository did not move. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { readPlan } from "../../actions/rekey/plan-file.ts";
import { SecretsError } from "../../errors.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { openWorkplace } from "../workplace.ts";

export async function apply(this: Context, flags: ChangeFlags, file: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const plan = await readPlan(workplace, await read(resolve(this.directory, file), file), file);
  await conduct(this, workplace, plan, flags);
}

async function read(path: string, file: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new SecretsError("E_NOT_FOUND", "this plan cannot be read", {
      kind: "usage",
      location: { file },
      cause: error,
    });
  }
}
