/** What the fleet says of a machine's key, place by place: the two registries, the sealed halves, the public values. */
import { publicHalf } from "../../age/age-key.ts";
import { readPrivateHostKey } from "../../age/host-key.ts";
import { recipientId } from "../../age/recipient.ts";
import { sshToAgeRecipient } from "../../age/ssh.ts";
import { parseSshPublicLine } from "../../age/ssh-public-key.ts";
import { SecretsError } from "../../errors.ts";
import type { Principal } from "../../fleet/principals.ts";
import { getValue } from "../get.ts";
import { targetOf } from "../target.ts";
import type { Workplace } from "../workplace.ts";
import { KNOWN_HOSTS, knownKeysOf } from "./known-hosts.ts";
import { ageKeyAddress, hostKeyAddress, hostKeyPublicAddress } from "./machine-key.ts";

export interface MachineFacts {
  readonly statements: readonly Statement[];
  /** Clan's public value of the host key. */
  readonly publicValue: HostStatement | undefined;
  /** The line of `known_hosts`. */
  readonly knownHost: HostStatement | undefined;
  readonly sealedHostKey: SealedHalf | undefined;
  readonly sealedAgeKey: SealedHalf | undefined;
}

/** A registry states this recipient as the machine's. */
export interface Statement {
  readonly tier: "vars" | "files";
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly recipient: string;
}

export interface HostStatement {
  /** An address, or a path. */
  readonly place: string;
  /** `ssh-ed25519 AAAA…` */
  readonly publicKey: string;
  /** Derived from it. */
  readonly recipient: string;
}

export interface SealedHalf {
  readonly address: string;
  /** The recipient that it opens for; undefined when it could not be opened here, or holds no key. */
  readonly recipient: string | undefined;
  /** Of a host key that was opened. */
  readonly publicKey?: string;
  /** Why it was not opened. */
  readonly problem?: string;
}

/** Opens what can be opened here; what cannot is told, and no reason to stop. */
export async function machineFacts(
  workplace: Workplace,
  name: string,
  principal: Principal | undefined,
): Promise<MachineFacts> {
  return {
    statements: statementsOf(principal),
    publicValue: await publicValueOf(workplace, name),
    knownHost: await knownHostOf(workplace, name),
    sealedHostKey: await sealedHalf(workplace, hostKeyAddress(name), async (bytes) => {
      const { recipient, publicKey } = await readPrivateHostKey(bytes, async () => null);
      return { recipient, publicKey };
    }),
    sealedAgeKey: await sealedHalf(workplace, ageKeyAddress(name), async (bytes) => ({
      recipient: publicHalf(lastLine(Buffer.from(bytes).toString("utf8"))),
    })),
  };
}

/** clan seals the bare key; a file of age-keygen has comments above it. */
function lastLine(text: string): string {
  return (
    text
      .split(/\r?\n/)
      .filter((line) => line !== "" && !line.startsWith("#"))
      .at(-1) ?? ""
  );
}

function statementsOf(principal: Principal | undefined): Statement[] {
  return (principal?.keys ?? []).flatMap(({ id, origins }) =>
    origins.map(({ tier, path, line }) => ({ tier, path, line, recipient: id })),
  );
}

async function publicValueOf(workplace: Workplace, name: string): Promise<HostStatement | undefined> {
  const target = await targetOf(workplace, hostKeyPublicAddress(name));
  if (target.tier !== "vars" || target.state !== "public") return undefined;
  return hostStatement(target.address, Buffer.from(await workplace.ground.read(target.path)).toString("utf8"));
}

async function knownHostOf({ ground }: Workplace, name: string): Promise<HostStatement | undefined> {
  if ((await ground.kind(KNOWN_HOSTS)) !== "file") return undefined;
  const [first] = knownKeysOf(Buffer.from(await ground.read(KNOWN_HOSTS)).toString("utf8"), name);
  return first === undefined ? undefined : hostStatement(KNOWN_HOSTS, first);
}

/** Undefined for what is no ed25519 key: nothing can be derived from it. */
function hostStatement(place: string, line: string): HostStatement | undefined {
  try {
    const key = parseSshPublicLine(line);
    if (key.type !== "ssh-ed25519") return undefined;
    return { place, publicKey: key.text, recipient: sshToAgeRecipient(key.text) };
  } catch (error) {
    if (error instanceof SecretsError) return undefined;
    throw error;
  }
}

async function sealedHalf(
  workplace: Workplace,
  address: string,
  read: (bytes: Uint8Array) => Promise<{ recipient: string; publicKey?: string }>,
): Promise<SealedHalf | undefined> {
  const target = await targetOf(workplace, address);
  if (target.tier !== "vars" || target.state !== "secret") return undefined;
  try {
    const { recipient, publicKey } = await read((await getValue(workplace, address)).bytes);
    return { address, recipient: recipientId(recipient), ...(publicKey === undefined ? {} : { publicKey }) };
  } catch (error) {
    if (!(error instanceof SecretsError) || error.kind === "interrupted") throw error;
    const problem = error.kind === "identity" ? "no identity of yours opens it" : error.message;
    return { address, recipient: undefined, problem };
  }
}
