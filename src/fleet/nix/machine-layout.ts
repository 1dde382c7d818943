/**
 * How fleets of the dendritic pattern with clan state their machines in Nix: each has a module
 * `modules/machines/<class>/<host>/`, exported as `flake.modules.<class>."machines/<class>/<host>"`, and is registered in
 * `modules/clan/`. The files are read as text, and only those of the folders that are asked for.
 */
import { SecretsError } from "../../errors.ts";
import type { Ground } from "../ground.ts";
import { type ModuleFacts, readModuleFacts } from "./module-facts.ts";
import { type MachineClass, machineClass } from "./names-of-modules.ts";

export interface NixFile {
  readonly path: string;
  readonly facts: ModuleFacts;
}

/** A file that may say anything, for all that is known. */
export interface UnreadNixFile {
  readonly path: string;
  readonly line?: number;
  /** Why: a part of a sentence. */
  readonly reason: string;
}

export interface MachineFolder {
  readonly class: MachineClass;
  readonly host: string;
}

export interface MachineLayout {
  readonly folders: readonly MachineFolder[];
  /** In `modules/machines` and `modules/clan`. */
  readonly files: readonly NixFile[];
  readonly unread: readonly UnreadNixFile[];
  /** Whether there is the registry `modules/clan/machines.nix`. */
  readonly registryFile: boolean;
  /** All other Nix files of the repository: what was not found may be there. */
  others(): Promise<{ readonly files: readonly NixFile[]; readonly unread: readonly UnreadNixFile[] }>;
  /** Whether a file or folder that Nix reads is called so. */
  hasPathNamed(name: string): boolean;
}

const REGISTRY = "modules/clan/machines.nix";
/** A file that people write has a few thousand characters. */
const LARGEST = 1024 * 1024;

/** Undefined for a fleet without that layout. @throws SecretsError from `list()` */
export async function readMachineLayout(ground: Ground): Promise<MachineLayout | undefined> {
  const [machines, registry] = [await ground.kind("modules/machines"), await ground.kind(REGISTRY)];
  if (machines !== "directory" && registry !== "file") return undefined;
  const nix = (await ground.list()).filter(({ path, kind }) => mayBeNix(path, kind) && !isLeftOut(path));
  const own = nix.filter(({ path }) => isOwn(path));
  const read = await readFiles(ground, own);
  return {
    ...read,
    folders: foldersOf(own),
    registryFile: registry === "file",
    others: () =>
      readFiles(
        ground,
        nix.filter(({ path }) => !isOwn(path)),
      ),
    hasPathNamed: (name) =>
      nix.some(({ path }) => path.split("/").some((part) => part === name || part === `${name}.nix`)),
  };
}

/** A link may lead to a folder of modules. */
function mayBeNix(path: string, kind: "file" | "link"): boolean {
  return path.endsWith(".nix") || (kind === "link" && isOwn(path));
}

/** By import-tree: what has a `_` before its name is no module. */
function isLeftOut(path: string): boolean {
  return path.startsWith("_") || path.includes("/_");
}

function isOwn(path: string): boolean {
  return path.startsWith("modules/machines/") || path.startsWith("modules/clan/");
}

async function readFiles(
  ground: Ground,
  listed: readonly { readonly path: string; readonly kind: "file" | "link" }[],
): Promise<{ files: NixFile[]; unread: UnreadNixFile[] }> {
  const files: NixFile[] = [];
  const unread: UnreadNixFile[] = [];
  for (const { path, kind } of listed) {
    if (kind === "link") {
      unread.push({ path, reason: "it is a link, which is not followed" });
      continue;
    }
    try {
      const bytes = await ground.read(path);
      if (bytes.length > LARGEST) unread.push({ path, reason: "it is too large" });
      else files.push({ path, facts: readModuleFacts(Buffer.from(bytes).toString("utf8"), isOfClanAlone(path)) });
    } catch (error) {
      if (!(error instanceof SecretsError)) throw error;
      const { line } = error.location ?? {};
      unread.push({ path, reason: error.message, ...(line === undefined ? {} : { line }) });
    }
  }
  return { files, unread };
}

/** A file that clan itself may import, which then leaves `clan.` out. */
function isOfClanAlone(path: string): boolean {
  return /^modules\/clan\/(?:.*\/)?(?:machines|inventory)(?:\/default)?\.nix$/.test(path);
}

/** `modules/machines/nixos/web01/…`, and `modules/machines/nixos/web01.nix`. */
function foldersOf(files: readonly { readonly path: string }[]): MachineFolder[] {
  const folders = new Map<string, MachineFolder>();
  for (const { path } of files) {
    const folder = machineFolderOf(path);
    if (folder !== undefined) folders.set(`${folder.class}/${folder.host}`, folder);
  }
  return [...folders.values()];
}

/** Whose module a file is part of. */
export function machineFolderOf(path: string): MachineFolder | undefined {
  const [, word, host] = /^modules\/machines\/([^/]+)\/([^/]+?)(?:\/.*|\.nix)$/.exec(path) ?? [];
  const of = machineClass(word);
  return of === undefined || host === undefined || host === "default" ? undefined : { class: of, host };
}
