/** The sample fleet with everybody's key at hand, where a step is a whole command and the proof of what it left behind. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import type { TestContext } from "node:test";
import { type Sample, sampleFleet } from "../cli/sample.ts";
import {
  decrypt,
  type Expectation,
  type Holder,
  holderOf,
  proveUpToDate,
  publicHalf,
  type Witness,
  witness,
} from "./access-witness.ts";

export const PEOPLE = ["ada", "bruno", "chiara"];
export const MACHINES = ["web01", "db01", "backup01", "studio"];
export const VAR = "vars/per-machine/web01/acme/dns-token/secret";
export const FILE = "secrets/services/mailer.env";
/** Clan's own re-key walks past names with a slash. */
export const DEEP = "vars/per-machine/web01/secureboot/keys/db/db.key/secret";
export const ADDRESSES = ["vars/web01/acme/dns-token", FILE];

export interface Started {
  readonly fleet: Sample;
  /** Outside of the repository. */
  readonly directory: string;
  readonly seen: Witness;
  readonly holder: (name: string) => Holder;
  /** A command, whole: then everything is proved, and `check` is clean. @returns documents that changed */
  readonly step: (argv: readonly string[], expected?: Expectation, as?: string) => Promise<readonly string[]>;
}

/** The sample fleet in line with its rules, and everybody's key; the first one is ada's. */
export async function openSample(t: TestContext): Promise<{ fleet: Sample; directory: string; holders: Holder[] }> {
  const fleet = await sampleFleet(t);
  const directory = dirname(fleet.root);
  const holders = await Promise.all(
    PEOPLE.map(async (name) => ({ name, recipient: await publicHalf(fleet.keyOf(name)), file: fleet.keyOf(name) })),
  );
  for (const name of MACHINES) {
    const { stdout } = await decrypt(fleet.root, `sops/secrets/${name}-age.key/secret`, { file: fleet.keyOf("ada") });
    holders.push(await holderOf(directory, name, stdout.toString("utf8")));
  }
  await ok(fleet, ["sync", "--yes"]);
  await fleet.git("commit", "--quiet", "--all", "-m", "In line");
  return { fleet, directory, holders };
}

export async function start(t: TestContext): Promise<Started> {
  const { fleet, directory, holders } = await openSample(t);
  const ada = { file: fleet.keyOf("ada") };
  const seen = await witness(fleet.root, holders);
  const step = async (argv: readonly string[], expected: Expectation = {}, as?: string) => {
    await ok(fleet, [...argv, "--yes"], as === undefined ? {} : { SOPS_AGE_KEY_FILE: as });
    const touched = await seen.prove(expected);
    await proveUpToDate(fleet.root, ada);
    await ok(fleet, ["check"]);
    return touched;
  };
  const holder = (name: string) => {
    const found = holders.find((one) => one.name === name);
    assert.ok(found);
    return found;
  };
  return { fleet, directory, seen, holder, step };
}

export async function ok(fleet: Sample, argv: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await fleet.secrets(argv, { env });
  assert.equal(code, 0, `${argv.join(" ")}: ${stderr}${stdout.toString("utf8")}`);
  return stdout.toString("utf8");
}
