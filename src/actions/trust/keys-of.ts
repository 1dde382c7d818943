/** The keys that a person means by a name or a key, for `--allow` and for `secrets trust`. */
import { SecretsError } from "../../errors.ts";
import { fingerprintId, isFingerprint } from "../../fleet/fingerprint.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parseStatedKey } from "../principal/stated-key.ts";
import { keyHolders, whoIs } from "../principal/who.ts";
import type { ApprovedKey } from "./trust.ts";

/**
 * A name stands for all keys that the fleet states for it, a group for those of its members, and a key for itself alone,
 * whether the fleet knows it or not.
 * @throws SecretsError `E_NOT_FOUND`, `E_AMBIGUOUS`, `E_RECIPIENT`, and `E_NO_KEY` for a name without keys
 */
export function keysOf(fleet: Fleet, texts: readonly string[]): ApprovedKey[] {
  return texts.flatMap((text): readonly ApprovedKey[] => {
    const exact = readBySomething(fleet, text);
    if (exact !== undefined) return [exact];
    if (/^(age1|ssh-)/.test(text) || (isFingerprint(text) && fingerprintId(text).length >= 40)) {
      const { type, id } = parseStatedKey(text);
      const name = fleet.principals.nameOf(id);
      return [{ type, id, ...(name === undefined ? {} : { name }) }];
    }
    const keys = keyHolders(fleet, whoIs(fleet, text)).flatMap((holder) =>
      holder.keys.map(({ type, id }) => ({ type, id, name: holder.name })),
    );
    if (keys.length > 0) return keys;
    throw new SecretsError("E_NO_KEY", `the fleet states no key for ${text}`, {
      kind: "usage",
      hint: "name the key itself",
    });
  });
}

/** A reader of any kind, by what a document or a policy says of it. */
function readBySomething({ documents }: Fleet, text: string): ApprovedKey | undefined {
  for (const { readers, policy } of documents) {
    const found = readers.find(({ id }) => id === text) ?? policy.readers.find(({ id }) => id === text);
    if (found === undefined) continue;
    const { type, id, name } = found;
    return { type, id, ...(name === undefined ? {} : { name }) };
  }
  return undefined;
}
