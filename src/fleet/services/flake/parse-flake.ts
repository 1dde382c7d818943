/** What Nix printed of clan's generators, checked as input from outside, as services. */
import { SecretsError } from "../../../errors.ts";
import { NEEDED_FOR, PROMPT_TYPES, type Service, type ServiceFile, type ServicePrompt } from "../service.ts";
import { isFileName, isServiceName } from "../service-names.ts";

type Json = Readonly<Record<string, unknown>>;

interface Declared {
  readonly machine: string;
  readonly share: boolean;
  readonly service: Omit<Service, "address" | "machine" | "machines">;
}

/** @throws SecretsError `E_FLAKE` for what is no such thing, `E_SERVICE_DIFFERS` */
export function parseFlakeServices(json: string): Service[] {
  const declared = Object.entries(objectOf(parse(json), "the flake")).flatMap(([machine, value]) =>
    readMachine(machine, value),
  );
  const shared = Map.groupBy(
    declared.filter(({ share }) => share),
    ({ service }) => service.name,
  );
  const services: Service[] = [
    ...declared
      .filter(({ share }) => !share)
      .map(({ machine, service }) => ({
        ...service,
        address: `vars/${machine}/${service.name}`,
        machine,
        machines: [machine],
      })),
    ...[...shared.values()].map(share),
  ];
  return services.sort((a, b) => (a.address < b.address ? -1 : 1));
}

/**
 * clan takes the first machine's definition, and refuses others that differ in more than who owns the files. The default
 * groups of every machine read it: clan's `generate` and `fix` link each, and its `check` misses those that are not.
 */
function share(declared: readonly Declared[]): Service {
  const sorted = [...declared].sort((a, b) => (a.machine < b.machine ? -1 : 1));
  const [first, ...others] = sorted;
  if (first === undefined) throw new Error("a shared service without a machine");
  for (const { machine, service } of others) {
    for (const [what, of] of COMPARED) {
      if (JSON.stringify(of(service)) === JSON.stringify(of(first.service))) continue;
      throw new SecretsError(
        "E_SERVICE_DIFFERS",
        `the shared service ${service.name} has other ${what} on ${machine} than on ${first.machine}`,
        { hint: "a shared service has one definition: say the same on every machine that has it" },
      );
    }
  }
  const { service } = first;
  return {
    ...service,
    address: `vars/shared/${service.name}`,
    machine: undefined,
    machines: sorted.map(({ machine }) => machine),
    readers: [...new Set(sorted.flatMap(({ service: { readers } }) => readers ?? []))].sort(),
  };
}

const COMPARED: readonly (readonly [string, (service: Declared["service"]) => unknown])[] = [
  ["files", ({ files }) => files.map(({ name, secret, deploy, neededFor }) => [name, secret, deploy, neededFor])],
  ["prompts", ({ prompts }) => prompts],
  ["dependencies", ({ dependencies }) => dependencies],
  ["validation", ({ validation }) => validation ?? null],
];

function readMachine(machine: string, value: unknown): Declared[] {
  if (!isServiceName(machine)) throw odd(`${JSON.stringify(machine)} is no name of a machine`);
  const { secretStore, defaultGroups, generators } = objectOf(value, machine);
  const all = Object.entries(objectOf(generators, machine));
  if (secretStore !== "sops" && all.length > 0) {
    throw new SecretsError("E_FLAKE", `${machine} keeps its secrets in ${String(secretStore)}, not in sops`, {
      hint: 'set clan.vars.settings.secretStore = "sops", which is clan\'s standard',
    });
  }
  const readers = textsOf(defaultGroups, `defaultGroups of ${machine}`)
    .map((group) => `groups/${group}`)
    .sort();
  return all.map(([name, generator]) => readGenerator(machine, name, objectOf(generator, name), readers));
}

function readGenerator(machine: string, name: string, generator: Json, readers: readonly string[]): Declared {
  const at = `${name} of ${machine}`;
  if (!isServiceName(name)) throw odd(`${JSON.stringify(name)} is no name of a service`);
  const prompts = Object.entries(objectOf(generator["prompts"], at)).map(([prompt, value]) =>
    readPrompt(prompt, objectOf(value, at), at),
  );
  const files = Object.entries(objectOf(generator["files"], at)).map(([file, value]) =>
    readFile(file, objectOf(value, at), at),
  );
  const { validationHash, dependencies } = generator;
  if (validationHash !== null && !/^[0-9a-f]{64}$/.test(String(validationHash)))
    throw odd(`the validation of ${at} has no hash`);
  // An attribute set names what each is from elsewhere; on a machine its names are those of services.
  const names = Array.isArray(dependencies) ? textsOf(dependencies, at) : Object.keys(objectOf(dependencies, at));
  return {
    machine,
    share: generator["share"] === true,
    service: {
      name,
      files: files.sort((a, b) => (a.name < b.name ? -1 : 1)),
      prompts,
      dependencies: [...new Set(names)].sort(),
      validation: validationHash === null ? undefined : String(validationHash),
      readers,
      maker: { kind: "built-script" },
      origin: { kind: "flake" },
    },
  };
}

function readPrompt(name: string, { type, description, persist }: Json, at: string): ServicePrompt {
  const known = PROMPT_TYPES.find((one) => one === type);
  if (!isServiceName(name) || known === undefined)
    throw odd(`the prompt ${JSON.stringify(name)} of ${at} has an unknown type or name`);
  return {
    name,
    type: known,
    description: typeof description === "string" ? description : name,
    persist: persist === true,
  };
}

function readFile(name: string, file: Json, at: string): ServiceFile {
  const neededFor = NEEDED_FOR.find((one) => one === file["neededFor"]);
  const mode = String(file["mode"]);
  if (!isFileName(name) || neededFor === undefined || !/^[0-7]{4}$/.test(mode)) {
    throw odd(`the file ${JSON.stringify(name)} of ${at} has an unknown name, mode or neededFor`);
  }
  return {
    name,
    secret: file["secret"] === true,
    // Machines by name, as a flake-level generator says it, are not what a machine's own one has.
    deploy: file["deploy"] === true,
    owner: String(file["owner"]),
    group: String(file["group"]),
    mode,
    neededFor,
    restartUnits: textsOf(file["restartUnits"], at),
  };
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new SecretsError("E_FLAKE", "what nix printed of the services is no JSON", { cause });
  }
}

function objectOf(value: unknown, at: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw odd(`what nix printed of ${at} has another shape`);
}

function textsOf(value: unknown, at: string): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  throw odd(`what nix printed of ${at} has another shape`);
}

function odd(message: string): SecretsError {
  return new SecretsError("E_FLAKE", message, { hint: "secrets reads flakes of clan as they are since 2025" });
}
