# The module of a machine, NixOS or nix-darwin: what the fleet's tree holds for it becomes `sops.secrets`.
{ platform }:
{
  config,
  options,
  lib,
  ...
}:
let
  cfg = config.secrets;
  # Clan's own module declares what its generators make.
  hasClan = options ? clan && options.clan ? core;
  entries = import ../lib/entries.nix {
    inherit platform;
    inherit (cfg) fleet machine declare;
  };

  # What a definition says of an entry may be said otherwise by a configuration.
  softened = {
    owner = null;
    group = null;
    mode = null;
    neededForUsers = null;
  };
  entryFor =
    _: entry: entry // builtins.mapAttrs (_: lib.mkDefault) (builtins.intersectAttrs softened entry);

  placeOf =
    { sopsName, path, ... }:
    if sopsName == null then
      path
    else
      config.sops.secrets.${sopsName}.path
        or (throw "secrets: ${sopsName} is not among sops.secrets: see the option secrets.declare");
in
{
  options.secrets = {
    fleet = lib.mkOption {
      type = lib.types.path;
      default =
        if hasClan then
          config.clan.core.settings.directory
        else
          throw "secrets: set secrets.fleet to the root of the fleet: your flake's `self`, or a path";
      defaultText = lib.literalExpression "config.clan.core.settings.directory";
      example = lib.literalExpression "self";
      description = ''
        The fleet's root, where `vars/` and `sops/` are. Nothing but names, definitions and public values is read of it.
      '';
    };
    machine = lib.mkOption {
      type = lib.types.str;
      default = if hasClan then config.clan.core.settings.machine.name else config.networking.hostName;
      defaultText = lib.literalExpression "config.networking.hostName";
      description = "The machine's name in the fleet.";
    };
    declare = lib.mkOption {
      type = lib.types.enum [
        "all"
        "defined"
        "none"
      ];
      default = if hasClan then "defined" else "all";
      defaultText = lib.literalMD ''`"defined"` beside clan's own module, else `"all"`'';
      description = ''
        Which secrets become entries of `sops.secrets`: all that the tree holds for this machine, those alone that
        `vars/services/*.yaml` define, or none.
      '';
    };
    vars = lib.mkOption {
      type = lib.types.raw;
      readOnly = true;
      default = builtins.mapAttrs (
        _: builtins.mapAttrs (_: fact: {
          inherit (fact) secret value;
          path = placeOf fact;
        })
      ) entries.vars;
      defaultText = lib.literalMD "what the tree holds for this machine";
      description = ''
        `secrets.vars.<service>.<file>.path`, the file in which a value is found on the machine, and `.value`, the text of
        one that is public.
      '';
    };
  };

  config.sops = {
    secrets = builtins.mapAttrs entryFor entries.secrets;
    age.keyFile = lib.mkIf (!hasClan && cfg.declare != "none" && entries.keyFile != null) (
      lib.mkDefault entries.keyFile
    );
  };
}
