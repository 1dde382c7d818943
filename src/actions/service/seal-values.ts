/** Values as new documents of the vars tier, and how a plan tells them: as documents, not among the edits of the policy. */
import { recipientId } from "../../age/recipient.ts";
import type { Sealer } from "../../age/sealer.ts";
import { createFile, type NewKey } from "../../sops/create-file.ts";
import { sealWithGpg } from "../../sops/pgp.ts";
import { parsePlain } from "../../sops/plain-text.ts";
import { type AccessPlan, type DocumentStep, keyName, type PlannedReader } from "../rekey/access-plan.ts";
import type { PolicyDraft } from "../rekey/policy-draft.ts";
import type { Workplace } from "../workplace.ts";

/** One value, and whom it will be sealed to. */
export interface Sealing {
  /** Of the file `secret`. */
  readonly path: string;
  readonly address: string;
  readonly bytes: Uint8Array;
  readonly keys: readonly NewKey[];
}

/** Documents that are sealed at one time. */
const ABREAST = 64;

/**
 * Drafts the documents; what is there already is written over whole, under a new data key.
 * @param sealer is closed by this
 */
export async function draftSealed(
  workplace: Workplace,
  draft: PolicyDraft,
  sealings: readonly Sealing[],
  sealer: Sealer = workplace.openSealer(sealings.reduce((sum, { keys }) => sum + keys.length, 0)),
): Promise<void> {
  for (const { path, text, address } of await sealAll(workplace, sealings, sealer)) {
    await draft.write(path, Buffer.from(text, "utf8"), `value of ${address}`, 0o600);
  }
}

/** A plan in which the documents that were drafted are told as what they are. */
export async function tellSealed(
  workplace: Workplace,
  plan: AccessPlan,
  sealings: readonly Sealing[],
): Promise<AccessPlan> {
  const before = await workplace.fleet();
  const documents = new Map(before.documents.map(({ path, readers }) => [path, readers]));
  const sealed = sealings.map((sealing) =>
    stepOf(sealing, documents.get(sealing.path) ?? [], before.principals.nameOf),
  );
  const paths = new Set(sealings.map(({ path }) => path));
  const sealedTo = new Map(
    [...plan.sealedTo, ...sealed.flatMap(({ readers }) => readers)].map((reader) => [keyName(reader), reader]),
  );
  return {
    ...plan,
    policy: plan.policy.filter(({ change }) => !paths.has(change.path)),
    documents: [...plan.documents, ...sealed.map(({ step }) => step)].sort((a, b) => (a.path < b.path ? -1 : 1)),
    sealedTo: [...sealedTo.values()],
  };
}

async function sealAll(workplace: Workplace, sealings: readonly Sealing[], sealer: Sealer) {
  const { run, program } = workplace.gpg;
  const seal = (key: NewKey, dataKey: Uint8Array) =>
    key.type === "age" ? sealer.seal(key.id, dataKey) : sealWithGpg(key.id, dataKey, run, program);
  const texts: { path: string; address: string; text: string }[] = [];
  const waiting = sealings.entries();
  const work = async () => {
    for (const [i, { path, address, bytes, keys }] of waiting) {
      const documents = parsePlain(bytes, "binary");
      const text = await createFile({ format: "binary", documents, keyGroups: [keys], now: workplace.now(), seal });
      texts[i] = { path, address, text };
    }
  };
  try {
    await Promise.all(Array.from({ length: ABREAST }, work));
  } finally {
    await sealer.close();
  }
  return texts;
}

/** @returns the step, and everybody whom the document is sealed to, new or not */
function stepOf(
  { path, address, keys }: Sealing,
  old: readonly PlannedReader[],
  nameOf: (id: string) => string | undefined,
): { step: DocumentStep; readers: readonly PlannedReader[] } {
  const reader = ({ type, id }: { type: PlannedReader["type"]; id: string }): PlannedReader => {
    const name = nameOf(id);
    return { type, id, ...(name === undefined ? {} : { name }) };
  };
  const readers = keys.map(({ type, id }) => reader({ type, id: type === "age" ? recipientId(id) : id }));
  const [was, is] = [new Set(old.map(keyName)), new Set(readers.map(keyName))];
  const step: DocumentStep = {
    tier: "vars",
    address,
    path,
    added: readers.filter((one) => !was.has(keyName(one))),
    removed: old.filter((one) => !is.has(keyName(one))).map(reader),
    dataKey: "new",
    newValue: true,
  };
  return { step, readers };
}
