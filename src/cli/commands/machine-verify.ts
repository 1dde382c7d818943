/** `secrets machine verify` and `secrets machine show`. */
import { shellWord } from "../../actions/check/shell-word.ts";
import { ORIGIN_TEXT } from "../../actions/machine/key-origin.ts";
import { knownHostName, parseScanTarget } from "../../actions/machine/scan-host.ts";
import { type ShownDocument, showMachine } from "../../actions/machine/show-machine.ts";
import { type VerifiedPlace, verifyMachine, type Witness } from "../../actions/machine/verify-machine.ts";
import { parseStatedKey } from "../../actions/principal/stated-key.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import { SecretsError } from "../../errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { readHostKey } from "../host-key-file.ts";
import { scan } from "../scan.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { lastVerified, rememberVerified } from "../verified-machines.ts";
import { openWorkplace } from "../workplace.ts";

export interface VerifyFlags {
  readonly scan?: string;
  readonly hostKey?: string;
  readonly ageKey?: string;
  readonly json?: boolean;
}

export async function machineVerify(this: Context, flags: VerifyFlags, name: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const witness = await witnessOf(this, flags);
  const result = await verifyMachine(workplace, name, witness);
  const { agrees, verified, origin, places, problems, notes } = result;
  if (flags.json === true) terminal.json(result);
  else {
    terminal.print([style("bold", name), ": its age key is ", ORIGIN_TEXT[origin]]);
    for (const place of places) terminal.print(placeLine(place));
    for (const note of notes) terminal.print(["  ", style("dim", ["– ", note])]);
    for (const { message, fix } of problems) {
      terminal.print([style("red", "differs"), ": ", message]);
      if (fix !== undefined) terminal.print([style("cyan", "fix"), ": ", fix]);
    }
    if (agrees) terminal.print([style("green", verified ? "verified" : "consistent")]);
  }
  if (!agrees) this.setExitCode(EXIT.findings);
  else if (verified && witness !== undefined) {
    const { source: by, recipient } = witness;
    rememberVerified(workplace.repository, name, { at: this.now().toISOString(), recipient, by });
  }
}

async function witnessOf(
  context: Context,
  { scan: typed, hostKey, ageKey }: VerifyFlags,
): Promise<Witness | undefined> {
  if ([typed, hostKey, ageKey].filter((one) => one !== undefined).length > 1) {
    throw new SecretsError("E_USAGE", "one of --scan, --host-key and --age-key tells what the machine has", {
      kind: "usage",
      hint: "run it once for each",
    });
  }
  if (typed !== undefined) {
    const target = parseScanTarget(typed);
    const { publicKey, recipient } = await scan(context, target);
    const source = `the host at ${knownHostName(target)}`;
    // What answers was not compared with anything but the registry: the mend has it confirmed.
    return { source, recipient, publicKey, toRotate: `--to ${recipient}` };
  }
  if (hostKey !== undefined) {
    const { publicKey, recipient } = await readHostKey(context, hostKey);
    const toRotate = hostKey === "-" ? `--to ${recipient}` : `--from-host-key ${shellWord(hostKey)}`;
    return { source: "the host key", recipient, publicKey, toRotate };
  }
  if (ageKey === undefined) return undefined;
  const { id } = parseStatedKey(ageKey);
  return { source: "the machine", recipient: id, toRotate: `--to ${id}` };
}

const SIGNS = { same: style("green", "✔"), differs: style("red", "✘"), unknown: style("yellow", "?") } as const;
const ROLES: Readonly<Record<VerifiedPlace["role"], string>> = {
  registered: "registered",
  "host-key": "host key",
  "sealed-host-key": "sealed host key",
  "sealed-age-key": "sealed age key",
  "known-hosts": "host key",
  machine: "the machine",
};

function placeLine({ place, role, recipient, fingerprint, state }: VerifiedPlace): Styled {
  const key = fingerprint ?? recipient;
  const shown = key === undefined ? "not opened" : shortenKey(key);
  return ["  ", SIGNS[state], " ", ROLES[role].padEnd(15), " ", place, "  ", style("dim", shown)];
}

export async function machineShow(this: Context, flags: { readonly json?: boolean }, name: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const shown = await showMachine(workplace, name, lastVerified(workplace.repository, name));
  if (flags.json === true) {
    terminal.json(shown);
    return;
  }
  const { state, origin, keys, hostFingerprint, groups, reads, waiting, verified, next } = shown;
  const stages = ["planned", "keyed", "sealed", "verified"] as const;
  const steps = stages.map((stage) => (stage === state ? style("bold", stage) : style("dim", stage)));
  terminal.print([
    style("bold", name),
    "  ",
    ...steps.flatMap((step, i): Styled[] => (i === 0 ? [step] : [" → ", step])),
  ]);
  terminal.print(["key: ", ORIGIN_TEXT[origin]]);
  for (const { recipient, places } of keys) {
    terminal.print(["  ", recipient]);
    terminal.print(["    ", style("dim", places.join(", "))]);
  }
  if (hostFingerprint !== undefined) terminal.print(["host key: ", hostFingerprint]);
  if (groups.length > 0) terminal.print(["groups: ", groups.join(", ")]);
  if (verified !== undefined) terminal.print(["seen: ", verified.at.slice(0, 10), ", ", verified.by]);
  for (const line of documentLines("reads", reads)) terminal.print(line);
  for (const line of documentLines("should read, and cannot yet:", waiting)) terminal.print(line);
  for (const step of next) terminal.note([style("cyan", "next"), ": ", step]);
}

function documentLines(title: string, documents: readonly ShownDocument[]): Styled[] {
  if (documents.length === 0 && title !== "reads") return [];
  return [
    [title, " ", documents.length === 0 ? "nothing" : String(documents.length)],
    ...documents.map(({ address }): Styled => ["  ", address]),
  ];
}
