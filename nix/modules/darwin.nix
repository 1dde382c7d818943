import ./machine.nix { platform = "darwin"; }
