/** Everything that is defined in this fleet, and what makes it: built out of what the process has. */
import { availableParallelism } from "node:os";
import type { Sources } from "../actions/service/check-services.ts";
import type { Workshop } from "../actions/service/run-services.ts";
import { SecretsError } from "../errors.ts";
import type { Ground } from "../fleet/ground.ts";
import { mergeBook } from "../fleet/services/book.ts";
import { readServiceFiles } from "../fleet/services/definition-files.ts";
import { readFlakeServices } from "../fleet/services/flake/read-flake.ts";
import type { Service, ServiceBook } from "../fleet/services/service.ts";
import { openNix } from "../repo/nix/nix.ts";
import type { Context } from "./context.ts";
import { style } from "./terminal/styled.ts";
import type { LocalWorkplace } from "./workplace.ts";

export interface BookFlags {
  readonly noNix?: boolean;
}

/** Where definitions are read. */
type Place = Pick<LocalWorkplace, "repository"> & { readonly ground: Ground };

export interface ShopFlags {
  readonly noSandbox?: boolean;
  readonly allowDisk?: boolean;
}

/** Definitions of both sources, with every fault of files. @throws SecretsError `E_NIX_EVAL` and what the flake's are refused for */
export async function readSources(context: Context, workplace: Place, { noNix = false }: BookFlags): Promise<Sources> {
  const { ground } = workplace;
  const files = await readServiceFiles(ground);
  const flake = await readFlakeServices(ground, openNix(workplace.repository, context.env), {
    noNix,
    onWait: (what) => context.terminal.note([style("dim", what)]),
  });
  // A gate that is green because half of the services were left out would be worse than none.
  if (flake.without !== undefined && noNix) throw withoutNix(flake.without);
  if (flake.without !== undefined) {
    context.terminal.note([style("yellow", "note"), `: clan's own services are left out: ${flake.without}`]);
  }
  return { files, flake };
}

/**
 * @throws SecretsError the first fault of a definition, with a count of the others; `E_SERVICE_TWICE`, `E_NIX_EVAL`, and
 *   `E_NO_NIX` with `--no-nix` where nothing is remembered
 */
export async function openServices(context: Context, workplace: Place, flags: BookFlags): Promise<ServiceBook> {
  const { files, flake } = await readSources(context, workplace, flags);
  refuseFaults(files.faults);
  return mergeBook(files.services, flake);
}

/** What runs services, in a sandbox where they are scripts. */
export async function openWorkshop(
  context: Context,
  workplace: LocalWorkplace,
  { noSandbox = false, allowDisk = false }: ShopFlags,
): Promise<Workshop> {
  const { makeBuiltIn } = await import("../actions/service/make/make-built-in.ts");
  const { openPasswordHash } = await import("../repo/password-hash.ts");
  const { env, platform } = context;
  return {
    makeBuiltIn: makeBuiltIn({ hashPassword: openPasswordHash(env) }),
    runScript: async (job) => {
      const { runScript } = await import("../repo/sandbox/run-script.ts");
      return runScript(job, { env, platform, allowDisk, unsandboxed: noSandbox });
    },
    buildScripts: (services) => buildScripts(context, workplace, services),
    abreast: Math.max(2, availableParallelism()),
    now: workplace.now(),
  };
}

/** A shared one as the first machine that has it defines it. */
async function buildScripts(
  { env, terminal }: Context,
  { repository }: LocalWorkplace,
  services: readonly Service[],
): Promise<ReadonlyMap<string, string>> {
  terminal.note([style("dim", `nix: building ${services.length === 1 ? "a script" : `${services.length} scripts`}`)]);
  const wanted = services.map(({ name, machines: [machine = ""] }) => ({ machine, service: name }));
  const paths = await openNix(repository, env).buildScripts(wanted);
  return new Map(services.map(({ address }, i) => [address, paths[i] ?? ""]));
}

/** @param why there are none of clan's own services, although there may be some */
export function withoutNix(why: string): SecretsError {
  return new SecretsError("E_NO_NIX", `clan's own services cannot be told: ${why}`, {
    hint: "run it once with nix: what it says is remembered until the flake changes",
  });
}

function refuseFaults(faults: readonly SecretsError[]): void {
  const [first, ...others] = faults;
  if (first === undefined) return;
  if (others.length === 0) throw first;
  const count = others.length === 1 ? "another definition is wrong as well" : `${others.length} other faults`;
  throw new SecretsError(first.code, first.message, {
    kind: first.kind,
    hint: [...(first.hint === undefined ? [] : [first.hint]), `and ${count}: secrets service check`].join("\n"),
    ...(first.location === undefined ? {} : { location: first.location }),
  });
}
