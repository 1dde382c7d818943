/** `secrets key convert`: age keys of SSH keys. */
import { convertPublicKeys, type SkippedLine } from "../../actions/key/convert-keys.ts";
import { deriveIdentity } from "../../actions/key/import-keys.ts";
import { SecretsError } from "../../errors.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { type KeyInput, readKeyInput } from "../key-input.ts";
import { askPassphrase } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";

export interface ConvertFlags {
  readonly private?: boolean;
  readonly json?: boolean;
}

/** More would hide the first ones, which are the ones to look at. */
const TOLD = 20;

export async function keyConvert(this: Context, flags: ConvertFlags, ...files: string[]): Promise<void> {
  if (flags.private === true && flags.json === true) {
    throw new SecretsError("E_USAGE", "--json tells of public keys, and never a private one", {
      kind: "usage",
      hint: "leave one of --json and --private out",
    });
  }
  const inputs: KeyInput[] = [];
  for (const file of files.length === 0 ? ["-"] : files) inputs.push(await readKeyInput(this, file));
  if (flags.private === true) {
    await convertPrivate(this, inputs);
    return;
  }
  const result = convertPublicKeys(inputs);
  if (flags.json === true) this.terminal.json(result);
  else {
    for (const { recipient } of result.keys) this.terminal.print(recipient);
    tellSkipped(this, result.skipped);
  }
  if (result.keys.length === 0) {
    this.terminal.note("no key was converted: only ssh-ed25519 keys can be");
    this.setExitCode(EXIT.findings);
  }
}

async function convertPrivate(context: Context, inputs: readonly KeyInput[]): Promise<void> {
  const { terminal, env } = context;
  const identities: string[] = [];
  for (const input of inputs) {
    try {
      // The variable is the one of ssh-to-age.
      const passphrase = env["SSH_TO_AGE_PASSPHRASE"];
      identities.push(await deriveIdentity(input, async (what) => passphrase || askPassphrase(what, terminal)));
    } finally {
      input.bytes.fill(0);
    }
  }
  if (terminal.stdoutIsScreen) {
    terminal.note([
      style("yellow", "note"),
      ": a private key follows; secrets key import --from-ssh FILE keeps it off the screen",
    ]);
  }
  for (const identity of identities) terminal.print(identity);
}

function tellSkipped({ terminal }: Context, skipped: readonly SkippedLine[]): void {
  for (const { file, line, reason } of skipped.slice(0, TOLD)) {
    terminal.note([style("yellow", "skipped"), ": ", file, `:${line} ${reason}`]);
  }
  if (skipped.length > TOLD) terminal.note([style("yellow", "skipped"), `: ${skipped.length - TOLD} more lines`]);
}
