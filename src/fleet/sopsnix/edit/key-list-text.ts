/** One text that holds keys with commas between: plain, quoted, or a block over several lines. */
import { refusalAt } from "./fault.ts";
import { spellLike, spellWithin, splitKeys } from "./key-text.ts";
import type { Source, TextNode } from "./source.ts";
import { lineBreakOf, nextLine, type Splice } from "./splice.ts";

interface Part {
  readonly start: number;
  readonly end: number;
}

/** Other texts stand in the place of some keys; the rest keeps its layout. */
export function replaceParts(
  source: Source,
  node: TextNode,
  replacement: (key: string) => string | undefined,
): Splice[] {
  const keys = splitKeys(node.text);
  const inFlow = isInFlow(node);
  const parts = findParts(source, node, keys);
  const splices: Splice[] = [];
  for (const [index, key] of keys.entries()) {
    const text = replacement(key);
    if (text === undefined) continue;
    const part = parts?.[index];
    const spelled = spellWithin(text, node.style, inFlow);
    if (part !== undefined && spelled !== undefined && !mustQuote(node, keys, text, inFlow)) {
      if (source.text.slice(part.start, part.end) !== spelled) splices.push({ ...part, text: spelled });
    } else if (keys.length === 1 && node.style !== "block") return [respell(node, [text])];
    else throw unfit(source, node);
  }
  return splices;
}

/** Keys go, each with the comma and the line break that parted it from the next or, at the end, from the one before. */
export function removeParts(source: Source, node: TextNode, isDoomed: (key: string) => boolean): Splice[] {
  const keys = splitKeys(node.text);
  const parts = findParts(source, node, keys);
  if (parts === undefined) throw unfit(source, node);
  const last = keys.findLastIndex((key) => !isDoomed(key));
  return parts.flatMap((part, index) => {
    if (!isDoomed(keys[index] ?? "")) return [];
    const before = parts[index - 1];
    const after = parts[index + 1];
    if (index < last && after !== undefined) return [{ start: part.start, end: after.start, text: "" }];
    return before === undefined ? [] : [{ start: before.end, end: part.end, text: "" }];
  });
}

/** Keys come behind one of those that are there, parted from it as the others are. */
export function addParts(source: Source, node: TextNode, index: number, texts: readonly string[]): Splice[] {
  const keys = splitKeys(node.text);
  const inFlow = isInFlow(node);
  // Without quotes, a comma in brackets would end the text.
  if (inFlow && node.style === "plain") return [respell(node, keys.toSpliced(index + 1, 0, ...texts))];
  const parts = findParts(source, node, keys);
  const part = parts?.[index];
  if (parts === undefined || part === undefined) throw unfit(source, node);
  const gap = gapBehind(source, node, parts, index);
  const added = texts.map((text) => {
    const spelled = spellWithin(text, node.style, inFlow);
    if (spelled === undefined) throw unfit(source, node);
    return `,${gap}${spelled}`;
  });
  return [{ start: part.end, end: part.end, text: added.join("") }];
}

/** What stands behind the comma between two keys. */
function gapBehind(source: Source, node: TextNode, parts: readonly Part[], index: number): string {
  const here = Math.min(index, parts.length - 2);
  const [one, two] = [parts[here], parts[here + 1]];
  if (one !== undefined && two !== undefined) {
    const between = source.text.slice(one.end, two.start);
    return between.slice(between.indexOf(",") + 1);
  }
  if (node.style !== "block") return "";
  const start = parts[0]?.start ?? node.end;
  const indent = source.text.slice(source.text.lastIndexOf("\n", start - 1) + 1, start);
  return /^ +$/.test(indent) ? lineBreakOf(source.text) + indent : "";
}

/** Where the keys stand; undefined if escapes or the like hide them. */
function findParts({ text }: Source, node: TextNode, keys: readonly string[]): Part[] | undefined {
  const quotes = node.style === "single" || node.style === "double" ? 1 : 0;
  const from = node.style === "block" ? nextLine(text, node.content) : node.content + quotes;
  const to = node.end - quotes;
  const parts: Part[] = [];
  for (let at = from; at < to; ) {
    const comma = text.indexOf(",", at);
    const raw = text.slice(at, comma === -1 ? to : Math.min(comma, to));
    const start = at + raw.length - raw.trimStart().length;
    if (raw.trim() !== "") parts.push({ start, end: start + raw.trim().length });
    at += raw.length + 1;
  }
  const isSame = ({ start, end }: Part, index: number) => flat(text.slice(start, end)) === flat(keys[index] ?? "");
  return parts.length === keys.length && parts.every(isSame) ? parts : undefined;
}

/** A text that goes over lines is read with blanks in their place. */
function flat(text: string): string {
  return text.replace(/\s+/g, " ");
}

/** A plain text of one key would be read as a number, or as several items. */
function mustQuote(node: TextNode, keys: readonly string[], text: string, inFlow: boolean): boolean {
  return node.style === "plain" && keys.length === 1 && spellLike(text, "plain", inFlow) !== text;
}

function respell(node: TextNode, keys: readonly string[]): Splice {
  return { start: node.content, end: node.end, text: spellLike(keys.join(","), node.style, isInFlow(node)) };
}

/** Whether brackets or braces are around it. */
function isInFlow(node: TextNode): boolean {
  return node.entry?.owner.flow === true;
}

function unfit(source: Source, node: TextNode): Error {
  return refusalAt(
    source,
    node.content,
    "The keys of this text are written in a way that cannot be edited safely.",
    "Write one key a line, as a list, or edit it by hand.",
  );
}
