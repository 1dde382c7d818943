# The files of one machine under vars/, told from names alone. A leaf is a directory that holds `secret` or `value`; a
# file's name may have slashes in it, so leaves lie at any depth. Links are read by their names and never followed.
{ fleet, machine }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    pathExists
    readDir
    ;

  # Clan's own layout; without per-machine/ the machines stand directly under vars/.
  nested = pathExists (fleet + "/vars/per-machine");
  directories = entries: filter (name: entries.${name} == "directory") (attrNames entries);
  listing = path: if pathExists path then readDir path else { };

  leavesBelow =
    scope: service: path: file:
    let
      entries = readDir path;
      holds = name: (entries.${name} or null) == "regular";
      secret = holds "secret";
    in
    if file != "" && (secret || holds "value") then
      [
        {
          inherit service file secret;
          share = scope == "shared";
          relDir = "${scope}/${service}";
          folder = path;
          linked =
            entries ? machines
            && entries.machines == "directory"
            && (readDir (path + "/machines")) ? ${machine};
        }
      ]
    else
      concatMap (
        name: leavesBelow scope service (path + "/${name}") (if file == "" then name else "${file}/${name}")
      ) (directories entries);

  leavesOf =
    scope:
    let
      path = fleet + "/vars/${scope}";
    in
    concatMap (service: leavesBelow scope service (path + "/${service}") "") (
      directories (listing path)
    );
in
leavesOf (if nested then "per-machine/${machine}" else machine) ++ leavesOf "shared"
