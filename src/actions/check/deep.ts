/** Findings that need an identity: every MAC, every document that should open and does not, sealed machine keys. */
import { parseIdentities } from "../../age/identity.ts";
import { SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { plainBytes } from "../../sops/plain-text.ts";
import { type OpenDocument, openDocument } from "../document.ts";
import { shortenKey } from "../reader-names.ts";
import type { Workplace } from "../workplace.ts";
import { type Finding, finding } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

export interface DeepResult {
  readonly findings: readonly Finding[];
  /** Documents that were opened and verified. */
  readonly opened: number;
  /** Documents that are sealed to no key of this person; they were not looked into. */
  readonly foreign: number;
}

/** Opens one document after the other, so that memory holds one plain text at a time. */
export async function deepCheck(workplace: Workplace, fleet: Fleet): Promise<DeepResult> {
  const keyring = await workplace.keyring();
  await keyring.runCommands();
  const findings: Finding[] = [];
  let opened = 0;
  let foreign = 0;
  const holds = (id: string) => keyring.canOpen(id);
  for (const document of fleet.documents) {
    const mine = opensAlone(document, holds);
    // gpg alone knows which PGP keys are here; it is asked where one could make the difference.
    const maybe = document.readers.some(({ type }) => type === "pgp");
    if (!mine && !maybe) {
      foreign++;
      findings.push(...promised(document, holds));
      continue;
    }
    try {
      const open = await openDocument(workplace, document.path, document.format);
      opened++;
      findings.push(...(await checkMachineKey(fleet, document, open)));
    } catch (error) {
      if (!(error instanceof SecretsError) || error.kind === "interrupted") throw error;
      if (error.code === "E_NO_IDENTITY" && !mine) {
        foreign++;
        findings.push(...promised(document, holds));
      } else findings.push(failure(document, error));
    }
  }
  return { findings, opened, foreign };
}

/** Links or rules name a key of mine, and the document was never sealed to it. */
function promised({ path, policy, readers }: FleetDocument, holds: (id: string) => boolean): Finding[] {
  const mine = policy.readers.find(({ id }) => holds(id));
  if (mine === undefined || readers.some(({ id }) => holds(id))) return [];
  const message = `you should read it as ${mine.name ?? shortenKey(mine.id)}, and it is not sealed to your key`;
  return [finding("cannot-open", { path }, message, `secrets explain ${shellWord(path)}, then ask one of its readers`)];
}

function failure({ path }: FleetDocument, error: SecretsError): Finding {
  const history = `git log --oneline -- ${shellWord(path)}`;
  if (error.code === "E_NO_IDENTITY") {
    return finding("cannot-open", { path }, "it is sealed to a key of yours, and that key does not open it", history);
  }
  const { line, keyPath } = error.location ?? {};
  const where = keyPath === undefined || keyPath.length === 0 ? "" : ` at ${keyPath.join("/")}`;
  return finding("mac", { path, line }, `${error.message.replace(/\.$/, "")}${where}`, history);
}

/** `sops/secrets/<m>-age.key` is deployed to the machine as its private key: it has to be the one that is registered. */
async function checkMachineKey(fleet: Fleet, document: FleetDocument, { plain }: OpenDocument): Promise<Finding[]> {
  const { parts, path } = document;
  const machine = parts.kind === "secret" ? /^(.+)-age\.key$/.exec(parts.name)?.[1] : undefined;
  const registered = machine === undefined ? undefined : fleet.registry.machines.get(machine);
  if (machine === undefined || registered === undefined) return [];
  const { identities, plugins } = await parseIdentities(
    Buffer.from(plainBytes("binary", plain)).toString("utf8"),
    path,
  );
  const halves = identities.flatMap(({ recipients }) => recipients);
  // The public half of a plugin's identity is known to the plugin alone.
  if (plugins.length > 0 || registered.keys.some(({ id }) => halves.includes(id))) return [];
  const message =
    halves.length === 0
      ? `no private key of ${machine} is in it`
      : `the private key in it does not belong to the key that ${machine} is registered with`;
  return [finding("machine-key", { path }, message, `compare with ${registered.path}; make the two one key again`)];
}
