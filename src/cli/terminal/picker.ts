/** The picker of `secrets edit`: type parts of a name, see who reads it, press Enter. */
import { listSecrets } from "../../actions/list.ts";
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { rank } from "./fuzzy.ts";
import { askChoice, type Choice } from "./prompt.ts";
import { render, truncate, widthOf } from "./styled.ts";
import type { Terminal } from "./terminal.ts";

/** Beyond these, typing one more letter finds more than scrolling does. */
const MOST_SHOWN = 200;

/** @returns the address of a document or value. @throws SecretsError `E_NO_TERMINAL` when nobody can be asked. */
export async function pickSecret(fleet: Fleet, terminal: Terminal): Promise<string> {
  const choices = choicesOf(fleet, terminal);
  if (choices.length === 0) {
    throw new SecretsError("E_NOT_FOUND", "there is no secret here to pick from", {
      hint: "name one to make it: secrets edit vars/MACHINE/SERVICE/FILE",
    });
  }
  const find = (term: string) => rank(term, choices, ({ name }) => name).slice(0, MOST_SHOWN);
  return askChoice("Edit", find, { terminal, flag: "an address: secrets edit ADDRESS" });
}

/** Whole documents of tier 2 first, each followed by its values: editing the document is the usual wish. */
function choicesOf(fleet: Fleet, terminal: Terminal): Choice<string>[] {
  const { secrets } = listSecrets(fleet);
  const choices: Choice<string>[] = [];
  let document: string | undefined;
  for (const { address, kind, path, readers } of secrets) {
    const who = kind === "public" ? "public" : readers.join(", ");
    if (kind === "value" && path !== document) choices.push(choice(address.split("#", 1)[0] ?? path, who, terminal));
    if (kind === "value") document = path;
    choices.push(choice(address, who, terminal));
  }
  return choices;
}

/** The readers stand at the end of the line as far as it has room for them. */
function choice(address: string, who: string, terminal: Terminal): Choice<string> {
  const room = (terminal.columns ?? 80) - widthOf(address) - 6;
  const readers = room < 12 ? "" : `  ${render(truncate(who, room), false)}`;
  return { value: address, name: `${address}${readers}`, description: `read by ${who}` };
}
