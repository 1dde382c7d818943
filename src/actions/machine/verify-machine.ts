/** `secrets machine verify`: whether the machine, its two registries and what is sealed for it are about one key. */
import { fingerprintOf } from "../../age/ssh-fingerprint.ts";
import { shellWord } from "../check/shell-word.ts";
import { namedAs } from "../principal/who.ts";
import { shortenKey } from "../reader-names.ts";
import type { Workplace } from "../workplace.ts";
import { derivedRecipients, type KeyOrigin, keyOrigin } from "./key-origin.ts";
import { type HostStatement, type MachineFacts, machineFacts, type SealedHalf } from "./machine-facts.ts";
import { ageKeyAddress, hostKeyAddress, hostKeyPublicAddress } from "./machine-key.ts";

/** What is known of the machine itself. */
export interface Witness {
  /** The end of "… has": `the scanned host`, `the key file`. */
  readonly source: string;
  readonly recipient: string;
  /** `ssh-ed25519 AAAA…`; undefined for an age key. */
  readonly publicKey?: string;
  /** What gives the key to another command, for the mend: `--from-host-key FILE`, `--to age1…`. */
  readonly toRotate: string;
}

export interface VerifiedPlace {
  /** `sops/machines/web01/key.json:1`, an address, `known_hosts`, or where the machine's own key is from. */
  readonly place: string;
  readonly role: "registered" | "host-key" | "sealed-host-key" | "sealed-age-key" | "known-hosts" | "machine";
  /** `age1…`; undefined: could not be known here. */
  readonly recipient?: string;
  /** Of an SSH key: `SHA256:…`. */
  readonly fingerprint?: string;
  readonly state: "same" | "differs" | "unknown";
}

export interface VerifyProblem {
  readonly message: string;
  /** One command that mends it. */
  readonly fix?: string;
}

export interface MachineVerification {
  readonly schemaVersion: 1;
  readonly machine: string;
  readonly origin: KeyOrigin;
  /** Whether all that could be compared is one key. */
  readonly agrees: boolean;
  /** And the machine itself was seen to have the registered key. */
  readonly verified: boolean;
  readonly places: readonly VerifiedPlace[];
  readonly problems: readonly VerifyProblem[];
  /** What could not be compared, and what is worth knowing. */
  readonly notes: readonly string[];
}

/** @throws SecretsError `E_NOT_FOUND` */
export async function verifyMachine(
  workplace: Workplace,
  name: string,
  witness: Witness | undefined,
): Promise<MachineVerification> {
  const principal = namedAs(await workplace.fleet(), "machine", name);
  const facts = await machineFacts(workplace, name, principal);
  const hosts = new Set(derivedRecipients(facts));
  if (witness?.publicKey !== undefined) hosts.add(witness.recipient);
  const origin = keyOrigin(facts, hosts);
  const problems = [
    ...tierProblems(name, facts, hosts),
    ...sealedProblems(name, facts, hosts),
    ...hostProblems(name, facts, witness),
    ...witnessProblems(name, facts, origin, witness),
  ];
  return {
    schemaVersion: 1,
    machine: name,
    origin,
    agrees: problems.length === 0,
    verified: problems.length === 0 && witness !== undefined && registeredIn(facts).has(witness.recipient),
    places: placesOf(facts, witness),
    problems,
    notes: notesOf(name, facts, origin, witness),
  };
}

function registeredIn({ statements }: MachineFacts, tier?: "vars" | "files"): Set<string> {
  return new Set(statements.flatMap((one) => (tier === undefined || one.tier === tier ? [one.recipient] : [])));
}

/** The key that the machine is meant to have: what is sealed for it, else what clan's registry says, else the rules. */
function meant(facts: MachineFacts): string | undefined {
  const [vars] = registeredIn(facts, "vars");
  return facts.sealedAgeKey?.recipient ?? vars ?? facts.statements[0]?.recipient;
}

