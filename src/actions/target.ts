/** What an address points at in this work tree. Looks only where the address says, so that `get` needs no listing. */
import { SecretsError } from "../errors.ts";
import { type Address, didYouMean, formatAddress, parseAddress, type VarAddress } from "../fleet/address.ts";
import { formatOfPath } from "../sops/format.ts";
import type { Format } from "../sops/store.ts";
import type { KeyPath } from "../sops/tree.ts";
import { isFlatTree } from "./service/folders.ts";
import type { Workplace } from "./workplace.ts";

export interface VarTarget {
  readonly tier: "vars";
  readonly address: string;
  /** The directory of the file: holds `secret` or `value`, and the links of the readers. */
  readonly directory: string;
  readonly machine: string | undefined;
  readonly service: string | undefined;
  /** `secret`: a document; `public`: in clear; `absent`: neither is there yet. */
  readonly state: "secret" | "public" | "absent";
  /** `directory/secret`, or `directory/value` for a public one. */
  readonly path: string;
}

export interface FileTarget {
  readonly tier: "files";
  readonly address: string;
  readonly path: string;
  readonly format: Format;
  readonly keyPath: KeyPath;
  readonly state: "present" | "absent";
}

export type Target = VarTarget | FileTarget;

/**
 * @throws SecretsError `E_ADDRESS` for text that is no address, `E_ADDRESS_INCOMPLETE` for a service with several files
 *   (the hint lists them).
 */
export async function targetOf(workplace: Workplace, text: string): Promise<Target> {
  const address = parseAddress(text);
  if (address.tier === "files") return fileTarget(workplace, address.path, address.keyPath);
  if (address.kind === "secret")
    return varAt(workplace, formatAddress(address), `sops/secrets/${address.name}`, address);
  if (address.file === undefined) return onlyFileOf(workplace, text, address);
  const candidates = directoriesOf(address, address.file);
  for (const directory of candidates) {
    const target = await varAt(workplace, formatAddress(address), directory, address);
    if (target.state !== "absent") return target;
  }
  const flat = address.machine !== undefined && (await isFlat(workplace));
  const directory = (flat ? candidates[1] : candidates[0]) ?? "";
  return varAt(workplace, formatAddress(address), directory, address);
}

/** A target that can be read. @throws SecretsError `E_NOT_FOUND` with the nearest addresses, else as {@link targetOf}. */
export async function readableTarget(workplace: Workplace, text: string): Promise<Target> {
  const target = await targetOf(workplace, text);
  if (target.state !== "absent") return target;
  const fleet = await workplace.fleet();
  const known = [...fleet.documents, ...fleet.publicValues].map((document) => document.address);
  const shared = sharedAs(target);
  const candidates = shared !== undefined && known.includes(shared) ? [shared] : known;
  throw new SecretsError("E_NOT_FOUND", `there is no secret ${target.address}`, {
    location: { file: target.path },
    hint: didYouMean(target.address, candidates) ?? "secrets ls shows every address",
  });
}

/** Where the value would be if the machines shared it. */
function sharedAs(target: Target): string | undefined {
  if (target.tier !== "vars" || target.machine === undefined) return undefined;
  return target.address.replace(/^vars\/(per-machine\/)?[^/]+\//, "vars/shared/");
}

async function fileTarget(workplace: Workplace, path: string, keyPath: KeyPath): Promise<FileTarget> {
  const kind = await workplace.ground.kind(path);
  if (kind === "directory") {
    throw new SecretsError("E_ADDRESS", "this is a directory, not a document", {
      kind: "usage",
      location: { file: path },
      hint: `secrets ls ${path} shows what is below it`,
    });
  }
  const format = formatOfPath(path);
  if (format === "binary" && keyPath.length > 0) {
    throw new SecretsError("E_ADDRESS", "a binary document is one value and has no keys", {
      kind: "usage",
      location: { file: path },
      hint: `leave out what stands behind the #: ${path}`,
    });
  }
  const address = formatAddress({ tier: "files", kind: "file", path, keyPath });
  return {
    tier: "files",
    address,
    path,
    format,
    keyPath,
    state: kind === "missing" ? "absent" : "present",
  };
}

/** Where clan puts it, and where a fleet without `per-machine` does. */
function directoriesOf(address: VarAddress, file: string): string[] {
  if (address.exportKey !== undefined) return [`vars/per-export/${address.exportKey}/${address.service}/${file}`];
  if (address.machine === undefined) return [`vars/shared/${address.service}/${file}`];
  const rest = `${address.machine}/${address.service}/${file}`;
  return [`vars/per-machine/${rest}`, `vars/${rest}`];
}

/** A fleet that keeps `vars/<machine>/…` does so for its new secrets as well. */
async function isFlat({ ground }: Workplace): Promise<boolean> {
  return isFlatTree((await ground.list()).map(({ path }) => path));
}

async function varAt(
  workplace: Workplace,
  address: string,
  directory: string,
  of: Exclude<Address, { kind: "file" }>,
): Promise<VarTarget> {
  const [secret, value] = await Promise.all([
    workplace.ground.kind(`${directory}/secret`),
    workplace.ground.kind(`${directory}/value`),
  ]);
  // A clear value beside a secret is a leftover that `check` reports; the secret is what is meant.
  const state = secret !== "missing" ? "secret" : value !== "missing" ? "public" : "absent";
  return {
    tier: "vars",
    address,
    directory,
    machine: of.kind === "var" ? of.machine : undefined,
    service: of.kind === "var" ? of.service : undefined,
    state,
    path: `${directory}/${state === "public" ? "value" : "secret"}`,
  };
}

/** `vars/web01/openssh` is enough where the service has one file. */
async function onlyFileOf(workplace: Workplace, text: string, address: VarAddress): Promise<Target> {
  const fleet = await workplace.fleet();
  const prefix = `${formatAddress(address)}/`;
  const files = [...fleet.documents, ...fleet.publicValues]
    .map((document) => document.address)
    .filter((known) => known.startsWith(prefix));
  const [only] = files;
  if (files.length === 1 && only !== undefined) return targetOf(workplace, only);
  throw new SecretsError("E_ADDRESS_INCOMPLETE", `${text} names a service, not one of its files`, {
    kind: "usage",
    hint:
      files.length > 0
        ? `it has ${files.slice(0, 12).join(", ")}${files.length > 12 ? ", …" : ""}`
        : `name a file of it: ${prefix}FILE\nsecrets ls shows what there is`,
  });
}
