/** Everything that can be known of a fleet without a private key; and what an identity can find out on top. */
import type { Fleet } from "../fleet/fleet.ts";
import { checkAnomalies } from "./check/anomalies.ts";
import { checkClear } from "./check/clear.ts";
import { type CheckReport, compareFindings, type Finding } from "./check/finding.ts";
import { checkLeftovers } from "./check/leftovers.ts";
import { checkPrincipals } from "./check/principals.ts";
import { checkReaders } from "./check/readers.ts";
import { checkRules } from "./check/rules.ts";
import { scopeOf } from "./check/scope.ts";

export interface CheckOptions {
  /** Only findings at or below these paths, relative to the root, or addresses; none means all. */
  readonly paths?: readonly string[];
  /** What `deepCheck` found. */
  readonly deep?: readonly Finding[];
}

/**
 * A function of the model: the order in which files were listed does not show.
 * @throws SecretsError `E_NOT_FOUND` for a path with nothing there
 */
export async function checkFleet(fleet: Fleet, { paths = [], deep = [] }: CheckOptions = {}): Promise<CheckReport> {
  const inScope = await scopeOf(fleet, paths);
  const findings = [
    ...checkAnomalies(fleet),
    ...checkReaders(fleet),
    ...checkClear(fleet),
    ...checkPrincipals(fleet),
    ...(await checkLeftovers(fleet)),
    ...checkRules(fleet),
    ...(await checkModules(fleet)),
    ...(await checkLists(fleet)),
    ...(await checkServiceFiles(fleet)),
    ...deep,
  ];
  const documents = fleet.documents.filter(({ path }) => inScope(path));
  return {
    schemaVersion: 1,
    documents: {
      vars: documents.filter(({ tier }) => tier === "vars").length,
      files: documents.filter(({ tier }) => tier === "files").length,
    },
    findings: findings.filter(({ path }) => inScope(path)).sort(compareFindings),
  };
}

/** Most fleets have none. */
async function checkLists(fleet: Fleet): Promise<Finding[]> {
  if ((await fleet.ground.kind("sops/renewals")) !== "directory") return [];
  const { checkRenewals } = await import("./check/renewals.ts");
  return checkRenewals(fleet);
}

/** Nor any of these. */
async function checkServiceFiles(fleet: Fleet): Promise<Finding[]> {
  if ((await fleet.ground.kind("vars/services")) !== "directory") return [];
  const { checkDefinitions } = await import("./check/definitions.ts");
  return checkDefinitions(fleet);
}

/** A parser of Nix is loaded for fleets alone that have what it would read. */
async function checkModules(fleet: Fleet): Promise<Finding[]> {
  const { ground } = fleet;
  if ((await ground.kind("modules")) !== "directory") return [];
  const { checkNixModules } = await import("./check/nix-modules.ts");
  return checkNixModules(fleet);
}