function tierProblems(name: string, facts: MachineFacts, hosts: ReadonlySet<string>): VerifyProblem[] {
  if (facts.statements.length === 0) {
    return [{ message: `no key of ${name} is registered`, fix: `secrets machine add ${shellWord(name)} --generate` }];
  }
  const [vars, files] = [registeredIn(facts, "vars"), registeredIn(facts, "files")];
  const to = meant(facts);
  if (vars.size === 0 || files.size === 0 || to === undefined) return [];
  const wrong = [...vars, ...files].filter((id) => !vars.has(id) || !files.has(id)).filter((id) => id !== to);
  return [...new Set(wrong)].map((id) => {
    const places = facts.statements.filter((one) => one.recipient === id).map(({ path, line }) => `${path}:${line}`);
    const isHost = hosts.has(id);
    const what =
      isHost && facts.sealedAgeKey !== undefined
        ? `states the key derived from the SSH host key of ${name}, but clan manages another key for it`
        : `states another key for ${name} than ${vars.has(id) ? ".sops.yaml" : "clan's registry"}`;
    return {
      message: `${places.join(", ")} ${what}`,
      fix: `secrets rotate machine ${shellWord(name)} --from ${id} --to ${to}`,
    };
  });
}

/** The classical mistake: somebody registered the host key of a machine that gets its key from clan. */
function sealedProblems(name: string, facts: MachineFacts, hosts: ReadonlySet<string>): VerifyProblem[] {
  const { sealedAgeKey, sealedHostKey, publicValue } = facts;
  const registered = registeredIn(facts);
  const problems: VerifyProblem[] = [];
  const sealed = sealedAgeKey?.recipient;
  if (sealed !== undefined && registered.size > 0 && !registered.has(sealed)) {
    const isHost = [...registered].every((id) => hosts.has(id));
    problems.push({
      message: isHost
        ? `the host key of ${name} is registered, but clan deploys the key that is sealed at ${ageKeyAddress(name)}, which opens nothing`
        : `clan deploys the key that is sealed at ${ageKeyAddress(name)}, and it is not the one that is registered`,
      fix: `secrets rotate machine ${shellWord(name)} --to ${sealed}`,
    });
  }
  if (
    sealedHostKey?.publicKey !== undefined &&
    publicValue !== undefined &&
    sealedHostKey.publicKey !== publicValue.publicKey
  ) {
    problems.push({
      message: `${hostKeyPublicAddress(name)} is not the public half of ${hostKeyAddress(name)}`,
      fix: `echo ${shellWord(`${sealedHostKey.publicKey} root@${name}`)} | secrets set ${shellWord(hostKeyPublicAddress(name))} -`,
    });
  }
  return problems;
}

function hostProblems(name: string, facts: MachineFacts, witness: Witness | undefined): VerifyProblem[] {
  const expected = hostKeyOf(facts) ?? witness?.publicKey;
  const { knownHost } = facts;
  if (expected === undefined || knownHost === undefined || knownHost.publicKey === expected) return [];
  return [
    {
      message: `${knownHost.place} names ${name} with another host key (${fingerprintOf(knownHost.publicKey)})`,
      fix: `ssh-keygen -R ${shellWord(name)} -f ${knownHost.place} && echo ${shellWord(`${name} ${expected}`)} >> ${knownHost.place}`,
    },
  ];
}

/** What the fleet itself says the host key is; whoever answers a scan is compared with that, and not the other way round. */
function hostKeyOf({ publicValue, sealedHostKey }: MachineFacts): string | undefined {
  return publicValue?.publicKey ?? sealedHostKey?.publicKey;
}

