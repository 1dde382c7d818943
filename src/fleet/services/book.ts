/** The services of both sources as one book. */
import { SecretsError } from "../../errors.ts";
import type { Origin, Service, ServiceBook } from "./service.ts";

/** @throws SecretsError `E_SERVICE_TWICE` naming the two places */
export function mergeBook(
  files: readonly Service[],
  flake: { readonly services: readonly Service[]; readonly without: string | undefined },
): ServiceBook {
  const services = new Map(files.map((service) => [service.address, service]));
  // By name: the same one on one machine from here and on another from there could not be told apart by who reads it.
  const named = new Map(files.map((service) => [service.name, service]));
  for (const service of flake.services) {
    const other = services.get(service.address) ?? named.get(service.name);
    if (other !== undefined) throw twice(service, other);
    services.set(service.address, service);
  }
  const sorted = [...services.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  return { services: sorted, withoutFlake: flake.without };
}

function twice({ address, origin }: Service, other: Service): SecretsError {
  const location =
    other.origin.kind === "file" ? { location: { file: other.origin.path, line: other.origin.line } } : {};
  return new SecretsError(
    "E_SERVICE_TWICE",
    `${address} is defined twice: ${placed(other.origin)} and ${placed(origin)}`,
    { ...location, hint: "keep one of them: a service has one definition" },
  );
}

function placed(origin: Origin): string {
  return origin.kind === "file" ? `in ${origin.path}` : "in the flake, as a generator of clan's";
}
