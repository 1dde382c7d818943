/** Strings of Nix: `"…"` and `''…''`, with what is interpolated in them. */
import type { NixCursor } from "./cursor.ts";
import type { NixExpression, NixString } from "./syntax.ts";

/** `$$` is no interpolation, whatever follows; so is a `$` before anything but `{`. */
const PLAIN = /(?:[^$"\\]|\$[^{"\\])+/y;
const PLAIN_INDENTED = /(?:[^$']|\$[^{']|'[^'$])+/y;
const ESCAPE = /''(?:\$|'|\\[\s\S])|'(?!')|\$(?!\{)/y;
const ESCAPED: ReadonlyMap<string, string> = new Map([
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** The string that begins here. @param read the expression after `${`, up to its `}` @throws SecretsError `E_NIX_SYNTAX` */
export function readString(cursor: NixCursor, read: () => NixExpression): NixString {
  const at = cursor.offset;
  const indented = cursor.starts("''");
  cursor.offset += indented ? 2 : 1;
  const inner: NixExpression[] = [];
  const texts: string[] = [];
  for (;;) {
    const text = indented ? indentedText(cursor) : plainText(cursor);
    if (text !== undefined) {
      if (inner.length === 0) texts.push(text);
    } else if (cursor.starts("${")) {
      inner.push(readInterpolation(cursor, read));
    } else if (indented && cursor.starts("''")) {
      cursor.offset += 2;
      break;
    } else if (!indented && cursor.starts('"')) {
      cursor.offset += 1;
      break;
    } else {
      throw cursor.fault("a string is not closed");
    }
  }
  return { kind: "string", at, text: texts.join(""), inner };
}

/** `${…}`; stops right behind it. */
export function readInterpolation(cursor: NixCursor, read: () => NixExpression): NixExpression {
  cursor.offset += 2;
  cursor.skip();
  const expression = cursor.deeper(read);
  if (!cursor.starts("}")) throw cursor.fault("} is missing");
  cursor.offset += 1;
  return expression;
}

function plainText(cursor: NixCursor): string | undefined {
  const plain = cursor.match(PLAIN);
  if (plain !== undefined) return plain;
  if (cursor.starts("\\") && cursor.offset + 1 < cursor.text.length) {
    const escaped = cursor.text.charAt(cursor.offset + 1);
    cursor.offset += 2;
    return ESCAPED.get(escaped) ?? escaped;
  }
  if (cursor.starts("$") && !cursor.starts("${")) {
    cursor.offset += 1;
    return "$";
  }
  return undefined;
}

function indentedText(cursor: NixCursor): string | undefined {
  return cursor.match(PLAIN_INDENTED) ?? cursor.match(ESCAPE);
}
