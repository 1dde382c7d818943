/** `.validation-hash` beside the files of a service: with which validation they are valid, as clan writes and reads it. */
import type { Ground } from "../../fleet/ground.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import { VALIDATION_HASH } from "./folders.ts";

/** Whatever stands there; undefined where nothing does. */
export async function readStoredHash(ground: Ground, folder: string): Promise<string | undefined> {
  const path = `${folder}/${VALIDATION_HASH}`;
  if ((await ground.kind(path)) !== "file") return undefined;
  return Buffer.from(await ground.read(path))
    .toString("latin1")
    .trim();
}

/** @param hash undefined: the service has no validation */
export async function draftHash(draft: PolicyDraft, folder: string, hash: string | undefined): Promise<void> {
  const path = `${folder}/${VALIDATION_HASH}`;
  if (hash === undefined) await draft.remove(path, "no validation any more");
  else await draft.write(path, Buffer.from(hash, "latin1"), "hash of the validation");
}
