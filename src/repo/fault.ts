/** What the operating system said no to, as an error with a stable code. Paths are shown, contents never. */
import { type ErrorCode, SecretsError, type SecretsErrorOptions } from "../errors.ts";

const FAULTS = new Map<string, { code: ErrorCode; why: string; hint: string }>([
  ["ENOSPC", { code: "E_NO_SPACE", why: "the disk is full", hint: "free some space, then run the command again" }],
  ["EDQUOT", { code: "E_NO_SPACE", why: "the disk quota is used up", hint: "free some space, then run it again" }],
  ["EROFS", { code: "E_READ_ONLY", why: "the file system is read-only", hint: "mount it writable, then run it again" }],
  ["EACCES", { code: "E_NO_PERMISSION", why: "permission denied", hint: "check who owns it and its mode" }],
  ["EPERM", { code: "E_NO_PERMISSION", why: "not permitted", hint: "check who owns it and its mode" }],
  ["ENOENT", { code: "E_NOT_FOUND", why: "it does not exist", hint: "check the path" }],
  ["EMFILE", { code: "E_IO", why: "too many open files", hint: "raise the limit with ulimit -n" }],
]);

/** The system's own code (`ENOENT`, …) of a thrown value, or undefined when it is no system error. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Whether the file system refused a hard link because it has none, or none for this file. */
export function cannotLink(error: unknown): boolean {
  return ["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"].includes(systemCode(error) ?? "");
}

/**
 * @param doing what was tried, as in "could not <doing>"
 * @param file the place to show
 * @returns our own errors unchanged; anything else as `E_NO_SPACE`, `E_READ_ONLY`, `E_NO_PERMISSION`, `E_NOT_FOUND` or `E_IO`.
 */
export function toFault(error: unknown, doing: string, file?: string): SecretsError {
  if (error instanceof SecretsError) return error;
  const system = systemCode(error);
  const known = system === undefined ? undefined : FAULTS.get(system);
  const options: SecretsErrorOptions = { cause: error, ...(file === undefined ? {} : { location: { file } }) };
  if (known === undefined)
    return new SecretsError("E_IO", `could not ${doing} (${system ?? "unknown fault"})`, options);
  return new SecretsError(known.code, `could not ${doing}: ${known.why}`, { ...options, hint: known.hint });
}
