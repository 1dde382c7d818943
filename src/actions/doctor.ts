/** What this person's set-up looks like from here: which keys were found where, what each opens, which programs are there. */
import type { Keyring } from "../age/keyring.ts";
import type { Fleet } from "../fleet/fleet.ts";

export interface DoctorPlace {
  /** The variable, or the path with `~`. */
  readonly name: string;
  readonly found: boolean;
  readonly keys: readonly DoctorKey[];
  /** age plugins whose identities are here. */
  readonly plugins: readonly string[];
  /** Not known before a command has run or a passphrase was given. */
  readonly pending?: "command" | "passphrase";
  /** One sentence; never what the place holds. */
  readonly problem?: string;
}

export interface DoctorKey {
  /** The public half. */
  readonly recipient: string;
  /** Whose it is in this fleet. */
  readonly name?: string;
  readonly opens: number;
}

export interface DoctorCheck {
  readonly name: string;
  readonly state: "ok" | "warning" | "missing";
  readonly detail: string;
  /** What to do about it. */
  readonly fix?: string;
}

export interface DoctorReport {
  readonly schemaVersion: 1;
  /** Undefined outside of a fleet: keys and programs can be looked at anywhere. */
  readonly documents?: number;
  readonly places: readonly DoctorPlace[];
  readonly checks: readonly DoctorCheck[];
}

/**
 * @param fleet undefined when the person stands in no fleet
 * @param checks of programs and places that the roof has looked at
 */
export async function doctor(
  keyring: Keyring,
  fleet: Fleet | undefined,
  checks: readonly DoctorCheck[],
): Promise<DoctorReport> {
  await keyring.runCommands();
  const documents = fleet?.documents ?? [];
  const opens = (recipient: string) =>
    documents.filter(({ readers }) => readers.some(({ id }) => id === recipient)).length;
  const places = keyring.places.map(
    ({ name, found, identities, plugins, pending, problem }): DoctorPlace => ({
      name,
      found,
      keys: identities.map((recipient) => {
        const owner = fleet?.principals.nameOf(recipient);
        return { recipient, ...(owner === undefined ? {} : { name: owner }), opens: opens(recipient) };
      }),
      plugins,
      ...(pending === undefined ? {} : { pending }),
      ...(problem === undefined ? {} : { problem: problem.message }),
    }),
  );
  return {
    schemaVersion: 1,
    ...(fleet === undefined ? {} : { documents: documents.length }),
    places,
    checks: [...checks, keyCheck(places, documents.length)],
  };
}

function keyCheck(places: readonly DoctorPlace[], documents: number): DoctorCheck {
  const keys = places.flatMap((place) => place.keys);
  const plugins = [...new Set(places.flatMap((place) => place.plugins))];
  if (keys.length === 0 && plugins.length > 0) {
    const programs = plugins.map((plugin) => `age-plugin-${plugin}`).join(", ");
    return {
      name: "identities",
      state: "ok",
      detail: `what they open is known to ${programs}`,
      fix: `say it in a line above each, and it is asked about nothing else: # public key: age1${plugins[0] ?? ""}1…`,
    };
  }
  if (keys.length === 0) {
    return {
      name: "identities",
      state: "missing",
      detail: "no private key was found",
      fix: "put an age key into ~/.config/sops/age/keys.txt, or name one with SOPS_AGE_KEY_FILE",
    };
  }
  const useful = new Set(keys.filter(({ opens }) => opens > 0).map(({ recipient }) => recipient)).size;
  if (documents > 0 && useful === 0) {
    return {
      name: "identities",
      state: "warning",
      detail: `${keys.length} found, and none of them opens a document of this fleet`,
      fix: "ask someone who can read it to make you a reader",
    };
  }
  return { name: "identities", state: "ok", detail: `${keys.length} public halves, ${useful} of them readers here` };
}
