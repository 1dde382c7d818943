/** Findings that need an identity: every MAC, every document that should open and does not, sealed machine keys. */
import { parseIdentities } from "../../age/identity.ts";
import { type ErrorCode, SecretsError } from "../../errors.ts";
import type { FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { opensAlone } from "../../fleet/shares.ts";
import { plainBytes } from "../../sops/plain-text.ts";
import { askPlugins } from "../ask-plugins.ts";
import { type OpenDocument, openDocument, pluginFault } from "../document.ts";
import { shortenKey } from "../reader-names.ts";
import type { Workplace } from "../workplace.ts";
import { type Finding, finding } from "./finding.ts";
import { historyOf } from "./fix-commands.ts";
import type { Scope } from "./scope.ts";
import { shellWord } from "./shell-word.ts";

export interface DeepResult {
  readonly findings: readonly Finding[];
  /** Documents that were opened and verified. */
  readonly opened: number;
  /** Documents that are sealed to no key of this person; they were not looked into. */
  readonly foreign: number;
}

/** Refusals of a document that opens, and is not what was sealed. */
const DAMAGE: ReadonlySet<ErrorCode> = new Set([
  "E_MAC_MISMATCH",
  "E_MAC_MISSING",
  "E_VALUE_DAMAGED",
  "E_VALUE_NOT_ENCRYPTED",
  "E_METADATA",
]);

/** Refusals of the file: it went away, or another one took its place, since the fleet was read. */
const UNREADABLE: ReadonlySet<ErrorCode> = new Set(["E_NOT_FOUND", "E_NOT_A_FILE", "E_PATH_ESCAPES", "E_TOO_LARGE"]);

/** Opens one document after the other, so that memory holds one plain text at a time. */
export async function deepCheck(workplace: Workplace, fleet: Fleet, inScope: Scope = () => true): Promise<DeepResult> {
  const keyring = await workplace.keyring();
  await keyring.runCommands();
  const findings: Finding[] = [];
  let opened = 0;
  let foreign = 0;
  const holds = (id: string) => keyring.canOpen(id);
  // gpg alone knows which PGP keys are here, and a plugin which are its own; they are asked where it could matter.
  const isPerhaps = ({ readers }: FleetDocument) =>
    readers.some(({ type, id }) => type === "pgp" || keyring.mayOpen(id));
  const documents = fleet.documents.filter(({ path }) => inScope(path));
  await askPlugins(
    workplace,
    documents.filter((document) => opensAlone(document, holds) || isPerhaps(document)),
  );
  for (const document of documents) {
    const mine = opensAlone(document, holds);
    const maybe = isPerhaps(document);
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
      if (error.code === "E_NO_IDENTITY" && !mine && pluginFault(error) === undefined) {
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
  const message = `you should read it as ${mine.name ?? shortenKey(mine.id)}, and it is not sealed to your key; ask one of its readers`;
  return [finding("cannot-open", { path }, message, `secrets explain ${shellWord(path)}`)];
}

function failure({ path }: FleetDocument, error: SecretsError): Finding {
  const { line, keyPath = [] } = error.location ?? {};
  const told = error.message.replace(/\.$/, "");
  const reason = told.charAt(0).toLowerCase() + told.slice(1);
  if (UNREADABLE.has(error.code)) return finding("unreadable", { path }, reason, `ls -ld ${shellWord(path)}`);
  if (DAMAGE.has(error.code)) {
    const where = keyPath.length === 0 ? "" : ` (${keyPath.join("/")})`;
    return finding("mac", { path, line }, `${reason}${where}`, historyOf(path));
  }
  const why = error.code === "E_NO_IDENTITY" ? (pluginFault(error)?.message ?? "that key does not open it") : reason;
  return finding("cannot-open", { path }, `it is sealed to a key of yours, and ${why}`, historyOf(path));
}

/** `sops/secrets/<m>-age.key` is deployed to the machine as its private key: it has to be the one that is registered. */
async function checkMachineKey(fleet: Fleet, document: FleetDocument, { plain }: OpenDocument): Promise<Finding[]> {
  const { parts, path, address } = document;
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
  const what = halves.length === 0 ? "no private key is in it" : "the private key in it is another one's";
  const message = `${what}: ${machine} is registered with the key in ${registered.path}`;
  return [finding("machine-key", { path }, message, `secrets set ${shellWord(address)}`)];
}
