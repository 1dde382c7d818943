/** One thing that is wrong, with the command that mends it. Never a value. */
import { CATALOGUE, type FindingCode, type Severity } from "./catalogue.ts";

export interface Finding {
  readonly code: FindingCode;
  readonly severity: Severity;
  /** Relative to the root. */
  readonly path: string;
  /** From 1, where one is known. */
  readonly line?: number;
  readonly message: string;
  /** What to type. */
  readonly fix: string;
  readonly missing?: readonly NamedRecipient[];
  readonly extra?: readonly NamedRecipient[];
}

export interface NamedRecipient {
  readonly recipient: string;
  readonly name?: string;
}

export interface CheckReport {
  readonly schemaVersion: 1;
  readonly documents: { readonly vars: number; readonly files: number };
  /** By path, then code, then line. */
  readonly findings: readonly Finding[];
}

/** Fills in the severity that the catalogue gives the code. */
export function finding(
  code: FindingCode,
  place: { path: string; line?: number | undefined },
  message: string,
  fix: string,
): Finding {
  const { path, line } = place;
  return { code, severity: CATALOGUE[code].severity, path, ...(line === undefined ? {} : { line }), message, fix };
}

export function compareFindings(a: Finding, b: Finding): number {
  return (
    compare(a.path, b.path) || compare(a.code, b.code) || (a.line ?? 0) - (b.line ?? 0) || compare(a.message, b.message)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
