# For a fleet of flake-parts modules: `imports = [ inputs.secrets.flakeModules.default ];` beside flake-parts' own
# `flakeModules.modules`, and every machine may import `config.flake.modules.nixos.secrets`, with this fleet as its fleet.
{ self, lib, ... }:
let
  forThisFleet = module: {
    imports = [ module ];
    secrets.fleet = lib.mkDefault self.outPath;
  };
in
{
  flake.modules = {
    nixos.secrets = forThisFleet ./modules/nixos.nix;
    darwin.secrets = forThisFleet ./modules/darwin.nix;
    homeManager.secrets = forThisFleet ./modules/home-manager.nix;
  };
}
