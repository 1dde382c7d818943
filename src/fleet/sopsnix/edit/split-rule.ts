/** A rule of its own for one path: a copy before the rule that decides for it so far. */
import { refusal, refusalAt } from "./fault.ts";
import { spellLike, spellPlain } from "./key-text.ts";
import { ownEntry } from "./places.ts";
import type { Entry, Source, SourceNode, TextNode } from "./source.ts";
import { applySplices, beforeOnLine, lineBreakOf, nextLine, type Splice, startOfLine } from "./splice.ts";

export function splitRule(source: Source, rule: Entry, pathRegex: string, comment: string | undefined): Splice[] {
  const { text } = source;
  const { value } = rule;
  if (value.kind !== "map" || rule.owner.flow || !/^ *$/.test(beforeOnLine(text, rule.start))) {
    throw refuse(source, rule.start, "This rule does not stand on lines of its own.");
  }
  const anchored = source.nodes.filter((node) => isAnchoredWithin(node, rule));
  const from = startOfLine(text, rule.start);
  const to = nextLine(text, rule.end);
  const own = pathSplice(source, rule, pathRegex);
  const copy = applySplices(
    text.slice(from, to),
    own.map((splice) => ({ ...splice, start: splice.start - from, end: splice.end - from })),
  );
  const eol = lineBreakOf(text);
  const { at, gap } = placeBefore(source, rule);
  const lines = [
    ...commentLines(comment, beforeOnLine(text, rule.start)),
    copy.replace(/\r?\n$/, ""),
    ...(gap ? [""] : []),
  ];
  const inserted = lines.map((line) => line + eol).join("");
  // The copy comes first and has the anchors now.
  return [{ start: at, end: at, text: inserted }, ...anchored.map((node) => intoAlias(source, node, own))];
}

/** What gives a copy its own path. */
function pathSplice(source: Source, rule: Entry, pathRegex: string): Splice[] {
  const { value } = rule;
  if (value.kind !== "map") return [];
  const field = ownEntry(value, "path_regex");
  if (field !== undefined) {
    const { value: old } = field;
    if (old.kind !== "text" && old.kind !== "alias") throw refuse(source, old.start, "This path_regex is no text.");
    const spelled =
      old.kind === "text" ? spellLike(pathRegex, old.style, value.flow) : spellPlain(pathRegex, value.flow);
    const gap = /\s/.test(source.text[old.start - 1] ?? "") ? "" : " ";
    return [{ start: old.start, end: old.end, text: gap + spelled }];
  }
  const [first] = value.entries;
  if (first === undefined) throw refuse(source, rule.start, "This rule has no content.");
  const pair = `path_regex: ${spellPlain(pathRegex, value.flow)}`;
  const column = " ".repeat(beforeOnLine(source.text, first.start).length);
  const text = value.flow ? `${pair}, ` : `${pair}${lineBreakOf(source.text)}${column}`;
  return [{ start: first.start, end: first.start, text }];
}

function isAnchoredWithin(node: SourceNode, rule: Entry): boolean {
  return node.kind !== "alias" && node.anchor !== undefined && node.start > rule.start && node.end <= rule.end;
}

/** In the rule itself, an alias for what the copy defines now; what the copy has replaced stays. */
function intoAlias(source: Source, node: SourceNode, replaced: readonly Splice[]): Splice {
  const { anchor } = node;
  const isReplaced = replaced.some(({ start, end }) => node.start >= start && node.end <= end && start < end);
  if (isReplaced || anchor === undefined) return { start: node.start, end: node.start, text: "" };
  if (node.kind !== "text" || (node as TextNode).style === "block") {
    throw refuse(
      source,
      node.start,
      "This rule defines a list or text with an anchor, which a copy would define again.",
    );
  }
  return { start: node.start, end: node.end, text: `*${anchor.name}` };
}

/** Above the comment that a rule has, and whether a blank line parts it from others. */
export function placeBefore({ text }: Source, rule: Entry): { at: number; gap: boolean } {
  const indent = beforeOnLine(text, rule.start);
  let at = startOfLine(text, rule.start);
  const above = () => text.slice(startOfLine(text, at - 1), at);
  while (at > 0 && above().startsWith(`${indent}#`)) at = startOfLine(text, at - 1);
  const isBlankAbove = at > 0 && /^[ \t]*\r?\n?$/.test(above());
  const behind = nextLine(text, rule.end);
  const isBlankBelow = rule.index === 0 && /^[ \t]*\r?\n/.test(text.slice(behind, nextLine(text, behind)));
  const hasOthers = rule.owner.entries.length > 1;
  return { at, gap: hasOthers && (isBlankAbove || isBlankBelow) };
}

/** @throws SecretsError `E_CONFIG_EDIT` for characters that no comment can hold */
function commentLines(comment: string | undefined, indent: string): string[] {
  if (comment === undefined || comment.trim() === "") return [];
  if (/[^\P{C}\n]|[\u2028\u2029]/u.test(comment)) {
    throw refusal("The comment has characters that YAML does not allow there.", 1, "Give it as plain text.");
  }
  return comment.split("\n").map((line) => `${indent}# ${line}`.trimEnd());
}

function refuse(source: Source, offset: number, message: string) {
  return refusalAt(source, offset, message, "Write the rule in lines of its own, or copy it by hand.");
}
