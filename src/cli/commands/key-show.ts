/** `secrets key show`. */
import { type KeyHere, type KeysHere, type PlaceHere, showKeys } from "../../actions/key/show-keys.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import { inHome } from "../../age/own-key-place.ts";
import { fingerprintOf } from "../../age/ssh-fingerprint.ts";
import type { Context } from "../context.ts";
import { fleetIfAny } from "../fleet-if-any.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { openKeyring } from "../workplace.ts";

export async function keyShow(this: Context, flags: { readonly json?: boolean }): Promise<void> {
  const workplace = await fleetIfAny(this);
  const keyring = await (workplace?.keyring() ?? openKeyring(this));
  const result = showKeys(keyring, await workplace?.fleet());
  if (flags.json === true) {
    this.terminal.json(result);
    return;
  }
  for (const line of lines(result, this.home)) this.terminal.print(line);
  if (!result.places.some(({ found }) => found)) {
    this.terminal.note([
      style("cyan", "next"),
      ": secrets key generate makes a key, secrets key import takes one over",
    ]);
  }
}

function lines({ places, inFleet }: KeysHere, home: string | undefined): Styled[] {
  const told = places.filter(({ found, problem }) => found || problem !== undefined);
  if (told.length === 0) return ["no private key is here"];
  return told.flatMap((place) => placeLines(place, inFleet, home));
}

function placeLines(
  { name, path, keys, plugins, pending, problem }: PlaceHere,
  inFleet: boolean,
  home: string | undefined,
): Styled[] {
  const where = path === undefined || name.includes("/") ? "" : ` (${inHome(path, home)})`;
  return [
    [style("bold", name), where],
    ...keys.map((key): Styled => keyLine(key, inFleet)),
    ...[...new Set(plugins)].map((plugin): Styled => ["  ", style("dim", ["by age-plugin-", plugin])]),
    ...(pending === "passphrase" ? ["  behind a passphrase, which is asked for when it is needed"] : []),
    ...(pending === "command" ? ["  not run: the command is, when a key is needed"] : []),
    ...(problem === undefined ? [] : [["  ", style("yellow", problem)]]),
  ];
}

function keyLine({ recipient, kind, derived, owner }: KeyHere, inFleet: boolean): Styled {
  // A post-quantum key fills a screen.
  const shown =
    kind === "ssh-ed25519" || kind === "ssh-rsa"
      ? `${kind} ${fingerprintOf(recipient)}`
      : recipient.length > 100
        ? shortenKey(recipient)
        : recipient;
  const who = owner ?? (inFleet ? style("dim", "nobody of this fleet") : undefined);
  return ["  ", shown, derived ? style("dim", "  derived") : "", ...(who === undefined ? [] : ["  ", who])];
}
