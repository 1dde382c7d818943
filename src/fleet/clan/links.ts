/**
 * The links that say who reads a secret: `<secret>/{users,machines,groups}/<name>` to `sops/…`. They are resolved over
 * the list of the fleet's files, so a link can neither lead out of the repository nor to a file that git does not know.
 */
import { SecretsError } from "../../errors.ts";
import type { Anomaly, AnomalyCode } from "../anomaly.ts";
import type { Ground } from "../ground.ts";
import { baseOf, type PathIndex, parentOf } from "../path-index.ts";

export const MEMBER_KINDS = ["users", "machines", "groups"] as const;
export type MemberKind = (typeof MEMBER_KINDS)[number];

/** An entry of the registry: `sops/<kind>/<name>`. */
export interface Member {
  readonly kind: MemberKind;
  readonly name: string;
}

export interface ResolvedLink {
  /** Whom clan takes the link for; undefined when it takes it for nobody. */
  readonly member?: Member;
  readonly anomaly?: Anomaly;
}

/** As many as Linux follows. */
const MAX_HOPS = 40;
/** As long as Linux allows. */
const MAX_LINK_TEXT = 4096;

/**
 * As clan does: the target has to lie in a folder named after the kind. A link named differently from its target
 * counts for the target, and is told.
 */
export async function resolveMember(
  ground: Ground,
  index: PathIndex,
  path: string,
  kind: MemberKind,
): Promise<ResolvedLink> {
  const target = await follow(ground, index, path);
  if (typeof target !== "string") return { anomaly: target };
  const member = { kind, name: baseOf(target) };
  if (parentOf(target) !== `sops/${kind}` || index.kindOf(target) !== "directory") {
    return { anomaly: odd("link-misdirected", path, `This link leads to ${target}, which is not in sops/${kind}.`) };
  }
  if (member.name === baseOf(path)) return { member };
  const message = `This link is named ${baseOf(path)} and leads to ${target}: ${member.name} is the one who reads.`;
  return { member, anomaly: odd("link-misdirected", path, message) };
}

/** Where a link leads in the end, or why nowhere. */
async function follow(ground: Ground, index: PathIndex, path: string): Promise<string | Anomaly> {
  let place = parentOf(path);
  const rest = [baseOf(path)];
  let hops = 0;
  for (let component = rest.pop(); component !== undefined; component = rest.pop()) {
    if (component === "" || component === ".") continue;
    if (component === "..") {
      if (place === "") return escaping(path);
      place = parentOf(place);
      continue;
    }
    const next = place === "" ? component : `${place}/${component}`;
    const kind = index.kindOf(next);
    if (kind === "missing" || (kind === "file" && rest.length > 0)) {
      return odd("link-dangling", path, `This link points at nothing: there is no ${next}.`);
    }
    if (kind !== "link") {
      place = next;
      continue;
    }
    if (++hops > MAX_HOPS) return odd("link-loop", path, "This link leads back to itself.");
    const text = await ground.readLink(next).catch(goneMeanwhile);
    if (text.startsWith("/")) return escaping(path);
    if (text === "" || text.includes("\0") || text.length > MAX_LINK_TEXT) {
      return odd("link-dangling", path, "The text of this link is no path.");
    }
    const parts = text.split("/");
    // From the end: the next component is the one on top.
    for (let i = parts.length - 1; i >= 0; i--) rest.push(parts[i] ?? "");
  }
  return place;
}

/** The empty text is no path: the link is told as one that leads nowhere. */
function goneMeanwhile(error: unknown): string {
  if (error instanceof SecretsError) return "";
  throw error;
}

function escaping(path: string): Anomaly {
  return odd("link-escapes", path, "This link leads out of the repository.");
}

function odd(code: AnomalyCode, path: string, message: string): Anomaly {
  return { code, path, message };
}
