/** `secrets rotate user|machine NAME`: another key for the same name. */

import { deployTree } from "../../actions/machine/deploy-files.ts";
import { planFinish } from "../../actions/principal/finish-rotation.ts";
import { planRotate, type RotateOptions } from "../../actions/principal/rotate-key.ts";
import { parseStatedKey, type StatedPublicKey } from "../../actions/principal/stated-key.ts";
import { keyName } from "../../actions/rekey/access-plan.ts";
import { formatKeyFile, makeAgeKey } from "../../age/age-key.ts";
import { makeHostKey } from "../../age/host-key.ts";
import { SecretsError } from "../../errors.ts";
import { type ChangeFlags, type Conduct, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { extraFiles } from "../extra-files.ts";
import { type HostKey, readHostKey } from "../host-key-file.ts";
import { newKeyFile } from "../new-key-file.ts";
import { readPublicKeys } from "../public-keys.ts";
import { progress } from "../terminal/progress.ts";
import { style } from "../terminal/styled.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface RotateFlags extends ChangeFlags {
  readonly to?: string;
  readonly from?: string;
  readonly keepDataKey?: boolean;
  readonly force?: boolean;
}

export interface UserFlags extends RotateFlags {
  readonly toSsh?: string;
  readonly generate?: string;
  readonly overlap?: boolean;
  readonly finish?: boolean;
}

export interface MachineFlags extends RotateFlags {
  readonly fromHostKey?: string;
  readonly generate?: boolean;
  readonly extraFiles?: string;
}

export async function rotateUser(this: Context, flags: UserFlags, name: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const from = flags.from === undefined ? {} : { from: parseStatedKey(flags.from) };
  const options: RotateOptions = { ...optionsOf(flags), ...from, overlap: flags.overlap === true };
  if (flags.finish === true) {
    if (flags.overlap === true || flags.generate !== undefined || flags.toSsh !== undefined) {
      throw usage("--finish ends a rotation: it goes with --to and --from alone");
    }
    const to = flags.to === undefined ? undefined : parseStatedKey(flags.to);
    const plan = await progress(this.terminal, "sealing", (onProgress) =>
      planFinish(workplace, name, to, { ...options, onProgress }),
    );
    await conduct(this, workplace, plan, flags);
    return;
  }
  const { key, ...rest } = await newKeyOf(this, workplace, flags);
  await rotate(this, workplace, "user", name, key, options, flags, rest);
}

export async function rotateMachine(this: Context, flags: MachineFlags, name: string): Promise<void> {
  const { to, extraFiles: dir } = flags;
  const workplace = await openWorkplace(this);
  const host = await newHostKey(this, flags, name);
  if (dir !== undefined && host?.secret?.file === undefined) {
    throw usage("--extra-files needs the private half of the key: --generate, or --from-host-key with a private key");
  }
  const extra = dir === undefined ? undefined : await extraFiles(this, workplace.ground.root, dir);
  const key = parseStatedKey(host?.recipient ?? to ?? "");
  const options: RotateOptions = {
    ...optionsOf(flags),
    ...(flags.from === undefined ? {} : { from: parseStatedKey(flags.from) }),
    ...(host?.secret === undefined ? {} : { privateKey: host.secret.identity }),
    ...(host === undefined ? {} : { hostKey: { publicKey: host.publicKey, ...fileOf(host.secret) } }),
  };
  const onlyHere = flags.generate === true && extra === undefined;
  const files = deployTree({
    ...(host?.secret?.file === undefined
      ? {}
      : { hostKey: { privateKey: host.secret.file, publicKey: `${host.publicKey} root@${name}\n` } }),
    ...(host?.secret === undefined ? {} : { identity: host.secret.identity }),
  });
  const rest = extra === undefined ? {} : { prepare: () => extra.write(files) };
  await rotate(this, workplace, "machine", name, key, { ...options, onlyHere }, flags, rest);
}

async function newHostKey(
  context: Context,
  { to, fromHostKey, generate }: MachineFlags,
  name: string,
): Promise<HostKey | undefined> {
  const given = [to, fromHostKey, generate === true || undefined].filter((one) => one !== undefined);
  if (given.length !== 1) throw usage("give the new key: one of --to KEY, --from-host-key FILE and --generate");
  if (fromHostKey !== undefined) return readHostKey(context, fromHostKey);
  if (to !== undefined) return undefined;
  const secret = await makeHostKey(name);
  return { recipient: secret.recipient, publicKey: secret.publicKey, secret };
}

function fileOf(secret: HostKey["secret"]): { file?: string } {
  return secret?.file === undefined ? {} : { file: secret.file };
}

async function rotate(
  context: Context,
  workplace: LocalWorkplace,
  kind: "user" | "machine",
  name: string,
  key: StatedPublicKey,
  options: RotateOptions,
  flags: ChangeFlags,
  rest: Conduct,
): Promise<void> {
  const plan = await progress(context.terminal, "sealing", (onProgress) =>
    planRotate(workplace, kind, name, key, { ...options, onProgress }),
  );
  await conduct(context, workplace, plan, flags, { ...rest, stated: new Set([keyName(key)]) });
}

function optionsOf({ keepDataKey, force }: RotateFlags): RotateOptions {
  return { keepDataKey: keepDataKey === true, force: force === true };
}

async function newKeyOf(
  context: Context,
  workplace: LocalWorkplace,
  { to, toSsh, generate }: UserFlags,
): Promise<{ key: StatedPublicKey } & Conduct> {
  const given = [to, toSsh, generate].filter((one) => one !== undefined);
  if (given.length !== 1) throw usage("give the new key: one of --to KEY, --to-ssh FILE and --generate FILE");
  if (to !== undefined) return { key: parseStatedKey(to) };
  if (toSsh !== undefined) {
    const { keys, notes } = await readPublicKeys(context, { sshKey: [toSsh] });
    for (const note of notes) context.terminal.note([style("yellow", "note"), ": ", note]);
    const [key] = keys;
    if (key === undefined || keys.length !== 1) throw usage("this file holds several keys: name one with --to");
    return { key };
  }
  const made = makeAgeKey();
  const write = await newKeyFile(context, workplace, generate ?? "", formatKeyFile(made, context.now()));
  const prepare = async () => {
    const takeBack = await write();
    // Not before: a key that is thrown away is none.
    context.terminal.note(`new key: ${made.recipient}`);
    return takeBack;
  };
  return { key: parseStatedKey(made.recipient), prepare };
}

function usage(message: string): SecretsError {
  return new SecretsError("E_USAGE", message, { kind: "usage", hint: "secrets rotate --help shows the forms" });
}
