/** Services without a definition file, as tests want them. */
import {
  type Service,
  type ServiceBook,
  type ServiceFile,
  STANDARD_FILE,
} from "../../../src/fleet/services/service.ts";

export function aFile(name: string, rest: Partial<ServiceFile> = {}): ServiceFile {
  return {
    ...STANDARD_FILE,
    name,
    ...rest,
  };
}

/** @param address `vars/web01/tls` or `vars/shared/ca` */
export function aService(address: string, rest: Partial<Service> = {}): Service {
  const [, owner = "", name = ""] = address.split("/");
  const machine = owner === "shared" ? undefined : owner;
  return {
    name,
    address,
    machine,
    machines: machine === undefined ? ["web01", "web02"] : [machine],
    files: [aFile("key")],
    prompts: [],
    dependencies: [],
    validation: undefined,
    readers: undefined,
    maker: { kind: "script", script: "true", programs: [] },
    origin: { kind: "file", path: `vars/services/${name}.yaml`, line: 1 },
    ...rest,
  };
}

export function aBook(...services: readonly Service[]): ServiceBook {
  const sorted = [...services].sort((a, b) => (a.address < b.address ? -1 : 1));
  return { services: sorted, withoutFlake: undefined };
}
