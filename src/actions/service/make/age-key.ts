/** age identities as age-keygen writes them, and their recipients. */
import { formatKeyFile, makeAgeKey } from "../../../age/age-key.ts";
import { makeHybridKey } from "../../../age/post-quantum.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { optionOf, toFiles } from "./outputs.ts";

export async function makeAgeKeyFiles(input: MakerInput): Promise<MadeFiles> {
  const key = optionOf(input, "postQuantum") === true ? await makeHybridKey() : makeAgeKey();
  return toFiles(input, { private: formatKeyFile(key, input.now), public: `${key.recipient}\n` });
}
