/** WireGuard keys: as `wg genkey`, `wg pubkey` and `wg genpsk` print them. */
import { createPrivateKey, createPublicKey, randomBytes } from "node:crypto";
import type { MadeFiles, MakerInput } from "../maker-input.ts";
import { isWanted, toFiles } from "./outputs.ts";

const PKCS8_X25519 = Buffer.from("302e020100300506032b656e04220420", "hex");

export async function makeWireguardKey(input: MakerInput): Promise<MadeFiles> {
  const scalar = clamped(randomBytes(32));
  const der = Buffer.concat([PKCS8_X25519, scalar]);
  const point = createPublicKey(createPrivateKey({ key: der, format: "der", type: "pkcs8" })).export({
    format: "jwk",
  }).x;
  return toFiles(input, {
    private: `${scalar.toString("base64")}\n`,
    public: `${Buffer.from(point ?? "", "base64url").toString("base64")}\n`,
    ...(isWanted(input, "preshared") ? { preshared: `${randomBytes(32).toString("base64")}\n` } : {}),
  });
}

/** RFC 7748, as `wg genkey` stores it already. */
function clamped(scalar: Buffer): Buffer {
  scalar[0] = (scalar[0] ?? 0) & 248;
  scalar[31] = ((scalar[31] ?? 0) & 127) | 64;
  return scalar;
}
