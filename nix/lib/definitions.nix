# What vars/services/*.yaml say of files. Nix reads no YAML: `secrets` keeps vars/services/index.json beside them, with
# the hash of every definition that it was written from, so that one which is older is never taken for the truth.
{ fleet }:
let
  inherit (builtins)
    attrNames
    concatStringsSep
    filter
    fromJSON
    hashFile
    mapAttrs
    match
    pathExists
    readDir
    readFile
    ;

  folder = fleet + "/vars/services";
  indexFile = folder + "/index.json";

  present =
    if pathExists folder then
      filter (name: match ".+\\.ya?ml" name != null) (attrNames (readDir folder))
    else
      [ ];

  none = {
    version = 1;
    definitions = { };
    services = { };
  };
  read = if pathExists indexFile then fromJSON (readFile indexFile) else none;

  stale =
    filter (name: (read.definitions.${name} or null) != hashFile "sha256" (folder + "/${name}")) present
    ++ filter (name: !pathExists (folder + "/${name}")) (attrNames read.definitions);

  current =
    if (read.version or null) != 1 then
      throw "secrets: vars/services/index.json is of another release of secrets than its Nix modules"
    else if stale != [ ] then
      throw "secrets: vars/services/index.json is older than ${concatStringsSep ", " stale}: run `secrets generate`, and commit what it writes"
    else
      read;

  # What a definition leaves out, and what is taken for a file that no definition names: as clan's options have it.
  standard = {
    secret = true;
    deploy = true;
    owner = "root";
    group = "root";
    mode = "0400";
    neededFor = "services";
    restartUnits = [ ];
  };
in
{
  inherit standard;
  # service → { share, files: file → as `standard` }
  services = mapAttrs (_: service: {
    share = service.share or false;
    files = mapAttrs (_: file: standard // file) service.files;
  }) current.services;
}
