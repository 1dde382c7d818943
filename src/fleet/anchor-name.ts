/** What the anchor of a key in `.sops.yaml` says about whose it is: `&admin_ada`, `&host-web01`, `&web01`. */
import type { PrincipalKind } from "./principals.ts";

/** The words that people put before a name, and what they tell. */
const PREFIXES: ReadonlyMap<string, PrincipalKind> = new Map([
  ["admin", "user"],
  ["user", "user"],
  ["host", "machine"],
  ["machine", "machine"],
  ["server", "machine"],
]);

interface Named {
  readonly name: string;
  readonly kind: PrincipalKind;
}

/** Who is called something, however an anchor would have to spell it. */
export class NameIndex<T extends Named> {
  readonly #byName = new Map<string, T[]>();

  constructor(all: Iterable<T>) {
    for (const one of all) this.add(one);
  }

  add(one: T): void {
    const known = this.#byName.get(spelling(one.name));
    if (known === undefined) this.#byName.set(spelling(one.name), [one]);
    else known.push(one);
  }

  called(name: string): readonly T[] {
    return this.#byName.get(spelling(name)) ?? [];
  }
}

/** The kind that the word before the name tells. */
export function anchorKind(anchor: string): PrincipalKind {
  return splitAnchor(anchor)?.kind ?? "unknown";
}

/** What people put behind a name for its next key, while the old one still counts: `&ada_new`, `&ada_key2`. */
const LATER_KEY = /^(.+)[_-](?:new|key\d{1,4})$/i;

/**
 * The one that an anchor names: the whole anchor first, then what follows the word before it; if nobody is called that,
 * the same without a `_new` or `_key2` at the end. Undefined when nobody is called that either, or more than one
 * are and the word does not tell which.
 */
export function matchAnchor<T extends Named>(anchor: string, names: NameIndex<T>): T | undefined {
  const earlier = LATER_KEY.exec(anchor)?.[1];
  const candidates =
    candidatesFor(anchor, names) ?? (earlier === undefined ? undefined : candidatesFor(earlier, names));
  return candidates?.length === 1 ? candidates[0] : undefined;
}

/** Undefined when nobody is called that, of whatever kind. */
function candidatesFor<T extends Named>(anchor: string, names: NameIndex<T>): readonly T[] | undefined {
  const whole = names.called(anchor);
  if (whole.length > 0) return whole;
  const parts = splitAnchor(anchor);
  const called = parts === undefined ? [] : names.called(parts.name);
  return called.length === 0 ? undefined : called.filter(({ kind }) => kind === parts?.kind || kind === "unknown");
}

function splitAnchor(anchor: string): { kind: PrincipalKind; name: string } | undefined {
  const match = /^([a-z]+)[_-](.+)$/i.exec(anchor);
  const kind = PREFIXES.get(match?.[1]?.toLowerCase() ?? "");
  const name = match?.[2];
  return kind === undefined || name === undefined ? undefined : { kind, name };
}

/** Anchors cannot hold every character that names can; people write `_` for `-` and `.`. */
function spelling(name: string): string {
  return name.toLowerCase().replace(/[-.]/g, "_");
}
