/**
 * Whom a clone takes for approved when it is first looked at: those who are in already.
 *
 * That a document is sealed to a key proves little. Whoever can have a change merged can bring along a document of his
 * own, sealed to himself, or write an entry for himself into the metadata of any other: nothing authenticates those.
 * And each run in CI has a fresh clone. So a key counts only if
 *
 * - the policy of a document that is sealed to it asks for it there, or there is no policy for that document; and
 * - it is in more documents in this way than there are documents whose policy asks for it in vain.
 *
 * A change that slips a key into a rule or a link directory asks for it in vain in all that it is after; to count, it
 * would have to bring more documents of its own than those. Somebody who was let in long ago, and whom a document or
 * two still lack, counts. An entry that was forged into a document counts only together with a change of its policy.
 *
 * What remains: before the first look at a clone, a change that names a new key, and that also brings more documents
 * than the key is to gain, or that forges an entry into each of them. Review sees it, and `secrets trust ls` shows it.
 */
import type { Fleet } from "../../fleet/fleet.ts";
import type { ApprovedKey } from "./trust.ts";

/** Each key once, in the order in which the fleet's documents name them. */
export function baselineOf({ documents }: Fleet): ApprovedKey[] {
  const keys = new Map<string, { readonly key: ApprovedKey; held: number; inVain: number }>();
  const tally = ({ type, id, name }: ApprovedKey) => {
    const place = `${type} ${id}`;
    const known = keys.get(place) ?? { key: { type, id, ...(name === undefined ? {} : { name }) }, held: 0, inVain: 0 };
    keys.set(place, known);
    return known;
  };
  for (const { readers, policy, missing, extra } of documents) {
    for (const reader of readers) if (!extra.includes(reader.id)) tally(reader).held++;
    for (const reader of missing.length === 0 ? [] : policy.readers)
      if (missing.includes(reader.id)) tally(reader).inVain++;
  }
  return [...keys.values()].flatMap(({ key, held, inVain }) => (held > inVain ? [key] : []));
}
