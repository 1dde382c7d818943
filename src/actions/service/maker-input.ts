/** What a service is made of, and what comes of it: the same for built-in kinds and for scripts. */
import type { Service } from "../../fleet/services/service.ts";

export interface MakerInput {
  readonly service: Service;
  /** The services whose files are in `inputs`. */
  readonly dependencies: readonly Service[];
  /** Answers by the prompt's name; exactly what was typed, without a newline. */
  readonly prompts: ReadonlyMap<string, Uint8Array>;
  /** Files of the dependencies, by `<service>/<file>`. */
  readonly inputs: ReadonlyMap<string, Uint8Array>;
  readonly now: Date;
}

/** The bytes of each declared file, by its name. A maker returns all of them, and no other. */
export type MadeFiles = ReadonlyMap<string, Uint8Array>;

/** @throws SecretsError when nothing can be made of it; messages carry no value. */
export type Make = (input: MakerInput) => Promise<MadeFiles>;