function witnessProblems(
  name: string,
  facts: MachineFacts,
  origin: KeyOrigin,
  witness: Witness | undefined,
): VerifyProblem[] {
  if (witness === undefined || facts.statements.length === 0) return [];
  const registered = registeredIn(facts);
  const { source, recipient, publicKey, toRotate } = witness;
  const made = hostKeyOf(facts);
  if (publicKey !== undefined && made !== undefined && made !== publicKey) {
    return [
      {
        message: `${source} has the host key ${fingerprintOf(publicKey)}, and the fleet has ${fingerprintOf(made)} for ${name}: it is another machine, or was installed without its files`,
        // Whoever answers a scan must not be let in by pasting a line: the machine is given what it is known by.
        ...(facts.sealedHostKey === undefined ? {} : { fix: `secrets machine deploy-files ${shellWord(name)} DIR` }),
      },
    ];
  }
  // A host key does not tell whether clan's own key lies on the machine.
  if (registered.has(recipient) || (publicKey !== undefined && origin === "managed")) return [];
  const [known = ""] = registered;
  return [
    {
      message: `${source} has ${shortenKey(recipient)}, and ${name} is registered by ${shortenKey(known)}: it opens nothing that is sealed to it`,
      fix: `secrets rotate machine ${shellWord(name)} ${toRotate}`,
    },
  ];
}

function placesOf(facts: MachineFacts, witness: Witness | undefined): VerifiedPlace[] {
  const target = meant(facts) ?? witness?.recipient;
  const hostTarget = hostKeyOf(facts) ?? facts.knownHost?.publicKey ?? witness?.publicKey;
  const compare = (recipient: string | undefined): VerifiedPlace["state"] =>
    recipient === undefined || target === undefined ? "unknown" : recipient === target ? "same" : "differs";
  const hostPlace = (role: VerifiedPlace["role"], place: string, publicKey: string): VerifiedPlace => ({
    place,
    role,
    fingerprint: fingerprintOf(publicKey),
    state: hostTarget === publicKey ? "same" : "differs",
  });
  const stated = (role: VerifiedPlace["role"], one: HostStatement | undefined): VerifiedPlace[] =>
    one === undefined ? [] : [{ ...hostPlace(role, one.place, one.publicKey), recipient: one.recipient }];
  const sealed = (role: VerifiedPlace["role"], half: SealedHalf | undefined): VerifiedPlace[] => {
    if (half === undefined) return [];
    if (half.publicKey !== undefined && half.recipient !== undefined)
      return [{ ...hostPlace(role, half.address, half.publicKey), recipient: half.recipient }];
    const { recipient } = half;
    return [
      { place: half.address, role, ...(recipient === undefined ? {} : { recipient }), state: compare(recipient) },
    ];
  };
  const own = (one: Witness): VerifiedPlace => ({
    ...(one.publicKey === undefined
      ? { place: one.source, role: "machine" as const, state: compare(one.recipient) }
      : hostPlace("machine", one.source, one.publicKey)),
    recipient: one.recipient,
  });
  return [
    ...facts.statements.map(
      ({ path, line, recipient }): VerifiedPlace => ({
        place: `${path}:${line}`,
        role: "registered",
        recipient,
        state: compare(recipient),
      }),
    ),
    ...sealed("sealed-age-key", facts.sealedAgeKey),
    ...sealed("sealed-host-key", facts.sealedHostKey),
    ...stated("host-key", facts.publicValue),
    ...stated("known-hosts", facts.knownHost),
    ...(witness === undefined ? [] : [own(witness)]),
  ];
}

function notesOf(name: string, facts: MachineFacts, origin: KeyOrigin, witness: Witness | undefined): string[] {
  const sealed = [facts.sealedAgeKey, facts.sealedHostKey].filter((half) => half?.recipient === undefined);
  return [
    ...sealed.flatMap((half) => (half === undefined ? [] : [`${half.address} was not compared: ${half.problem}`])),
    ...(witness === undefined
      ? [`the machine itself was not asked: secrets machine verify ${shellWord(name)} --scan HOST`]
      : []),
    ...(witness?.publicKey !== undefined && origin === "managed"
      ? [
          `${name} opens its secrets with the key that clan deploys, not with its host key: see that on the machine, age-keygen -y /var/lib/sops-nix/key.txt prints ${meant(facts) ?? ""}`,
        ]
      : []),
  ];
}
