{
  description = "secrets: one tool for both secret tiers of a NixOS and nix-darwin fleet";

  # For the package alone: the modules use the nixpkgs of whoever imports them.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs =
    { nixpkgs, ... }:
    let
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      forEachSystem =
        make:
        builtins.listToAttrs (
          map (system: {
            name = system;
            value = make nixpkgs.legacyPackages.${system};
          }) systems
        );
      modules = {
        nixos.secrets = ./nix/modules/nixos.nix;
        darwin.secrets = ./nix/modules/darwin.nix;
        homeManager.secrets = ./nix/modules/home-manager.nix;
      };
      withDefault = { secrets }: { inherit secrets; default = secrets; };
    in
    {
      # As flake-parts names them, and as everybody else does.
      inherit modules;
      nixosModules = withDefault modules.nixos;
      darwinModules = withDefault modules.darwin;
      homeModules = withDefault modules.homeManager;
      flakeModules.default = ./nix/flake-module.nix;

      # What the modules are made of, for whoever has others: pure functions of a tree, without nixpkgs.
      lib = {
        entriesFor = import ./nix/lib/entries.nix;
        userEntriesFor = import ./nix/lib/user.nix;
      };

      packages = forEachSystem (pkgs: withDefault { secrets = pkgs.callPackage ./nix/package.nix { }; });
      overlays.default = final: _: { secrets = final.callPackage ./nix/package.nix { }; };
      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.nodejs_24
            pkgs.sops
            pkgs.age
            pkgs.ssh-to-age
          ];
        };
      });
    };
}
