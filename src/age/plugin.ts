/** Names of age plugins (C2SP age-plugin spec), as recipients and identities spell them. */
import { SecretsError } from "../errors.ts";
import { decodeBech32 } from "./bech32.ts";

/** As the name becomes part of a program's name, nothing that could be a path. */
const NAME = /^[a-z0-9+._-]+$/;

/** `yubikey` for `age1yubikey1…`, or null for any other text. */
export function parsePluginRecipient(text: string): string | null {
  const prefix = decodeBech32(text)?.prefix ?? "";
  const name = prefix.startsWith("age1") ? prefix.slice("age1".length) : "";
  return NAME.test(name) ? name : null;
}

/** `yubikey` for `AGE-PLUGIN-YUBIKEY-1…`, or null for any other text. */
export function parsePluginIdentity(text: string): string | null {
  const prefix = decodeBech32(text)?.prefix ?? "";
  if (!prefix.startsWith("AGE-PLUGIN-") || !prefix.endsWith("-")) return null;
  const name = prefix.slice("AGE-PLUGIN-".length, -1).toLowerCase();
  return NAME.test(name) ? name : null;
}

/** What is thrown where a plugin's recipient stands in a place that runs no plugins. */
export function pluginError(name: string): SecretsError {
  return new SecretsError("E_AGE_PLUGIN", `A recipient needs age-plugin-${name}, which nothing here can run.`, {
    hint: "Give it a recipient that needs no plugin.",
  });
}
