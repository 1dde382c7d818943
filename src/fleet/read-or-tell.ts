/** Reading while the fleet is loaded: a file that cannot be read is told, and the others are still read. */
import { SecretsError } from "../errors.ts";
import type { Anomaly } from "./anomaly.ts";
import type { Ground } from "./ground.ts";

/** Undefined, and told, for what is gone meanwhile, must not be read, or is led outside by a link. */
export async function readOrTell(ground: Ground, path: string, anomalies: Anomaly[]): Promise<Uint8Array | undefined> {
  try {
    return await ground.read(path);
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    anomalies.push({ code: "unreadable", path, message: error.message });
    return undefined;
  }
}
