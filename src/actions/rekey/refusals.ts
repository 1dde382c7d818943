/** What no plan does: take the last person away, or seal to a key that its owner's machine could not use. */

import { parseRecipient } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import type { FleetDocument, Reader } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { opensAlone, type Shares, sharesOf } from "../../fleet/shares.ts";
import { namedFew } from "../named-few.ts";
import { keyName } from "./access-plan.ts";
import type { RekeyOrder } from "./rekey-document.ts";
import { canonical } from "./wanted-readers.ts";

/**
 * @param force allows a reader of a kind that sops-install-secrets does not open by itself
 * @throws SecretsError `E_LAST_PERSON`, `E_LAST_READER`, `E_READER_UNUSABLE`
 */
export function refuseReaders(before: Fleet, after: Fleet, orders: readonly RekeyOrder[], force: boolean): void {
  refuseUnusable(after, orders, force);
  const empty = orders.filter((order) => order.wanted.removed.length > 0 && leftReaders(order).length === 0);
  if (empty.length > 0) {
    throw refusal("E_LAST_READER", "this would leave a document without any reader", empty, [
      "let somebody else read it first: secrets grant WHO ADDRESS; or remove it: secrets rm ADDRESS",
    ]);
  }
  const orphaned = orders.filter((order) => losesPeople(before, after, order));
  if (orphaned.length === 0) return;
  throw refusal("E_LAST_PERSON", "this would take away the last person who can open a document", orphaned, [
    "let somebody else read it first: secrets grant WHO ADDRESS",
  ]);
}

function leftReaders({ document, wanted }: RekeyOrder): readonly Reader[] {
  const gone = new Set(wanted.removed.map(keyName));
  return [...document.readers.filter((reader) => !gone.has(keyName(reader))), ...wanted.added];
}

/** Machines alone cannot give anybody access again; nor can people who only have too few shares. */
function losesPeople(before: Fleet, after: Fleet, order: RekeyOrder): boolean {
  const { document, wanted } = order;
  const wasPerson = (id: string) => before.principals.ownerOf(id)?.kind !== "machine";
  if (!wanted.regrouped && !wanted.removed.some(({ id }) => wasPerson(id))) return false;
  const people = new Set(
    leftReaders(order)
      .filter(personIn(after, document))
      .map(({ id }) => id),
  );
  const isPerson = (id: string) => people.has(id);
  if (people.size === 0) return document.readers.some(({ id }) => wasPerson(id));
  return opensAlone(document, wasPerson) && !opensAlone(sharesAfter(order), isPerson);
}

/** A key of nobody is taken for a person's where the policy asks for it; a service is no person. */
function personIn({ principals }: Fleet, { policy }: FleetDocument): (reader: Reader) => boolean {
  const expected = new Set(policy.readers.map(keyName));
  return (reader) => {
    const owner = principals.ownerOf(reader.id);
    if (owner !== undefined) return owner.kind !== "machine";
    return (reader.type === "age" || reader.type === "pgp") && expected.has(keyName(reader));
  };
}

function sharesAfter(order: RekeyOrder): { readers: readonly Reader[]; shares?: Shares } {
  const { document, wanted } = order;
  const readers = leftReaders(order);
  const left = new Set(readers.map(({ id }) => id));
  const groups =
    wanted.groups?.map((group) => group.map((key) => canonical(key).id)) ??
    document.shares?.groups.map((group) => group.filter((id) => left.has(id))) ??
    [];
  const shares = sharesOf(groups, wanted.shamirThreshold);
  return { readers, ...(shares === undefined ? {} : { shares }) };
}

/** Also those who stay: a new data key, or new shares of it, are sealed to them as well. */
function refuseUnusable(after: Fleet, orders: readonly RekeyOrder[], force: boolean): void {
  const usable = new Map<string, string>();
  for (const order of orders) {
    const { document, wanted, freshDataKey } = order;
    const added = new Set(wanted.added.map(keyName));
    const anew = freshDataKey || document.shares !== undefined;
    for (const reader of anew ? leftReaders(order) : wanted.added) {
      if (reader.type !== "age") continue;
      const name = after.principals.nameOf(reader.id) ?? `${reader.id} (nobody here has this key)`;
      const kind = usable.get(reader.id) ?? parse(reader.id, name, document.path).kind;
      usable.set(reader.id, kind);
      const machine = after.principals.ownerOf(reader.id)?.kind === "machine";
      if (!machine || force || !added.has(keyName(reader))) continue;
      if (kind === "plugin") throw onHardware(name, document.path);
      if (kind !== "ssh-ed25519" && kind !== "ssh-rsa") continue;
      throw new SecretsError("E_READER_UNUSABLE", `the machine ${name} could not open what is sealed to its SSH key`, {
        location: { file: document.path },
        hint: "sops-install-secrets derives an age key from the host key: register that one (ssh-to-age < ssh_host_ed25519_key.pub)\nif the machine sets SOPS_AGE_SSH_PRIVATE_KEY_FILE itself, say --force",
      });
    }
  }
}

/** Nobody stands in front of a machine that starts. */
function onHardware(name: string, file: string): SecretsError {
  return new SecretsError("E_READER_UNUSABLE", `the machine ${name} could not open what is sealed to a plugin's key`, {
    location: { file },
    hint: "sops-install-secrets runs where nobody can touch a key: register the age key of its host key\nif the machine has the plugin, and it asks nobody (a TPM), say --force",
  });
}

function parse(id: string, name: string, path: string): { kind: string } {
  try {
    return parseRecipient(id);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new SecretsError("E_READER_UNUSABLE", `nothing can be sealed to the key of ${name}: ${error.message}`, {
      location: { file: path },
      hint: "put the key right where it is stated (secrets explain names the place), or take this reader out of the policy",
      cause: error,
    });
  }
}

function refusal(
  code: SecretsError["code"],
  message: string,
  orders: readonly RekeyOrder[],
  ways: readonly string[],
): SecretsError {
  const addresses = orders.map(({ document }) => document.address);
  return new SecretsError(code, message, {
    hint: [...namedFew(addresses), ...ways].join("\n"),
  });
}
