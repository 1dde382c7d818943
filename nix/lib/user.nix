# From a fleet's tree to what home-manager's sops module is told of one person. Every secret links whoever wrote it last,
# so links do not say what somebody wants on a machine: it is named, key by key and address by address.
{
  fleet,
  user,
  file ? fleet + "/secrets/users/${user}.sops.yaml",
  keys ? [ ],
  addresses ? [ ],
  place ? builtins.path,
}:
let
  inherit (builtins)
    baseNameOf
    elemAt
    listToAttrs
    match
    pathExists
    ;
  inherit (import ./clan-names.nix) storeName;

  formatOf =
    name:
    let
      ending = match ".*\\.(yaml|yml|json|env|ini)" name;
      format = if ending == null then "binary" else elemAt ending 0;
    in
    {
      yml = "yaml";
      env = "dotenv";
    }
    .${format} or format;

  document =
    if pathExists file then
      place {
        name = storeName (baseNameOf (toString file));
        path = file;
      }
    else
      throw "secrets: secrets.keys are names in ${toString file}, and there is no such file";

  # vars/<machine>/… stands below per-machine/ where the fleet is laid out as clan does it.
  relDirOf =
    address:
    let
      parts = match "vars/(per-machine/[^/]+|[^/]+)/(.+)" address;
      scope = elemAt parts 0;
      nested = pathExists (fleet + "/vars/per-machine");
      scoped =
        if nested && scope != "shared" && match "per-machine/.*" scope == null then
          "per-machine/${scope}"
        else
          scope;
    in
    if match "sops/secrets/[^/]+" address != null then
      address
    else if parts == null then
      throw "secrets: ${address} is no address of a secret: vars/<machine or shared>/<service>/<file>"
    else
      "vars/${scoped}/${elemAt parts 1}";

  entryOf =
    address:
    let
      name = relDirOf address;
      path = fleet + "/${name}/secret";
    in
    {
      inherit name;
      value = {
        format = "binary";
        sopsFile =
          if pathExists path then
            place {
              name = storeName name;
              inherit path;
            }
          else
            throw "secrets: there is no secret at ${address}: see `secrets ls`";
      };
    };
in
listToAttrs (
  map (key: {
    name = key;
    value = {
      inherit key;
      format = formatOf (baseNameOf (toString file));
      sopsFile = document;
    };
  }) keys
  ++ map entryOf addresses
)
