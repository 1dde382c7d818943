/** `secrets import SOURCE…`: values of clan's dump, or of sops documents, into the vars tier. */
import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import {
  type Destination,
  type Incoming,
  valuesOfDocument,
  valuesOfDump,
} from "../../actions/service/incoming-values.ts";
import { openSource } from "../../actions/service/open-source.ts";
import { planImport } from "../../actions/service/plan-import.ts";
import { SecretsError } from "../../errors.ts";
import { formatAddress } from "../../fleet/address.ts";
import { toFault } from "../../repo/fault.ts";
import { MAX_FILE } from "../../repo/read.ts";
import { readOutside } from "../../repo/read-outside.ts";
import { readTree, type TreeBounds } from "../../repo/read-tree.ts";
import { formatOfPath } from "../../sops/format.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { knownServices } from "../known-services.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface ImportFlags extends Omit<ChangeFlags, "planOut"> {
  readonly to?: string;
  readonly machine?: string;
  readonly service?: string;
  readonly secrets?: boolean;
  readonly prefix?: string;
  readonly key?: readonly string[];
  readonly for?: readonly string[];
  readonly replace?: boolean;
}

/** More than any fleet has, and less than a memory. */
const BOUNDS: TreeBounds = { files: 100_000, fileSize: MAX_FILE, totalSize: 512 * 1024 * 1024, depth: 16 };

export async function importValues(this: Context, flags: ImportFlags, ...sources: string[]): Promise<void> {
  const destination = destinationOf(flags);
  const workplace = await openWorkplace(this);
  const incoming = joined(await Promise.all(sources.map((source) => readSource(this, workplace, source, destination))));
  const graph = await knownServices(this, workplace);
  const plan = await planImport(workplace, incoming, {
    replace: flags.replace === true,
    graph,
    from: sources.length === 1 ? basename(resolve(this.directory, sources[0] ?? "")) : `${sources.length} sources`,
    ...(flags.for === undefined ? {} : { readers: flags.for }),
  });
  await conduct(this, workplace, plan, flags);
}

/** @throws SecretsError `E_USAGE` for flags that say different things */
function destinationOf({ to, machine, service, secrets = false, prefix, key }: ImportFlags): Destination {
  const keys = key === undefined ? {} : { keys: key };
  if ((machine === undefined) !== (service === undefined)) throw usage("--machine and --service go together");
  if (machine !== undefined && to !== undefined) throw usage("--to says the same as --machine and --service; give one");
  if (prefix !== undefined && !secrets) throw usage("--prefix goes with --secrets");
  if (secrets) {
    if (to !== undefined || machine !== undefined)
      throw usage("--secrets says where values go; leave --to, --machine and --service out");
    return { secrets: { prefix: prefix ?? "" }, ...keys };
  }
  const place =
    machine === undefined || service === undefined
      ? to
      : formatAddress({ tier: "vars", kind: "var", machine, service, file: undefined });
  return place === undefined ? keys : { to: place, ...keys };
}

async function readSource(
  context: Context,
  workplace: LocalWorkplace,
  typed: string,
  destination: Destination,
): Promise<Incoming> {
  const path = resolve(context.directory, typed);
  const isFolder = await stat(path).then(
    (stats) => stats.isDirectory(),
    (error: unknown) => {
      throw toFault(error, "read what is to be imported", typed);
    },
  );
  if (isFolder) {
    if (Object.keys(destination).length > 0) {
      throw usage(
        "a dump says itself where its values go; --to, --machine, --secrets and --key are for sops documents",
      );
    }
    return valuesOfDump(await readTree(path, BOUNDS));
  }
  const bytes = await readOutside(path, MAX_FILE).catch((error: unknown) => {
    throw toFault(error, "read what is to be imported", typed);
  });
  const format = formatOfPath(path);
  return valuesOfDocument(await openSource(workplace, bytes, format, typed), format, typed, destination);
}

/** @throws SecretsError `E_IMPORT_KEY` for an address that two sources have a value for */
function joined(all: readonly Incoming[]): Incoming {
  const values = all.flatMap((one) => one.values);
  const seen = new Set<string>();
  for (const { address } of values) {
    if (seen.has(address)) {
      throw new SecretsError("E_IMPORT_KEY", `two sources have a value for ${address}`, {
        kind: "usage",
        hint: "import one after the other",
      });
    }
    seen.add(address);
  }
  return {
    values,
    hashes: new Map(all.flatMap(({ hashes }) => [...hashes])),
    notes: all.flatMap(({ notes }) => notes),
  };
}

function usage(reason: string): SecretsError {
  return new SecretsError("E_USAGE", reason, { kind: "usage" });
}
