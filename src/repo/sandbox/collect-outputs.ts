/** What lies in `$out` after a script: only what was declared, only as regular files, and not without bound. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../../errors.ts";

/** More entries than any service declares. */
const MAX_ENTRIES = 10_000;
const LISTED = 12;

/** @throws SecretsError `E_SCRIPT_OUTPUT` */
export function collectOutputs(
  { name, outputs }: { readonly name: string; readonly outputs: readonly string[] },
  out: string,
  maxOutput: number,
): ReadonlyMap<string, Uint8Array> {
  const found = walk(name, out);
  const declared = new Set(outputs);
  const missing = outputs.filter((output) => !found.has(output));
  const extra = [...found.keys()].filter((path) => !declared.has(path));
  if (missing.length + extra.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`it did not make ${few(missing)}`] : []),
      ...(extra.length > 0 ? [`it made ${few(extra)}, which nothing declares`] : []),
    ];
    throw fault(name, parts.join("; "), "declare the files that it writes to $out, and write those that are declared");
  }
  const files = new Map<string, Uint8Array>();
  let size = 0;
  for (const output of outputs) {
    const handle = openSync(join(out, output), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const stat = fstatSync(handle);
      size += stat.size;
      if (!stat.isFile()) throw fault(name, `${output} is no regular file`);
      if (size > maxOutput) throw fault(name, `it made more than ${maxOutput} bytes`);
      files.set(output, readFileSync(handle));
    } finally {
      closeSync(handle);
    }
  }
  return files;
}

/** Every file by its path; folders are only ways to files. */
function walk(name: string, out: string): Map<string, true> {
  const found = new Map<string, true>();
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    for (const entry of readdirSync(join(out, folder))) {
      const path = folder === "" ? entry : `${folder}/${entry}`;
      const stat = lstatSync(join(out, path));
      if (stat.isDirectory()) waiting.push(path);
      else if (!stat.isFile()) throw fault(name, `${path} is ${stat.isSymbolicLink() ? "a link" : "no regular file"}`);
      else found.set(path, true);
      if (found.size + waiting.length > MAX_ENTRIES) throw fault(name, "it made more files than any service has");
    }
  }
  return found;
}

function few(names: readonly string[]): string {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function fault(name: string, what: string, hint?: string): SecretsError {
  return new SecretsError("E_SCRIPT_OUTPUT", `the script of ${name} ended well, but ${what}; nothing was changed`, {
    ...(hint === undefined ? {} : { hint }),
  });
}
