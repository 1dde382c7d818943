/** From a place's description to what it holds. */
import { SecretsError } from "../errors.ts";
import { readIdentities } from "./identity-place.ts";
import { broken, type Contents, type KeyringPorts, NOTHING, once } from "./place.ts";
import type { PlaceSpec } from "./places.ts";
import { splitShellWords } from "./shell-words.ts";
import { readSsh } from "./ssh-place.ts";

/**
 * Looks at one place, without asking or running anything that can wait. Never rejects: what goes wrong becomes the
 * place's problem.
 */
export async function readPlace(spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  switch (spec.kind) {
    case "text":
      if (spec.text.trim() === "") return broken(spec, "is set, but empty");
      return readIdentities(Buffer.from(spec.text), spec, ports);
    case "identities":
    case "ssh":
      return readFilePlace(spec, ports);
    default: {
      const load = once(() => runPlace(spec.kind === "ssh-command", spec.command, spec, ports));
      return { ...NOTHING, found: true, pending: { needs: "command", load } };
    }
  }
}

async function readFilePlace(spec: PlaceSpec & { readonly path: string }, ports: KeyringPorts): Promise<Contents> {
  const named = spec.name.startsWith("SOPS_") || spec.name.startsWith("AGE_");
  if (spec.path === "") return broken(spec, "is set, but empty");
  let bytes: Uint8Array | null;
  try {
    bytes = await ports.readFile(spec.path);
  } catch (cause) {
    return broken(spec, named ? "names a file that cannot be read" : "cannot be read", cause);
  }
  // A file that a variable names is missed; a file at a usual place is just not there.
  if (bytes === null) return named ? broken(spec, "names a file that does not exist") : NOTHING;
  return spec.kind === "ssh" ? readSsh(bytes, spec, ports) : readIdentities(bytes, spec, ports);
}

async function runPlace(ssh: boolean, command: string, spec: PlaceSpec, ports: KeyringPorts): Promise<Contents> {
  const argv = splitShellWords(command);
  if (argv === null || argv.length === 0) return broken(spec, "is no complete command line");
  let output: Uint8Array;
  try {
    output = await ports.runCommand(argv);
  } catch (cause) {
    if (cause instanceof SecretsError && cause.kind === "interrupted") throw cause;
    return broken(spec, "names a command that failed", cause);
  }
  return ssh ? readSsh(output, spec, ports) : readIdentities(output, spec, ports);
}
