/** Which format a file has, told by its name alone, as sops does. */
import type { Format } from "./store.ts";

/** Case counts: sops compares suffixes as they are. */
export function formatOfPath(path: string): Format {
  if (path.endsWith(".yaml") || path.endsWith(".yml")) return "yaml";
  if (path.endsWith(".json")) return "json";
  if (path.endsWith(".env")) return "dotenv";
  if (path.endsWith(".ini")) return "ini";
  return "binary";
}
