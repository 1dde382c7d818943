import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = new URL("../../../../fixtures/golden/sops/cases/", import.meta.url).pathname;

export interface GoldenFile {
  /** `<case>/<file>`. */
  readonly name: string;
  readonly text: string;
}

/** Every YAML file that some version of sops wrote, and the inputs they were made from. */
export function goldenFiles(): GoldenFile[] {
  return readdirSync(ROOT, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .map((name) => ({ name, text: readFileSync(join(ROOT, name), "utf8") }));
}
