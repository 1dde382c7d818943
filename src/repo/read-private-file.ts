/** A file of the person's own that holds private keys, as it is: where it really lies, what is in it, who may read it. */
import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { SecretsError } from "../errors.ts";
import { systemCode, toFault } from "./fault.ts";

/** The limit of age for files of identities. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface PrivateFile {
  /** Without links: what is replaced. */
  readonly path: string;
  /** Undefined when there is none yet. */
  readonly bytes?: Uint8Array;
  /** Others than its owner may read it. */
  readonly open: boolean;
}

/**
 * @param shown the place as the person knows it
 * @throws SecretsError `E_KEY_FILE` for a link into the Nix store or to nothing, for what is no file, and for a file of
 *   somebody else; `E_NO_PERMISSION`, `E_IO`
 */
export function readPrivateFile(path: string, shown: string): PrivateFile {
  try {
    const place = followLinks(path, shown);
    return { path: place, ...readWhole(place, shown) };
  } catch (error) {
    throw toFault(error, "read the key file", shown);
  }
}

/** A link stays, and what it leads to is replaced. */
function followLinks(path: string, shown: string): string {
  const place = join(realFolder(dirname(path)), basename(path));
  refuseStore(place, shown);
  if (lstatSync(place, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return place;
  // Also a link that leads there no more.
  refuseStore(readlinkSync(place), shown);
  const target = resolveLink(place, shown);
  refuseStore(target, shown);
  return target;
}

function refuseStore(target: string, shown: string): void {
  if (!target.startsWith("/nix/store/")) return;
  throw refuse(
    shown,
    "this file is a link into the Nix store, which cannot be changed and which everybody can read",
    "take it out of home-manager, and make it a file of your own\na private key that was in the store is known to every user of this computer: rotate it",
  );
}

function resolveLink(place: string, shown: string): string {
  try {
    return realpathSync(place);
  } catch (cause) {
    throw refuse(
      shown,
      "this file is a link that leads to nothing",
      "remove the link, or make what it leads to",
      cause,
    );
  }
}

/** Of a folder that is not there yet: where it would be. */
function realFolder(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || path === dirname(path)) throw error;
    return join(realFolder(dirname(path)), basename(path));
  }
}

function readWhole(path: string, shown: string): Pick<PrivateFile, "bytes" | "open"> {
  let handle: number | undefined;
  try {
    // What is no file, a pipe say, must not keep anybody waiting.
    handle = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    const stats = fstatSync(handle);
    if (!stats.isFile()) throw refuse(shown, "this is no file", "name a file for keys");
    if (stats.size > MAX_BYTES) throw refuse(shown, "this file is too large for a list of keys", "name another file");
    if (stats.uid !== process.getuid?.()) {
      throw refuse(shown, "this file belongs to another user", "run it as that user, or name a file of your own");
    }
    return { bytes: readFileSync(handle), open: (stats.mode & 0o077) !== 0 };
  } catch (error) {
    if (systemCode(error) === "ENOENT") return { open: false };
    throw error;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function refuse(file: string, message: string, hint: string, cause?: unknown): SecretsError {
  return new SecretsError("E_KEY_FILE", message, {
    location: { file },
    hint,
    ...(cause === undefined ? {} : { cause }),
  });
}
