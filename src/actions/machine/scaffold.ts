/** The Nix module of a new machine, in the layout of dendritic fleets with clan, and the lines that register it. */
import { nixAttribute, nixString } from "../../fleet/nix/attribute-name.ts";
import { machineModule } from "../../fleet/nix/names-of-modules.ts";

export type Platform = "nixos" | "darwin";

export interface Scaffold {
  readonly path: string;
  readonly text: string;
  /** Shown, for people register their machines themselves. */
  readonly registration: readonly string[];
  /** Where these lines go. */
  readonly registry: string;
}

const SYSTEM: Readonly<Record<Platform, string>> = { nixos: "x86_64-linux", darwin: "aarch64-darwin" };

/**
 * @param name checked: it becomes an attribute and a folder
 * @param registry where this fleet registers its machines
 */
export function scaffoldModule(name: string, platform: Platform, registry = "modules/clan/machines.nix"): Scaffold {
  const namespace = machineModule(platform, name);
  const module = `flake.modules.${platform}.${nixString(namespace)}`;
  const state = platform === "nixos" ? '      system.stateVersion = "26.05";\n' : "      system.stateVersion = 6;\n";
  return {
    path: `modules/${namespace}/default.nix`,
    text: `{ ... }:
{
  ${module} =
    { ... }:
    {
      networking.hostName = ${nixString(name)};
      nixpkgs.hostPlatform = "${SYSTEM[platform]}";
${state}    };
}
`,
    registration: [
      `clan.machines.${nixAttribute(name)}.imports = [ config.${module} ];`,
      // clan takes a machine for NixOS unless its inventory says otherwise.
      ...(platform === "darwin" ? [`clan.inventory.machines.${nixAttribute(name)}.machineClass = "darwin";`] : []),
    ],
    registry,
  };
}
