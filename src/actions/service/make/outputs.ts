/** From the outputs of a kind to the files that a definition names for them. */

import { SecretsError } from "../../../errors.ts";
import type { OptionValue } from "../../../fleet/services/kinds.ts";
import type { Service } from "../../../fleet/services/service.ts";
import type { MadeFiles, MakerInput } from "../maker-input.ts";

export type Outputs = Readonly<Record<string, string | Uint8Array>>;

/** What no file asks for is dropped. */
export function toFiles({ service }: MakerInput, outputs: Outputs): MadeFiles {
  const files = new Map<string, Uint8Array>();
  for (const { name, output } of service.files) {
    const made = output === undefined ? undefined : outputs[output];
    if (made !== undefined) files.set(name, typeof made === "string" ? Buffer.from(made, "utf8") : made);
  }
  return files;
}

/** Whether a file asks for it. */
export function isWanted({ service }: MakerInput, output: string): boolean {
  return service.files.some((file) => file.output === output);
}

export function optionOf({ service: { maker } }: MakerInput, name: string): OptionValue | undefined {
  return maker.kind === "built-in" ? maker.options[name] : undefined;
}

/** @throws SecretsError `E_SERVICE_OPTION` for a service whose options were not checked */
export function textOption(input: MakerInput, name: string): string {
  const value = optionOf(input, name);
  if (typeof value === "string") return value;
  throw unchecked(input, name);
}

/** @throws SecretsError `E_SERVICE_OPTION` */
export function numberOption(input: MakerInput, name: string): number {
  const value = optionOf(input, name);
  if (typeof value === "number") return value;
  throw unchecked(input, name);
}

/** `{machine}` and `{service}` filled in. @throws SecretsError `E_SERVICE_OPTION` for the machine of a shared service */
export function filledIn({ service }: MakerInput, text: string): string {
  if (service.machine === undefined && text.includes("{machine}")) {
    const message = `${service.address} is shared: there is no {machine} to fill in`;
    throw wrongOption(service, message, "say it in the definition, without {machine}");
  }
  return text.replaceAll("{machine}", service.machine ?? "").replaceAll("{service}", service.name);
}

/** Told at the definition, which is where it is put right. */
export function wrongOption({ origin }: Service, message: string, hint: string): SecretsError {
  return new SecretsError("E_SERVICE_OPTION", message, {
    ...(origin.kind === "file" ? { location: { file: origin.path } } : {}),
    hint,
  });
}

function unchecked({ service }: MakerInput, name: string): SecretsError {
  return new SecretsError("E_SERVICE_OPTION", `${service.address} has no option ${name}`);
}
