/** `secrets get ADDRESS`: exact bytes on a pipe, something readable on a terminal. */
import { getValue } from "../../actions/get.ts";
import { SecretsError } from "../../errors.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export async function get(this: Context, flags: { readonly yes?: boolean }, typed: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const { bytes, whole } = await getValue(workplace, await addressHere(this, workplace.ground.root, typed));
  if (!terminal.stdoutIsScreen) {
    await terminal.write(bytes);
    return;
  }
  if (isBinary(bytes)) {
    throw new SecretsError(
      "E_BINARY_ON_TERMINAL",
      `this value is binary (${bytes.length} bytes) and is not shown on a terminal`,
      {
        kind: "usage",
        hint: `send it to a file or a program: secrets get ${typed} > FILE`,
      },
    );
  }
  if (whole && flags.yes !== true) {
    const { askYesNo } = await import("../terminal/prompt.ts");
    if (!(await askYesNo(`Show all of ${typed} on this terminal?`, { terminal, flag: "--yes" }))) return;
  }
  await terminal.write(bytes);
  if (bytes.at(-1) !== 0x0a) {
    await terminal.write(Buffer.from("\n"));
    if (bytes.length === 0) terminal.note(style("dim", "(the value is empty)"));
  }
}

/** Not UTF-8, or with control characters that a terminal would act on. */
function isBinary(bytes: Uint8Array): boolean {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/.test(text);
  } catch {
    return true;
  }
}
