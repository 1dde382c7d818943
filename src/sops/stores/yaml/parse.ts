/** From text to the library's documents, with limits met on the way and errors told in our words. */
import type { CST, Document, ParsedNode } from "yaml";
import type { SecretsError } from "../../../errors.ts";
import { yamlFault } from "./fault.ts";
import { loadYamlLibrary } from "./library.ts";
import { MAX_NESTING } from "./limits.ts";

/** Pieces of syntax that one text may have when it needs the library. Each costs some hundred bytes of memory. */
const MAX_LEXEMES = 200_000;

export interface ParsedDocument {
  readonly document: Document.Parsed<ParsedNode>;
  /** Where its text begins: at its `---`, or where the document before ends. */
  readonly start: number;
}

export interface ParsedText {
  readonly documents: readonly ParsedDocument[];
  /** Offsets of all comment signs, in order. */
  readonly comments: readonly number[];
}

/** @throws SecretsError E_YAML_SYNTAX, E_YAML_NESTING, E_YAML_SIZE or E_YAML_DIRECTIVE with line and column. */
export function parseText(text: string): ParsedText {
  const { Composer } = loadYamlLibrary();
  const tokens = parseTokens(text);
  const composer = new Composer({
    schema: "failsafe",
    customTags: PLAIN_TAGS,
    keepSourceTokens: true,
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: "silent",
  });
  const starts = tokens.filter((token) => token.type === "document").map(startOfDocument);
  const documents: ParsedDocument[] = [];
  for (const document of composer.compose(tokens, false, text.length)) {
    const [error] = document.errors;
    if (error !== undefined) throw syntaxFault(error.code, text, error.pos[0]);
    documents.push({
      document: document as Document.Parsed<ParsedNode>,
      start: starts[documents.length] ?? text.length,
    });
  }
  return { documents, comments: findComments(tokens) };
}

/** The syntax tree, stopped as soon as something is nested too deep. The parser, unlike the composer, does not recurse. */
function parseTokens(text: string): CST.Token[] {
  const { Lexer, Parser } = loadYamlLibrary();
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  let offset = 0;
  let count = 0;
  const take = (parsed: Iterable<CST.Token>) => {
    for (const token of parsed) {
      if (token.type === "error") throw syntaxFault("UNEXPECTED_TOKEN", text, token.offset);
      if (token.type === "directive" && token.source.startsWith("%YAML")) {
        const message = "The YAML text has a %YAML directive, which sops does not accept.";
        throw yamlFault("E_YAML_DIRECTIVE", message, text, token.offset, "Remove the line.");
      }
      tokens.push(token);
    }
  };
  for (const lexeme of new Lexer().lex(text)) {
    take(parser.next(lexeme));
    offset += lexeme.length;
    count++;
    // The stack also holds the document and a scalar at the top.
    if (parser.stack.length > MAX_NESTING + 2) {
      const message = `The YAML text is nested more than ${MAX_NESTING} levels deep.`;
      throw yamlFault("E_YAML_NESTING", message, text, Math.min(offset, text.length), "Flatten it.");
    }
    if (count > MAX_LEXEMES) {
      throw yamlFault(
        "E_YAML_SIZE",
        "The YAML text has too many parts.",
        text,
        Math.min(offset, text.length),
        "Split the file.",
      );
    }
  }
  take(parser.end());
  return tokens;
}

function startOfDocument(token: CST.Token): number {
  const marker = token.type === "document" ? token.start.find((part) => part.type === "doc-start") : undefined;
  return marker?.offset ?? token.offset;
}

/** Tags that are dropped or resolved by our own rules; the library must keep its hands off their values. */
const PLAIN_TAGS = [
  ...["int", "float", "bool", "null", "timestamp", "binary", "merge"].map((name) => ({
    tag: `tag:yaml.org,2002:${name}`,
    default: false,
    resolve: (text: string) => text,
  })),
  { tag: "tag:yaml.org,2002:set", collection: "map" as const, default: false, resolve: <T>(node: T) => node },
  { tag: "tag:yaml.org,2002:omap", collection: "seq" as const, default: false, resolve: <T>(node: T) => node },
  { tag: "tag:yaml.org,2002:pairs", collection: "seq" as const, default: false, resolve: <T>(node: T) => node },
];

function findComments(tokens: readonly CST.Token[]): number[] {
  const offsets: number[] = [];
  const queue: unknown[] = [...tokens];
  for (let part = queue.pop(); part !== undefined; part = queue.pop()) {
    if (typeof part !== "object" || part === null) continue;
    const { type, offset } = part as { type?: string; offset?: number };
    if (type === "comment" && offset !== undefined) offsets.push(offset);
    for (const name of ["start", "key", "sep", "value", "items", "end", "props"]) {
      const inner = (part as Record<string, unknown>)[name];
      if (Array.isArray(inner)) for (const one of inner) queue.push(one);
      else if (typeof inner === "object" && inner !== null) queue.push(inner);
    }
    const { start } = part as { start?: unknown };
    if (typeof start === "object" && start !== null && !Array.isArray(start)) queue.push(start);
  }
  return offsets.sort((one, two) => one - two);
}

const SENTENCES = new Map<string, string>([
  ["BAD_DQ_ESCAPE", "A double-quoted string has an escape that YAML does not know."],
  ["BAD_INDENT", "A line is indented wrongly."],
  ["TAB_AS_INDENT", "A tab is used for indentation."],
  ["MULTILINE_IMPLICIT_KEY", "A key goes over several lines."],
  ["KEY_OVER_1024_CHARS", "A key is longer than 1024 characters."],
  ["MISSING_CHAR", "A sign is missing: a closing quote or bracket, a colon, or a blank."],
  ["BAD_SCALAR_START", "A value begins with a sign that is reserved; it has to be quoted."],
  ["BLOCK_IN_FLOW", "An indented block stands inside brackets."],
  ["BLOCK_AS_IMPLICIT_KEY", "A key or value stands where none can."],
  ["BAD_COLLECTION_TYPE", "A tag does not fit its map or list."],
]);

/** E_YAML_SYNTAX for an error of the library, by its code. */
export function syntaxFault(code: string, text: string, offset: number): SecretsError {
  const sentence = SENTENCES.get(code) ?? "The text is not valid YAML.";
  return yamlFault(
    "E_YAML_SYNTAX",
    sentence,
    text,
    Math.min(offset, text.length),
    "Look at this line and the one above.",
  );
}
