/** `secrets key show`: which private keys this person has here, and whose they are in this fleet. */
import type { Keyring, Place } from "../../age/keyring.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { whoText } from "../principal/who.ts";
import { isDerivedFrom } from "./keys-here.ts";

export interface KeysHere {
  readonly schemaVersion: 1;
  /** Whether this was run in a fleet, which alone knows whose a key is. */
  readonly inFleet: boolean;
  /** Every place that was looked at, in order. */
  readonly places: readonly PlaceHere[];
}

export interface PlaceHere {
  /** The variable, or the path with `~`. */
  readonly name: string;
  /** Of a file. */
  readonly path?: string;
  readonly found: boolean;
  readonly keys: readonly KeyHere[];
  /** age plugins whose identities are here; they alone know the public halves. */
  readonly plugins: readonly string[];
  /** Not known before a command has run or a passphrase was given. */
  readonly pending?: "command" | "passphrase";
  /** One sentence; never what the place holds. */
  readonly problem?: string;
}

export interface KeyHere {
  /** The public half. */
  readonly recipient: string;
  readonly kind: "age" | "age-post-quantum" | "ssh-ed25519" | "ssh-rsa" | "plugin";
  /** This age key is the one that ssh-to-age derives from the SSH key before it. */
  readonly derived: boolean;
  /** `users/ada`, `machines/web01`, or the name of an anchor; left out for a key of nobody. */
  readonly owner?: string;
}

/** Runs nothing and asks nothing: what waits for that is told as pending. */
export function showKeys(keyring: Keyring, fleet: Fleet | undefined): KeysHere {
  return {
    schemaVersion: 1,
    inFleet: fleet !== undefined,
    places: keyring.places.map((place) => placeHere(place, fleet)),
  };
}

function placeHere(
  { name, path, found, identities, plugins, pending, problem }: Place,
  fleet: Fleet | undefined,
): PlaceHere {
  return {
    name,
    ...(path === undefined ? {} : { path }),
    found,
    keys: identities.map((recipient, i) => keyHere(recipient, identities[i - 1], fleet)),
    plugins,
    ...(pending === undefined ? {} : { pending }),
    ...(problem === undefined ? {} : { problem: problem.message }),
  };
}

function keyHere(recipient: string, before: string | undefined, fleet: Fleet | undefined): KeyHere {
  const owner = fleet?.principals.ownerOf(recipient);
  return {
    recipient,
    kind: kindOf(recipient),
    derived: isDerivedFrom(recipient, before),
    ...(owner === undefined ? {} : { owner: whoText(owner) }),
  };
}

function kindOf(recipient: string): KeyHere["kind"] {
  if (recipient.startsWith("ssh-ed25519 ")) return "ssh-ed25519";
  if (recipient.startsWith("ssh-")) return "ssh-rsa";
  if (recipient.startsWith("age1pq1")) return "age-post-quantum";
  // The data of an X25519 key begins right behind the last 1 of `age1`.
  return recipient.lastIndexOf("1") === 3 ? "age" : "plugin";
}
