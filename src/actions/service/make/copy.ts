/** The value of a file of another service, under another name or for other readers. */
import { SecretsError } from "../../../errors.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { textOption, toFiles } from "./outputs.ts";

export async function makeCopy(input: MakerInput): Promise<MadeFiles> {
  const from = textOption(input, "from");
  const value = input.inputs.get(from);
  if (value === undefined) {
    throw new SecretsError(
      "E_SERVICE_OPTION",
      `${input.service.address} copies ${from}, and no dependency has that file`,
      {
        hint: `files of its dependencies: ${[...input.inputs.keys()].join(", ") || "none"}`,
      },
    );
  }
  return toFiles(input, { value });
}
