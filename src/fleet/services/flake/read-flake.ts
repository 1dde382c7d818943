/** clan's own services, out of the flake: evaluated when something that they depend on has changed, else remembered. */
import { createHash } from "node:crypto";
import { SecretsError } from "../../../errors.ts";
import type { Nix } from "../../../repo/nix/nix.ts";
import type { Ground } from "../../ground.ts";
import type { Service } from "../service.ts";
import { parseFlakeServices } from "./parse-flake.ts";

export interface FlakeServices {
  readonly services: readonly Service[];
  /** Why there are none of clan's, although there may be some. */
  readonly without: string | undefined;
}

export interface FlakeOptions {
  readonly noNix?: boolean;
  /** Called when Nix is really started. */
  readonly onWait?: (what: string) => void;
}

/** Another layout of what is remembered. */
const FORMAT = "1";
/** What flakes read beside Nix files; values and keys are read by evaluations as well, and say nothing of definitions. */
const INPUT = /(^|\/)(flake\.lock|[^/]+\.(nix|json|toml))$/;
const NO_INPUT = /^(vars|sops)\//;

/** @throws SecretsError `E_NIX_EVAL`, `E_SERVICE_DIFFERS`, `E_FLAKE`; `E_NIX_MISSING` where a flake has to be evaluated */
export async function readFlakeServices(ground: Ground, nix: Nix, options: FlakeOptions = {}): Promise<FlakeServices> {
  if ((await ground.kind("flake.nix")) !== "file") return { services: [], without: undefined };
  const key = await keyOf(ground, nix.system);
  const known = nix.recall(key);
  if (known !== undefined) return { services: parseFlakeServices(known), without: undefined };
  if (options.noNix === true) {
    return { services: [], without: "the flake has not been evaluated as it is now, and --no-nix forbids it" };
  }
  options.onWait?.("nix: evaluating the services of this flake");
  const json = await nix.evaluate().catch((error: unknown) => {
    // A fleet may have a flake for something else.
    if (error instanceof SecretsError && error.code === "E_NIX_MISSING") return error;
    throw error;
  });
  if (json instanceof SecretsError) return { services: [], without: json.message };
  const services = parseFlakeServices(json ?? "{}");
  nix.remember(key, json ?? "{}");
  return { services, without: undefined };
}

/** Of everything that an evaluation is made from, as git knows it. */
async function keyOf(ground: Ground, system: string): Promise<string> {
  const hash = createHash("sha256").update(`${FORMAT}\0${system}\0`);
  for (const { path, kind, tracked } of await ground.list()) {
    if (!tracked || kind !== "file" || !INPUT.test(path) || NO_INPUT.test(path)) continue;
    const bytes = await ground.read(path).catch(() => new Uint8Array());
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}
