/** What Nix says when it fails, cut to its cause. */
import { type Location, SecretsError } from "../../errors.ts";

const LONGEST = 600;
const LINES = 8;

/** @param root of the repository: a place below it is told as the place of the error */
export function causeOf(stderr: string, root: string, message: string): SecretsError {
  const text = stderr.replace(/\x1b\[[0-9;]*[A-Za-z]/g, "");
  const paragraphs = text.split(/\n(?=\s*error:)/).filter((part) => /^\s*error:/.test(part));
  // The trace stands before the cause in newer releases, and behind it in older ones.
  const cause = (paragraphs.at(-1) ?? text).replace(/^\s*error:\s*/, "").replace(/\n\s*\u2026 while[\s\S]*$/, "");
  const location = placeIn(text, root);
  const lines = cause
    .trim()
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim() !== "")
    .slice(0, LINES);
  const hints = ["nix says:", ...lines.map((line) => line.slice(0, LONGEST))];
  if (/is not tracked by Git|No such file or directory|does not exist/.test(text)) {
    hints.push("a flake sees files that git knows alone: git add them");
  }
  return new SecretsError("E_NIX_EVAL", message, {
    hint: hints.join("\n"),
    ...(location === undefined ? {} : { location }),
  });
}

/** Files of the flake are shown where Nix has copied them to. */
function placeIn(text: string, root: string): Location | undefined {
  const places = [...text.matchAll(/at (\/nix\/store\/[a-z0-9]{32}-source\/|)([^\s:]+):(\d+):(\d+):?/g)];
  for (const [, store, path = "", line, column] of places.reverse()) {
    const file = store !== "" ? path : path.startsWith(`${root}/`) ? path.slice(root.length + 1) : undefined;
    if (file !== undefined) return { file, line: Number(line), column: Number(column) };
  }
  return undefined;
}
