/**
 * Which values of a document are encrypted: the six selectors of sops, of which a document has exactly one.
 *
 * All six come down to one question asked while walking: has anything on the way here *hit*? For four of them keys
 * hit, for the other two the comments above an entry do. `encrypted_…` encrypts what was hit, `unencrypted_…` the rest.
 */
import { SecretsError } from "../errors.ts";

export type SelectorKind =
  | "unencrypted_suffix"
  | "encrypted_suffix"
  | "unencrypted_regex"
  | "encrypted_regex"
  | "unencrypted_comment_regex"
  | "encrypted_comment_regex";

export interface Selector {
  readonly kind: SelectorKind;
  /** The suffix, or the Go regular expression, searched for without anchors. */
  readonly pattern: string;
}

/** What a document without a selector means. */
export const DEFAULT_SELECTOR: Selector = { kind: "unencrypted_suffix", pattern: "_unencrypted" };

/** In the order of the metadata's historic layout. */
export const SELECTOR_KINDS: readonly SelectorKind[] = [
  "unencrypted_suffix",
  "encrypted_suffix",
  "unencrypted_regex",
  "encrypted_regex",
  "unencrypted_comment_regex",
  "encrypted_comment_regex",
];

export interface SelectorRule {
  /** Whether a component of the key path hits, and with it everything below. */
  key(component: string): boolean;
  /** Whether a comment hits the entry it stands above, and with it everything below. */
  comment(text: string): boolean;
  /** What a hit means: true when it encrypts, false when it leaves in clear. */
  readonly hitEncrypts: boolean;
  /** Whether the comment that hits is itself reached; the marker of `encrypted_comment_regex` stays in clear. */
  readonly hitsItself: boolean;
  /** Whether comments decide; encrypting them can then change the rule's own answers. */
  readonly byComments: boolean;
}

/**
 * Makes a selector ready to be asked. The Go expression engine is loaded only for the four kinds that need it.
 * A bad expression never hits: sops reads documents that way.
 */
export async function compileSelector(selector: Selector): Promise<SelectorRule> {
  const { kind, pattern } = selector;
  const hitEncrypts = kind.startsWith("encrypted_");
  if (kind.endsWith("_suffix")) {
    return keyRule(hitEncrypts, (component) => component.endsWith(pattern));
  }
  const matches = remembered((await compileGo(pattern)) ?? (() => false));
  if (kind.endsWith("_comment_regex")) {
    return { hitEncrypts, hitsItself: !hitEncrypts, byComments: true, key: () => false, comment: matches };
  }
  return keyRule(hitEncrypts, matches);
}

function keyRule(hitEncrypts: boolean, key: (component: string) => boolean): SelectorRule {
  return { hitEncrypts, hitsItself: false, byComments: false, key, comment: () => false };
}

/** @throws SecretsError `E_SELECTOR` for a selector that must not be written: an empty pattern or a bad expression. */
export async function refuseBadSelector(selector: Selector): Promise<void> {
  if (selector.pattern === "") {
    throw new SecretsError("E_SELECTOR", `The selector ${selector.kind} is empty.`, {
      hint: "Give it a pattern, or leave it out: then only keys that end in _unencrypted stay in clear.",
    });
  }
  if (selector.kind.endsWith("_regex") && (await compileGo(selector.pattern)) === undefined) {
    throw new SecretsError("E_SELECTOR", `The expression of ${selector.kind} is not a Go regular expression.`, {
      hint: "See the syntax of RE2; sops would ignore the expression without a word.",
    });
  }
}

async function compileGo(pattern: string): Promise<((text: string) => boolean) | undefined> {
  const { RE2JS } = await import("re2js");
  try {
    const expression = RE2JS.compile(pattern);
    return (text) => expression.matcher(text).find();
  } catch {
    return undefined;
  }
}

/** Keys repeat in real documents, and the engine is the slowest part of a walk. */
function remembered(matches: (text: string) => boolean): (text: string) => boolean {
  const known = new Map<string, boolean>();
  return (text) => {
    let hit = known.get(text);
    if (hit === undefined) {
      hit = matches(text);
      if (known.size < 10_000) known.set(text, hit);
    }
    return hit;
  };
}
