/** What a check was asked to look at: everything, or what lies at or below some paths. */
import { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";

export type Scope = (path: string) => boolean;

/**
 * @param paths relative to the root, or addresses; the empty path is the root. None at all means everything.
 * @throws SecretsError `E_NOT_FOUND` for a path with nothing there: a mistyped one must not look like a clean one.
 */
export async function scopeOf(fleet: Fleet, paths: readonly string[]): Promise<Scope> {
  const starts = paths.map((path) => path.replace(/\/+$/, ""));
  if (starts.length === 0 || starts.includes("")) return () => true;
  const there = new Set<string>();
  for (const { path } of [...(await fleet.ground.list()), ...fleet.documents, ...fleet.anomalies]) {
    for (const place of upwards(path)) there.add(place);
  }
  const wanted = new Set<string>();
  for (const start of starts) {
    if (there.has(start)) {
      wanted.add(start);
      continue;
    }
    const named = secretsAt(fleet, start);
    if (named.length === 0) throw nothingAt(start);
    for (const path of named) wanted.add(path);
  }
  return (path) => {
    for (const place of upwards(path)) if (wanted.has(place)) return true;
    return false;
  };
}

/** The folders of the vars whose address is, or begins with, what was typed: they leave out `per-machine`. */
function secretsAt({ documents, publicValues }: Fleet, start: string): string[] {
  return [...documents, ...publicValues]
    .filter(({ parts, address }) => parts.tier === "vars" && (address === start || address.startsWith(`${start}/`)))
    .map(({ path }) => path.slice(0, path.lastIndexOf("/")));
}

/** The path, and every folder that it lies in but the root. */
function* upwards(path: string): Generator<string> {
  for (let end = path.length; end > 0; end = path.lastIndexOf("/", end - 1)) yield path.slice(0, end);
}

function nothingAt(path: string): SecretsError {
  return new SecretsError("E_NOT_FOUND", "nothing of the fleet lies here", {
    location: { file: path },
    hint: "secrets ls shows every address; what git ignores is not looked at",
  });
}
