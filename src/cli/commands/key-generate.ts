/** `secrets key generate`: a new age key, or a new pair of SSH keys, for a person. */
import { open, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { resolve } from "node:path";
import { shellWord } from "../../actions/check/shell-word.ts";
import { ownerByName, ownersOf } from "../../actions/key/whose-keys.ts";
import { makeAgeKey } from "../../age/age-key.ts";
import { formatEntry, type KeyEntry } from "../../age/key-list.ts";
import { makeHybridKey } from "../../age/post-quantum.ts";
import { makeSshKeyPair } from "../../age/ssh-key-pair.ts";
import { SecretsError } from "../../errors.ts";
import { toFault } from "../../repo/fault.ts";
import type { Context } from "../context.ts";
import { fleetIfAny } from "../fleet-if-any.ts";
import { newKeyFile } from "../new-key-file.ts";
import { refusePlace } from "../outside.ts";
import { addToKeyFile, keyFilePlace, refuseInFleet } from "../own-key-file.ts";
import { style } from "../terminal/styled.ts";
import type { LocalWorkplace } from "../workplace.ts";

export interface GenerateFlags {
  readonly postQuantum?: boolean;
  readonly ssh?: boolean;
  readonly comment?: string;
}

export async function keyGenerate(this: Context, flags: GenerateFlags, file?: string): Promise<void> {
  refuseTogether(flags, file);
  const workplace = await fleetIfAny(this);
  const before = await namesBefore(this, workplace);
  const publicKey =
    flags.ssh === true
      ? await makePair(this, workplace, flags, file ?? "")
      : await makeKey(this, workplace, flags, file);
  this.terminal.print(publicKey);
  const key = shellWord(publicKey);
  const step =
    before === undefined
      ? `secrets user add NAME --age-key ${key}`
      : `secrets user add-key ${shellWord(before)} ${key}`;
  this.terminal.note([style("cyan", "next"), ": in the fleet, by somebody who can read it: ", step]);
}

/** @throws SecretsError `E_USAGE` */
function refuseTogether({ postQuantum, ssh, comment }: GenerateFlags, file: string | undefined): void {
  const usage = (message: string, hint: string) => new SecretsError("E_USAGE", message, { kind: "usage", hint });
  if (ssh === true && postQuantum === true) {
    throw usage("--ssh and --post-quantum are two kinds of keys", "give one of them");
  }
  if (ssh === true && file === undefined) {
    throw usage("an SSH key needs a file of its own", "secrets key generate --ssh ~/.ssh/id_ed25519");
  }
  if (comment !== undefined && /[\p{Cc}\u2028\u2029]/u.test(comment)) {
    throw usage("a comment is one line of text", "give it without line breaks and control characters");
  }
}

/** Looked up before there is a new key, which belongs to nobody. */
async function namesBefore(context: Context, workplace: LocalWorkplace | undefined): Promise<string | undefined> {
  if (workplace === undefined) return undefined;
  const fleet = await workplace.fleet();
  const owners = ownersOf(fleet, (await workplace.keyring()).recipients());
  const [only] = owners;
  return owners.length === 1 ? only?.name : ownerByName(fleet, context.env["USER"])?.name;
}

async function makeKey(
  context: Context,
  workplace: LocalWorkplace | undefined,
  { postQuantum, comment }: GenerateFlags,
  file: string | undefined,
): Promise<string> {
  const { identity, recipient } = postQuantum === true ? await makeHybridKey() : makeAgeKey();
  const created = `created: ${context.now().toISOString().replace(/\.\d+/, "")}`;
  const comments = comment === undefined ? [created] : [comment, created];
  const entry: KeyEntry = { identity, recipients: [recipient], comments };
  if (file === undefined) {
    const place = await keyFilePlace(context, undefined);
    const { tightened } = await addToKeyFile(place, [entry]);
    context.terminal.note([
      "added to ",
      style("bold", place.name),
      ...(tightened ? [", which is yours alone now"] : []),
    ]);
  } else {
    await refuseInFleet(resolve(context.directory, file), file);
    await (await newKeyFile(context, workplace, file, formatEntry(entry)))();
    context.terminal.note(["written to ", style("bold", file)]);
  }
  return recipient;
}

async function makePair(
  context: Context,
  workplace: LocalWorkplace | undefined,
  { comment }: GenerateFlags,
  file: string,
): Promise<string> {
  const { privateKey, publicKey } = makeSshKeyPair(
    comment ?? `${context.env["USER"] || "user"}@${hostname()}`.replace(/[\p{C}\s]/gu, "?"),
  );
  await refuseInFleet(resolve(context.directory, file), file);
  const write = await newKeyFile(context, workplace, file, privateKey);
  const publicFile = `${file}.pub`;
  const handle = await open(resolve(context.directory, publicFile), "wx", 0o644).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw toFault(error, "write the public key", publicFile);
      throw refusePlace(
        publicFile,
        "there is a file of this name already",
        "a key is never written over another file: name a new one",
      );
    },
  );
  try {
    await handle.writeFile(publicKey);
    await handle.sync();
    // Last: a public key without its private half does no harm.
    await write();
  } catch (error) {
    await rm(resolve(context.directory, publicFile), { force: true });
    throw toFault(error, "write the public key", publicFile);
  } finally {
    await handle.close();
  }
  context.terminal.note(["written to ", style("bold", file), " and ", style("bold", publicFile)]);
  return publicKey.trim();
}
