/** Documents that go with somebody, because nobody else could ever read them; and the rules that are for those alone. */

import { SecretsError } from "../../errors.ts";
import { MEMBER_KINDS } from "../../fleet/clan/links.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parentOf } from "../../fleet/path-index.ts";
import type { Principal } from "../../fleet/principals.ts";
import type { ConfigEdit } from "../../fleet/sopsnix/edit/edit-config.ts";
import { namedFew } from "../named-few.ts";
import { keyName } from "../rekey/access-plan.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";

/**
 * Documents that no person but this one reads, or should read. Of a machine: that nobody else does.
 */
export function readByNobodyElse(fleet: Fleet, principal: Principal): FleetDocument[] {
  const theirs = new Set(principal.keys.map(keyName));
  const counts = (id: string) => principal.kind === "machine" || fleet.principals.ownerOf(id)?.kind !== "machine";
  return fleet.documents.filter(({ readers, policy }) => {
    const concerned = [...readers, ...policy.readers];
    if (!concerned.some((one) => theirs.has(keyName(one)))) return false;
    return !concerned.some((one) => !theirs.has(keyName(one)) && counts(one.id));
  });
}

/** @throws SecretsError `E_ONLY_READER`, with both ways out */
export function refuseOrphans({ name }: Principal, documents: readonly FleetDocument[]): void {
  if (documents.length === 0) return;
  const what = documents.length === 1 ? "a document" : `${documents.length} documents`;
  throw new SecretsError("E_ONLY_READER", `nobody but ${name} can read ${what}`, {
    hint: [
      ...namedFew(documents.map(({ address }) => address)),
      `let somebody else read ${documents.length === 1 ? "it" : "them"} first, by whoever can open ${documents.length === 1 ? "it" : "them"}: secrets grant WHO ADDRESS`,
      "or remove what nobody could read any more: --drop-documents (git history keeps it, sealed as it was)",
    ].join("\n"),
  });
}

/** A vars secret goes with its links. @returns what to tell the person */
export async function dropOrphans(
  draft: PolicyDraft,
  { name }: Principal,
  documents: readonly FleetDocument[],
): Promise<string[]> {
  for (const { tier, path } of documents) {
    const reason = `nobody but ${name} could read it`;
    if (tier === "files") await draft.remove(path, reason);
    else await dropSecret(draft, parentOf(path), reason);
  }
  if (documents.length === 0) return [];
  const what = documents.length === 1 ? "1 document that only" : `${documents.length} documents that only`;
  return [
    `${what} ${name} could read ${documents.length === 1 ? "goes" : "go"}; git history keeps what is committed, sealed as it was`,
  ];
}

/** Not what lies below: the file of another secret may be called `f/sub` beside `f`. */
async function dropSecret(draft: PolicyDraft, folder: string, reason: string): Promise<void> {
  for (const name of ["secret", "value"]) await draft.remove(`${folder}/${name}`, reason);
  for (const kind of MEMBER_KINDS) await draft.removeAll(`${folder}/${kind}`, reason);
}

/**
 * Rules that name this one alone and decide for nothing that stays are removed whole: without keys they would stop sops.
 */
export async function dropEmptyRules(
  fleet: Fleet,
  draft: PolicyDraft,
  principal: Principal,
  gone: readonly FleetDocument[],
): Promise<void> {
  const theirs = new Set(principal.keys.map(keyName));
  const staying = fleet.documents.filter((document) => !gone.includes(document));
  for (const { path, rules = [] } of fleet.configs) {
    const edits = rules.flatMap(({ line, keyGroups }): ConfigEdit[] => {
      const keys = keyGroups.flat();
      if (keys.length === 0 || !keys.every((key) => theirs.has(keyName(key)))) return [];
      const decides = staying.some(({ policy }) => policy.rule?.config === path && policy.rule.line === line);
      return decides ? [] : [{ kind: "remove-rule", rule: line }];
    });
    await draft.editConfig(path, edits, `rules for ${principal.name} alone`);
  }
}
