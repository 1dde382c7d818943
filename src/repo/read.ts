/** Reading one file of the repository: never through a link that leaves it, never without a bound. */
import { constants } from "node:fs";
import { open, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { SecretsError } from "../errors.ts";
import { assertInside, outside, type RepoPath } from "./path.ts";

/** Larger than any document is allowed to be, so that the document's own limit is the one that speaks. */
const MAX_BYTES = 65 * 1024 * 1024;

/**
 * A link inside the repository to a file inside it is followed; anything else is refused.
 * @throws SecretsError `E_FILE_MISSING`, `E_OUTSIDE`, `E_NOT_A_FILE`, `E_TOO_LARGE`, `E_FILE_READ`
 */
export async function readRepoFile(root: string, path: RepoPath, safe?: Set<string>): Promise<Uint8Array> {
  await assertInside(root, path, safe);
  const handle = await open(join(root, path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ELOOP") return openLinked(root, path);
      throw cannotRead(path, error);
    },
  );
  try {
    const status = await handle.stat();
    if (!status.isFile()) {
      throw new SecretsError("E_NOT_A_FILE", "this is not a regular file", { location: { file: path } });
    }
    if (status.size > MAX_BYTES) {
      throw new SecretsError("E_TOO_LARGE", `this file has ${status.size} bytes; a document may have 64 MiB`, {
        location: { file: path },
      });
    }
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function openLinked(root: string, path: RepoPath) {
  const [top, real] = await Promise.all([realpath(root), realpath(join(root, path)).catch(() => undefined)]);
  if (real === undefined) {
    throw new SecretsError("E_FILE_MISSING", "this link points at nothing", { location: { file: path } });
  }
  if (!real.startsWith(top + sep) || real.startsWith(join(top, ".git") + sep)) throw outside(path);
  return open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

function cannotRead(path: string, error: NodeJS.ErrnoException): SecretsError {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") {
    return new SecretsError("E_FILE_MISSING", "there is no such file", { location: { file: path } });
  }
  return new SecretsError("E_FILE_READ", "this file cannot be read", { location: { file: path }, cause: error });
}
