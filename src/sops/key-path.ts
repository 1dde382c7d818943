/**
 * Key paths as a person types them: `db/users/0/name`. A slash or backslash inside a key is written `\/` and `\\`.
 * A component of digits is a list index where it meets a list, and the key itself where it meets a map.
 */
import { SecretsError } from "../errors.ts";
import type { KeyPath } from "./tree.ts";

const INDEX = /^(0|[1-9]\d{0,8})$/;

/**
 * The empty text is the document itself.
 * @throws SecretsError `E_KEY_PATH` for a backslash that escapes nothing.
 */
export function parseKeyPath(text: string): KeyPath {
  if (text === "") return [];
  const components: string[] = [""];
  for (let i = 0; i < text.length; i++) {
    const sign = text.charAt(i);
    if (sign === "/") {
      components.push("");
      continue;
    }
    if (sign === "\\" && !["/", "\\"].includes(text.charAt(++i))) {
      throw new SecretsError("E_KEY_PATH", "A backslash in a key path must stand before a slash or a backslash.", {
        kind: "usage",
        hint: "Write \\/ for a slash inside a key and \\\\ for a backslash.",
      });
    }
    components.push(`${components.pop() ?? ""}${text.charAt(i)}`);
  }
  return components.map((component) => (INDEX.test(component) ? Number(component) : component));
}

/** The text that {@link parseKeyPath} reads back; the path of one empty key is the exception, it has none. */
export function formatKeyPath(path: KeyPath): string {
  return path.map((component) => String(component).replace(/[\\/]/g, "\\$&")).join("/");
}
