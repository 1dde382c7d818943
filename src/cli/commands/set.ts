/** `secrets set ADDRESS`: a value from a hidden prompt, stdin or a file; never from the command line. */
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { type NewValue, planSet } from "../../actions/set.ts";
import { parseValueType } from "../../actions/typed-value.ts";
import { SecretsError } from "../../errors.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { definitionsFor } from "../definitions-for.ts";
import { applyValues } from "../new-documents.ts";
import { askHidden } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

interface SetFlags {
  readonly fromFile?: string;
  readonly type?: string;
  readonly for?: readonly string[];
}

export async function set(this: Context, flags: SetFlags, typed: string, source?: string): Promise<void> {
  if (source !== undefined && source !== "-") {
    throw new SecretsError(
      "E_VALUE_IN_ARGUMENTS",
      "a value never stands on the command line: other users see it there, and the shell keeps it",
      {
        kind: "usage",
        hint: `type it at the prompt: secrets set ${typed}\nor pipe it: secrets set ${typed} -`,
      },
    );
  }
  const workplace = await openWorkplace(this);
  const address = await addressHere(this, workplace.ground.root, typed);
  const type = parseValueType(flags.type);
  const bytes = await readValue(this, flags, address, source, type !== "str");
  const value: NewValue = { bytes, type };
  const plan = await planSet(workplace, address, value, {
    ...(flags.for === undefined ? {} : { readers: flags.for }),
    ...(await definitionsFor(this, workplace, address)),
  });
  if (plan === undefined) {
    this.terminal.note([address, " has that value already; nothing was written"]);
    return;
  }
  await applyValues(this, workplace, plan);
  this.terminal.note([style("green", "done"), ": ", plan.summary]);
  for (const step of plan.next) this.terminal.note([style("cyan", "next"), ": ", step]);
}

async function readValue(
  context: Context,
  flags: SetFlags,
  address: string,
  source: string | undefined,
  typed: boolean,
): Promise<Uint8Array> {
  if (flags.fromFile !== undefined && source !== undefined) {
    throw new SecretsError("E_USAGE", "- and --from-file both say where the value comes from; give one", {
      kind: "usage",
    });
  }
  if (source === "-" || flags.fromFile === "-") return context.readStdin();
  if (flags.fromFile !== undefined) return readValueFile(resolve(context.directory, flags.fromFile), flags.fromFile);
  const asking = { terminal: context.terminal, flag: "- (stdin) or --from-file FILE" };
  const value = await askHidden(`Value for ${address}`, asking);
  // A number or a list shows its mistakes by itself; a password that is not seen is typed twice.
  if (!typed && (await askHidden("Again", asking)) !== value) {
    throw new SecretsError("E_VALUES_DIFFER", "the two values are not the same; nothing was written", {
      kind: "usage",
    });
  }
  return Buffer.from(value, "utf8");
}

async function readValueFile(path: string, shown: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SecretsError("E_FILE_READ", "the file with the value cannot be read", {
      location: { file: shown },
      cause,
    });
  }
}
