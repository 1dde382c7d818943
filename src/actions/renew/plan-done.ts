/** `renew --done`: values that have a new content are taken off the checklists; what can be proved is, the rest is a person's word. */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { readHistories } from "../../repo/file-history.ts";
import { hasGit, readBlobs } from "../../repo/git.ts";
import { repoPath } from "../../repo/path.ts";
import { MAX_FILE } from "../../repo/read.ts";
import type { Root } from "../../repo/root.ts";
import { namedFew } from "../named-few.ts";
import { type AccessPlan, policyEdit } from "../rekey/access-plan.ts";
import { fits } from "../rekey/documents-at.ts";
import { planAccess } from "../rekey/plan-access.ts";
import { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";
import { readChecklists } from "./checklist.ts";
import { dropEntries } from "./keep-checklists.ts";
import { contentOf, ValueComparer } from "./same-value.ts";
import { type EntryStanding, readStandings, splitAddress } from "./standing.ts";

const LISTED = 12;

/**
 * @param addresses of values on the lists, or with `*`; none: all that are proved to be others
 * @throws SecretsError `E_NOT_FOUND` for one that no list has, `E_RENEWAL_SAME` naming those that are as they were,
 *   `E_RENEWAL_LIST`
 */
export async function planDone(workplace: Workplace, root: Root, addresses: readonly string[]): Promise<AccessPlan> {
  const fleet = await workplace.fleet();
  const { lists, faults } = await readChecklists(workplace.ground);
  const [fault] = faults;
  if (fault !== undefined) throw fault;
  const all = await readStandings(fleet, lists);
  const named = addresses.length === 0 ? all : namedBy(all, addresses);
  const proofs = new Map<EntryStanding, boolean | undefined>();
  for (const standing of named) proofs.set(standing, await isSame(workplace, root, fleet, standing));
  const same = named.filter((standing) => proofs.get(standing) === true);
  if (addresses.length > 0 && same.length > 0) throw asBefore(same);
  const done = named.filter((standing) =>
    addresses.length === 0 ? proofs.get(standing) === false : proofs.get(standing) !== true,
  );
  const unproved = done.filter((standing) => proofs.get(standing) === undefined);
  const draft = new PolicyDraft(workplace.ground);
  await dropEntries(draft, lists, new Set(done.map(({ entry }) => entry)));
  const left = all.length - done.length;
  return planAccess(
    workplace,
    policyEdit({
      summary: summaryOf(done.length, left),
      changes: draft.changes,
      warnings: unproved.map(
        ({ entry, state }) =>
          `${entry.address}: ${state === "gone" ? "nothing lies there any more" : "nothing here proves that it is another value"}; by your word it is done`,
      ),
    }),
  );
}

function namedBy(all: readonly EntryStanding[], addresses: readonly string[]): readonly EntryStanding[] {
  const chosen = new Set<EntryStanding>();
  for (const text of addresses) {
    const pieces = text.split("*");
    const found = all.filter(({ entry: { address } }) =>
      pieces.length > 1 ? fits(address, pieces) : address === text || isBelow(address, text),
    );
    if (found.length === 0) {
      throw new SecretsError("E_NOT_FOUND", `${text} is on no list of values to renew`, {
        kind: "usage",
        hint: "secrets check names all that are",
      });
    }
    for (const one of found) chosen.add(one);
  }
  return all.filter((one) => chosen.has(one));
}

function isBelow(address: string, text: string): boolean {
  return address.startsWith(`${text}/`) || address.startsWith(`${text}#`);
}

/** Undefined where nothing proves it either way. */
async function isSame(
  workplace: Workplace,
  root: Root,
  fleet: Fleet,
  { entry, state }: EntryStanding,
): Promise<boolean | undefined> {
  if (state === "same") return true;
  if (state === "renewed") return false;
  if (state === "gone") return undefined;
  const { document: address, key } = splitAddress(entry.address);
  const document = fleet.documents.find((one) => one.address === address);
  if (document === undefined || !hasGit(root)) return undefined;
  const now = contentOf(await workplace.ground.read(document.path), document.format);
  const path = repoPath(document.path);
  const versions = (await readHistories(root, [path])).get(path) ?? [];
  const blobs = [...new Set(versions.map(({ blob }) => blob))];
  for await (const { bytes } of readBlobs(root, blobs, MAX_FILE)) {
    const then = bytes === undefined ? undefined : contentOf(bytes, document.format);
    if (then?.traces.get(key)?.sealed !== entry.traces.sealed || now === undefined) continue;
    return new ValueComparer(workplace).same(then, now, key);
  }
  return undefined;
}

function asBefore(same: readonly EntryStanding[]): SecretsError {
  const count = same.length === 1 ? "a value is" : `${same.length} values are`;
  return new SecretsError("E_RENEWAL_SAME", `${count} the same as before, so nothing was taken off the list`, {
    kind: "usage",
    hint: [
      ...namedFew(
        same.map(({ entry }) => entry.address),
        LISTED,
      ),
      "make a new value where it is used, then put it here: secrets edit ADDRESS",
    ].join("\n"),
  });
}

function summaryOf(done: number, left: number): string {
  if (done === 0)
    return left === 0
      ? "no value waits for a renewal by hand"
      : `no value is proved to be another one; ${left} left to renew`;
  return `take ${done === 1 ? "1 value" : `${done} values`} off the list; ${left === 0 ? "nothing is left" : `${left} left to renew`}`;
}
