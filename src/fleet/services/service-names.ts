/** Names of services, prompts and files: each becomes part of a path, of an address, and of a person's command line. */

/** Whether a name can be one component of a path, and of an address. */
export function isServiceName(name: string): boolean {
  return name.length <= 200 && /^[^-./\\#\x00-\x1f\x7f][^/\\#\x00-\x1f\x7f]*$/.test(name);
}

/** A file's name may have slashes in it. */
export function isFileName(name: string): boolean {
  return name.length <= 500 && name.split("/").every(isFilePart);
}

function isFilePart(part: string): boolean {
  return part !== "" && part !== "." && part !== ".." && !part.startsWith("-") && !/[\\#\x00-\x1f\x7f]/.test(part);
}
