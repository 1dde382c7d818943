/** An error as a person reads it: what, where, why, what to type next. */
import { type Location, SecretsError } from "../../errors.ts";
import { type Styled, style } from "../terminal/styled.ts";

/** Lines for stderr. A value that is not our own error is a fault of this program and says so, without a stack trace. */
export function errorLines(error: unknown): Styled[] {
  if (!(error instanceof SecretsError)) return unexpectedLines(error);
  const lines: Styled[] = [[style("red", "error"), ": ", asClause(error.message), style("dim", ` [${error.code}]`)]];
  const place = formatLocation(error.location);
  if (place !== "") lines.push(["  at ", place]);
  for (const reason of causesOf(error)) lines.push(["  because ", reason]);
  // A hint may hold several steps; each is one line.
  for (const step of error.hint?.split("\n") ?? []) lines.push([style("cyan", "hint"), ": ", step]);
  return lines;
}

/** A message is a sentence where it stands alone; behind `error:` it goes on like one. */
function asClause(message: string): string {
  const text = /[^.]\.$/.test(message) ? message.slice(0, -1) : message;
  return /^[A-Z][a-z]* /.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

/** `file:line:column key/path`, as much of it as is known. */
export function formatLocation(location: Location | undefined): string {
  if (location === undefined) return "";
  let place = location.file ?? "";
  if (location.line !== undefined) {
    place += place === "" ? `line ${location.line}` : `:${location.line}`;
    if (location.column !== undefined)
      place += place.startsWith("line") ? `, column ${location.column}` : `:${location.column}`;
  }
  if (location.keyPath !== undefined && location.keyPath.length > 0) {
    place += `${place === "" ? "" : " "}key ${location.keyPath.join("/")}`;
  }
  return place;
}

function causesOf(error: SecretsError): string[] {
  const reasons: string[] = [];
  let cause = error.cause;
  // Only our own causes are shown: a foreign error's text may quote the input, and the input may be a secret.
  while (cause instanceof SecretsError && reasons.length < 5) {
    reasons.push([asClause(cause.message), formatLocation(cause.location)].filter((part) => part !== "").join(" at "));
    cause = cause.cause;
  }
  if (cause instanceof Error && "code" in cause && typeof cause.code === "string") reasons.push(cause.code);
  return reasons;
}

function unexpectedLines(error: unknown): Styled[] {
  const name = error instanceof Error ? error.name : typeof error;
  const frame = error instanceof Error ? /\bat .*$/m.exec(error.stack ?? "")?.[0] : undefined;
  return [
    [style("red", "error"), ": unexpected fault in this program", style("dim", ` [E_INTERNAL ${name}]`)],
    ...(frame === undefined ? [] : [`  ${frame}`]),
    [style("cyan", "hint"), ": nothing was half-written; `secrets doctor --json` is what a bug report should carry"],
  ];
}
