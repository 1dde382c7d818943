/** `secrets key verify`. */
import { type KeyAt, verifyKeys } from "../../actions/key/verify-keys.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import type { Context } from "../context.ts";
import { EXIT } from "../exit-codes.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export async function keyVerify(this: Context, flags: { readonly json?: boolean }, name?: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const [fleet, keyring] = await Promise.all([workplace.fleet(), workplace.keyring()]);
  const result = await verifyKeys(fleet, keyring, name, this.env["USER"]);
  const { agrees, places, documents, problems, notes } = result;
  if (!agrees) this.setExitCode(EXIT.findings);
  if (flags.json === true) {
    this.terminal.json(result);
    return;
  }
  const { terminal } = this;
  terminal.print([style("bold", result.name), style("dim", BY[result.by])]);
  const widest = Math.max(0, ...places.map((place) => placeText(place).length));
  for (const place of places) terminal.print(placeLine(place, widest));
  const all = documents.sealed === documents.wanted;
  terminal.print([
    "  ",
    all ? SIGNS.same : SIGNS.differs,
    ` documents  sealed to them: ${documents.sealed} of ${documents.wanted}`,
  ]);
  for (const note of notes) terminal.print(["  ", style("dim", ["– ", note])]);
  for (const { message, fix } of problems) {
    terminal.print([style("red", "differs"), ": ", message]);
    if (fix !== undefined) terminal.print([style("cyan", "fix"), ": ", fix]);
  }
  if (agrees) terminal.print(style("green", "one set of keys"));
}

const BY = { name: "", keys: ": whose keys are here", login: ": by the name on this computer" } as const;
const SIGNS: Readonly<Record<KeyAt["state"], Styled>> = {
  same: style("green", "✔"),
  differs: style("red", "✘"),
  other: style("dim", "–"),
};

function placeText({ place, anchor }: KeyAt): string {
  return anchor === undefined ? place : `${place} &${anchor}`;
}

function placeLine(at: KeyAt, widest: number): Styled {
  const { role, recipient, state } = at;
  return [
    "  ",
    SIGNS[state],
    " ",
    role.padEnd(9),
    "  ",
    placeText(at).padEnd(widest),
    "  ",
    style("dim", shortenKey(recipient)),
  ];
}
