/** Makes what a built-in kind makes. Pure but for the port: no shell, no file, no process. */
import { SecretsError } from "../../../errors.ts";
import type { KindName } from "../../../fleet/services/kinds.ts";
import type { Make } from "../maker-input.ts";
import { makeAgeKeyFiles } from "./age-key.ts";
import { makeCopy } from "./copy.ts";
import { type HashPassword, makePasswordHash } from "./password-hash.ts";
import { makePassphrase, makePassword, makeRandom } from "./random.ts";
import { makeSshKey } from "./ssh-key.ts";
import { makeWireguardKey } from "./wireguard-key.ts";

/** @param hashPassword what only a program can do */
export function makeBuiltIn({ hashPassword }: { readonly hashPassword: HashPassword }): Make {
  const makers: Readonly<Record<KindName, Make>> = {
    "ssh-key": makeSshKey,
    "age-key": makeAgeKeyFiles,
    password: makePassword,
    passphrase: makePassphrase,
    "password-hash": (input) => makePasswordHash(input, hashPassword),
    random: makeRandom,
    "x509-ca": async (input) => (await import("./x509.ts")).makeAuthority(input),
    "x509-cert": async (input) => (await import("./x509.ts")).makeCertificate(input),
    "wireguard-key": makeWireguardKey,
    copy: makeCopy,
    prompt: async () => new Map(),
    external: async ({ service }) => {
      throw new SecretsError("E_BY_HAND", `${service.address} is supplied by hand`, {
        hint: service.files.map(({ name }) => `secrets set ${service.address}/${name}`).join("\n"),
      });
    },
  };
  return async (input) => {
    const { maker } = input.service;
    if (maker.kind !== "built-in") throw new Error(`${input.service.address} is of no built-in kind`);
    return makers[maker.name](input);
  };
}
