# The module of a person, under home-manager: named keys of their own file, and named secrets of the tree that their key
# opens.
{ config, lib, ... }:
let
  cfg = config.secrets;
in
{
  options.secrets = {
    fleet = lib.mkOption {
      type = lib.types.path;
      default = throw "secrets: set secrets.fleet to the root of the fleet: your flake's `self`, or a path";
      defaultText = lib.literalMD "none";
      example = lib.literalExpression "self";
      description = "The fleet's root, where `vars/` and `secrets/` are.";
    };
    user = lib.mkOption {
      type = lib.types.str;
      default = config.home.username;
      defaultText = lib.literalExpression "config.home.username";
      description = "The person's name in the fleet.";
    };
    file = lib.mkOption {
      type = lib.types.path;
      default = cfg.fleet + "/secrets/users/${cfg.user}.sops.yaml";
      defaultText = lib.literalExpression ''fleet + "/secrets/users/''${user}.sops.yaml"'';
      description = "The sops file that `keys` are looked up in.";
    };
    keys = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "github/token" ];
      description = ''
        Keys of the file, with `/` between levels; each becomes the entry of `sops.secrets` of the same name. Nix reads no
        YAML, so they are named; one that is not in the file fails the build of the configuration.
      '';
    };
    addresses = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "vars/shared/borgbackup/repokey" ];
      description = "Secrets of the tree that this person's key opens, as `secrets ls` prints them.";
    };
  };

  config.sops.secrets = import ../lib/user.nix {
    inherit (cfg)
      fleet
      user
      file
      keys
      addresses
      ;
  };
}
