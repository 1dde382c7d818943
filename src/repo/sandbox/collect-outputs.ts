/** What lies in `$out` after a script: only what was declared, only as regular files, and not without bound. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { SecretsError } from "../../errors.ts";
import { systemCode } from "../fault.ts";
import { openMask } from "./mask-values.ts";

type Values = ReadonlyMap<string, Uint8Array>;

/** Characters; no name that a definition may have is longer. */
const MAX_PATH = 500;
/** More entries than any service declares. */
const MAX_ENTRIES = 10_000;
const LISTED = 12;

/** @throws SecretsError `E_SCRIPT_OUTPUT` */
export function collectOutputs(
  job: {
    readonly name: string;
    readonly outputs: readonly string[];
    readonly inputs: Values;
    readonly prompts: Values;
  },
  out: string,
  maxOutput: number,
): ReadonlyMap<string, Uint8Array> {
  const { name, outputs } = job;
  const declared = new Set(outputs);
  // Names that a script chose: a value may stand in one.
  const mask = (text: string) => openMask(job, out)?.(text);
  const tell = (path: string) => (declared.has(path) ? path : (mask(path) ?? "something beside what is declared"));
  const found = walk(name, out, tell);
  const missing = outputs.filter((output) => !found.has(output));
  const extra = [...found.keys()].filter((path) => !declared.has(path));
  if (missing.length + extra.length > 0) {
    const parts = [
      ...(missing.length > 0 ? [`it did not make ${few(missing)}`] : []),
      ...(extra.length > 0 ? [`it made ${mask(few(extra)) ?? `${extra.length} files`}, which nothing declares`] : []),
    ];
    throw fault(name, parts.join("; "), "declare the files that it writes to $out, and write those that are declared");
  }
  const files = new Map<string, Uint8Array>();
  let size = 0;
  for (const output of outputs) {
    const handle = attempt(name, output, () =>
      openSync(join(out, output), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
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
function walk(name: string, out: string, tell: (path: string) => string): Map<string, true> {
  const found = new Map<string, true>();
  const waiting = [""];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    const shown = folder === "" ? "$out" : "a folder in $out";
    // Names as bytes: one that is no UTF-8 would be read as another one.
    for (const bytes of attempt(name, shown, () => readdirSync(join(out, folder), { encoding: "buffer" }))) {
      const entry = bytes.toString("utf8");
      if (!Buffer.from(entry, "utf8").equals(bytes)) throw fault(name, "it made a file whose name is no UTF-8");
      const path = folder === "" ? entry : `${folder}/${entry}`;
      if (path.length > MAX_PATH) throw fault(name, "it made folders deeper than any file's name");
      const stat = attempt(name, shown, () => lstatSync(join(out, path)));
      if (stat.isDirectory()) waiting.push(path);
      else if (!stat.isFile()) {
        throw fault(name, `${tell(path)} is ${stat.isSymbolicLink() ? "a link" : "no regular file"}`);
      } else found.set(path, true);
      if (found.size + waiting.length > MAX_ENTRIES) throw fault(name, "it made more files than any service has");
    }
  }
  return found;
}

/** A script that was not made for this may refuse to have its files read. */
function attempt<T>(name: string, what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw fault(name, `${what} cannot be read (${systemCode(error)})`);
  }
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
