/** `sops-install-secrets`, the program by which sops-nix places secrets on a machine. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../src/repo/program.ts";
import { PEERS } from "./access-witness.ts";

const consumer = join(PEERS, "sops-install-secrets");
const reason = `${consumer}.not-served`;
/** Why it is not here, or false. */
export const notServed = !existsSync(consumer) && existsSync(reason) && readFileSync(reason, "utf8").trim();

/** Places whole documents below `target/run/secrets`. Unprivileged, without mounts: what home-manager uses on a user's machine. */
export function install(root: string, target: string, keys: object, paths: readonly string[]) {
  const manifest = {
    userMode: true,
    secretsMountPoint: join(target, "run/secrets.d"),
    symlinkPath: join(target, "run/secrets"),
    keepGenerations: 1,
    gnupgHome: "",
    sshKeyPaths: [],
    ...keys,
    templates: [],
    placeholderBySecretName: {},
    secrets: paths.map((path) => ({
      name: path,
      key: "",
      path: join(target, "run/secrets", path),
      sopsFile: join(root, path),
      format: path.endsWith(".env") ? "dotenv" : "binary",
      mode: "0400",
      uid: 0,
      gid: 0,
      restartUnits: [],
      reloadUnits: [],
    })),
  };
  writeFileSync(join(target, "manifest.json"), JSON.stringify(manifest));
  const env = { XDG_RUNTIME_DIR: target, HOME: "/var/empty", PATH: process.env["PATH"] };
  return run([consumer, "-ignore-passwd", join(target, "manifest.json")], { env });
}
