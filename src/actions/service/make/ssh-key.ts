/** SSH key pairs as ssh-keygen writes them. */
import { generateKeyPair } from "node:crypto";
import { promisify } from "node:util";
import { formatRsaPair, makeSshKeyPair } from "../../../age/ssh-key-pair.ts";
import { KINDS } from "../../../fleet/services/kinds.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { filledIn, numberOption, textOption, toFiles } from "./outputs.ts";

export async function makeSshKey(input: MakerInput): Promise<MadeFiles> {
  const said = textOption(input, "comment");
  // Nobody said it: a shared one is of no machine.
  const text =
    input.service.machine === undefined && said === KINDS["ssh-key"].options.comment.standard ? "{service}" : said;
  const comment = filledIn(input, text).replace(/[\r\n]/g, " ");
  if (textOption(input, "type") === "ed25519") {
    const { privateKey, publicKey } = makeSshKeyPair(comment);
    return toFiles(input, { private: privateKey, public: publicKey });
  }
  const pair = await promisify(generateKeyPair)("rsa", { modulusLength: numberOption(input, "bits") });
  const { privateKey, publicKey } = formatRsaPair(pair.privateKey.export({ format: "jwk" }), comment);
  return toFiles(input, { private: privateKey, public: publicKey });
}
