/** What no plan does: take the last person away, or seal to a key that its owner's machine could not use. */
import { parseRecipient } from "../../age/recipient.ts";
import { SecretsError } from "../../errors.ts";
import type { Reader } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { keyName } from "./access-plan.ts";
import type { RekeyOrder } from "./rekey-document.ts";

const LISTED = 8;

/**
 * @param force allows a reader of a kind that sops-install-secrets does not open by itself
 * @throws SecretsError `E_LAST_PERSON`, `E_READER_UNUSABLE`
 */
export function refuseReaders(before: Fleet, after: Fleet, orders: readonly RekeyOrder[], force: boolean): void {
  refuseUnusable(after, orders, force);
  // Machines alone cannot give anybody access again.
  const isPerson = (fleet: Fleet) => (reader: Reader) => fleet.principals.ownerOf(reader.id)?.kind !== "machine";
  const orphaned = orders.filter(({ document, wanted }) => {
    const gone = new Set(wanted.removed.map(keyName));
    const left = [...document.readers.filter((reader) => !gone.has(keyName(reader))), ...wanted.added];
    return wanted.removed.some(isPerson(before)) && !left.some(isPerson(after));
  });
  if (orphaned.length === 0) return;
  throw new SecretsError("E_LAST_PERSON", "this would take away the last person who can open a document", {
    hint: [
      ...listed(orphaned.map(({ document }) => document.address)),
      "let somebody else read it first: secrets grant WHO ADDRESS",
    ].join("\n"),
  });
}

function refuseUnusable(after: Fleet, orders: readonly RekeyOrder[], force: boolean): void {
  const seen = new Set<string>();
  for (const { document, wanted } of orders) {
    for (const reader of wanted.added) {
      if (reader.type !== "age" || seen.has(reader.id)) continue;
      seen.add(reader.id);
      const name = after.principals.nameOf(reader.id) ?? "a reader without a name";
      const { kind } = parse(reader.id, name, document.path);
      const machine = after.principals.ownerOf(reader.id)?.kind === "machine";
      if (!machine || force || (kind !== "ssh-ed25519" && kind !== "ssh-rsa")) continue;
      throw new SecretsError("E_READER_UNUSABLE", `the machine ${name} could not open what is sealed to its SSH key`, {
        location: { file: document.path },
        hint: "sops-install-secrets derives an age key from the host key: register that one (ssh-to-age < ssh_host_ed25519_key.pub)\nif the machine sets SOPS_AGE_SSH_PRIVATE_KEY_FILE itself, say --force",
      });
    }
  }
}

function parse(id: string, name: string, path: string): { kind: string } {
  try {
    const recipient = parseRecipient(id);
    if (recipient.kind !== "plugin") return recipient;
    throw new SecretsError("E_RECIPIENT", `This recipient needs the program age-plugin-${recipient.plugin}.`);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    throw new SecretsError("E_READER_UNUSABLE", `nothing can be sealed to the key of ${name}: ${error.message}`, {
      location: { file: path },
      hint: "put the key right where it is stated (secrets explain names the place), or take this reader out of the policy",
      cause: error,
    });
  }
}

function listed(all: readonly string[]): string[] {
  const more = all.length - LISTED;
  return [...all.slice(0, LISTED), ...(more > 0 ? [`and ${more} more`] : [])];
}
