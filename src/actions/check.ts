/** Everything that can be known of a fleet without a private key; and what an identity can find out on top. */
import type { Fleet } from "../fleet/fleet.ts";
import { checkAnomalies } from "./check/anomalies.ts";
import { checkClear } from "./check/clear.ts";
import { type CheckReport, compareFindings, type Finding } from "./check/finding.ts";
import { checkPrincipals } from "./check/principals.ts";
import { checkReaders } from "./check/readers.ts";
import { checkRules } from "./check/rules.ts";

export interface CheckOptions {
  /** Only findings at or below these paths, relative to the root; none means all. */
  readonly paths?: readonly string[];
  /** What `deepCheck` found. */
  readonly deep?: readonly Finding[];
}

/** Pure over the model: the order in which files were listed does not show. */
export function checkFleet(fleet: Fleet, { paths = [], deep = [] }: CheckOptions = {}): CheckReport {
  const findings = [
    ...checkAnomalies(fleet),
    ...checkReaders(fleet),
    ...checkClear(fleet),
    ...checkPrincipals(fleet),
    ...checkRules(fleet),
    ...deep,
  ];
  const wanted = ({ path }: { readonly path: string }) =>
    paths.length === 0 || paths.some((start) => path === start || path.startsWith(`${start.replace(/\/$/, "")}/`));
  const documents = fleet.documents.filter(wanted);
  return {
    schemaVersion: 1,
    documents: {
      vars: documents.filter(({ tier }) => tier === "vars").length,
      files: documents.filter(({ tier }) => tier === "files").length,
    },
    findings: findings.filter(wanted).sort(compareFindings),
  };
}
