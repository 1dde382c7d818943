/** Findings about definitions of services in files of the repository: what a fleet says that it makes, and cannot be made so. */
import type { SecretsError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { readServiceFiles } from "../../fleet/services/definition-files.ts";
import { checkServices } from "../service/check-services.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";

/** Nix is not started for this: a dependency that is not there may be a service of the flake's. */
export async function checkDefinitions({ ground }: Fleet): Promise<Finding[]> {
  const files = await readServiceFiles(ground);
  const hasFlake = (await ground.kind("flake.nix")) === "file";
  const flake = { services: [], without: hasFlake ? "it is not evaluated for a check" : undefined };
  return checkServices({ files, flake }).faults.map(definitionFinding);
}

function definitionFinding({ message, hint, location: { file = "", line, keyPath = [] } = {} }: SecretsError): Finding {
  const place = { path: file, ...(line === undefined ? {} : { line }) };
  const where = keyPath.length > 0 ? `${keyPath.join("/")}: ` : "";
  const [advice] = hint?.startsWith("did you mean") === true ? [`; ${hint}`] : [""];
  return finding("service-definition", place, `${where}${message}${advice}`, editAt(place));
}
