import ./machine.nix { platform = "nixos"; }
