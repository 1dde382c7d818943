# From a fleet's tree to what sops-nix is told of one machine.
#
#   fleet      the fleet's root: a path, or a string that is one
#   machine    its name in the fleet
#   platform   "nixos" | "darwin"
#   declare    "all"      what the tree holds for the machine
#              "defined"  only what vars/services/*.yaml define: beside clan's own module, which declares the rest
#              "none"     nothing
#   place      how a file gets into the store; whoever only wants to look passes another
{
  fleet,
  machine,
  platform,
  declare ? "all",
  place ? builtins.path,
}:
let
  inherit (builtins)
    attrNames
    elem
    filter
    foldl'
    listToAttrs
    mapAttrs
    pathExists
    readDir
    readFile
    ;
  inherit (import ./clan-names.nix) storeName;

  definitions = import ./definitions.nix { inherit fleet; };
  tree = import ./tree.nix { inherit fleet machine; };

  # What a definition has no more is left over; of a service that moved, it says which copy is meant. Where there is none,
  # the machine's own copy goes before the shared one.
  isMeant =
    leaf:
    let
      defined = definitions.services.${leaf.service} or null;
      isOwnCopy = other: !other.share && other.service == leaf.service && other.file == leaf.file;
    in
    if defined != null then
      leaf.share == defined.share && defined.files ? ${leaf.file}
    else
      !leaf.share || filter isOwnCopy tree == [ ];

  withDefinition =
    leaf:
    let
      defined = definitions.services.${leaf.service}.files.${leaf.file} or null;
    in
    leaf
    // {
      isDefined = defined != null;
      definition = if defined != null then defined else definitions.standard;
      name = "vars/${leaf.relDir}/${leaf.file}";
    };

  leaves = map withDefinition (filter isMeant tree);

  # What clan's own module declares: secret, deployed, and needed in a phase that sops-nix serves. The link says that the
  # machine reads it: without one, activation would fail on the machine, with all other secrets.
  isDeployed =
    {
      definition,
      secret,
      linked,
      ...
    }:
    secret
    && linked
    && definition.secret
    && definition.deploy
    && elem definition.neededFor [
      "users"
      "services"
    ];

  declared = filter (
    leaf: declare != "none" && (declare == "all" || leaf.isDefined) && isDeployed leaf
  ) leaves;

  # macOS has no group "root": number 0 is called "wheel" there.
  groupOf = group: if platform == "darwin" && group == "root" then "wheel" else group;

  entryOf =
    leaf:
    {
      sopsFile = place {
        name = storeName "${leaf.relDir}_${leaf.file}";
        path = leaf.folder + "/secret";
      };
      format = "binary";
      inherit (leaf.definition) owner mode;
      group = groupOf leaf.definition.group;
      neededForUsers = leaf.definition.neededFor == "users";
    }
    // (if platform == "nixos" then { inherit (leaf.definition) restartUnits; } else { });

  # sops/secrets/<name>, which nothing defines: for machines that are linked, themselves or by a group, as clan has it.
  plain =
    let
      listing = path: if pathExists path then readDir path else { };
      within = path: attrNames (listing path);
      groups = filter (group: listing (fleet + "/sops/groups/${group}/machines") ? ${machine}) (
        within (fleet + "/sops/groups")
      );
      isRead =
        name:
        let
          path = fleet + "/sops/secrets/${name}";
          linked = listing (path + "/groups");
        in
        pathExists (path + "/secret")
        && (listing (path + "/machines") ? ${machine} || builtins.any (group: linked ? ${group}) groups);
      secretOf = name: {
        inherit name;
        value = {
          sopsFile = place {
            name = storeName name;
            path = fleet + "/sops/secrets/${name}/secret";
          };
          format = "binary";
        };
      };
    in
    if declare == "all" then map secretOf (filter isRead (within (fleet + "/sops/secrets"))) else [ ];

  # What a configuration may ask of a file. Where sops-nix puts a secret only the module can tell: by `sopsName`.
  factOf =
    leaf:
    let
      address = "vars/${if leaf.share then "shared" else machine}/${leaf.service}/${leaf.file}";
      phase = leaf.definition.neededFor;
      reason =
        if leaf.definition.deploy then
          "${leaf.name}/machines has no link to it"
        else
          "its definition has deploy: false";
    in
    {
      inherit (leaf) secret;
      sopsName = if isDeployed leaf then leaf.name else null;
      value =
        if leaf.secret then
          throw "secrets: ${address} is secret: only the machine knows its value, by the file at its path"
        else
          readFile (leaf.folder + "/value");
      path =
        if !leaf.secret then
          place {
            name = storeName "${leaf.relDir}_${leaf.file}";
            path = leaf.folder + "/value";
          }
        else if phase == "partitioning" then
          "/run/partitioning-secrets/${leaf.relDir}/${leaf.file}"
        else if phase == "activation" then
          "/var/lib/sops-nix/activation/${leaf.relDir}/${leaf.file}"
        else
          throw "secrets: ${address} is not deployed to ${machine}: ${reason}";
    };

  notThere =
    service: file: definition:
    let
      missing = throw "secrets: ${service}/${file} has no value for ${machine}: secrets generate ${machine}";
    in
    {
      inherit (definition) secret;
      sopsName = null;
      value = missing;
      path = missing;
    };
in
{
  # name → what sops.secrets takes
  secrets = listToAttrs (
    map (leaf: {
      inherit (leaf) name;
      value = entryOf leaf;
    }) declared
    ++ plain
  );

  # service → file → { secret, sopsName, path, value }; what is defined and not there yet says so when it is asked
  vars = foldl' (
    vars: leaf:
    vars
    // {
      ${leaf.service} = (vars.${leaf.service} or { }) // {
        ${leaf.file} = factOf leaf;
      };
    }
  ) (mapAttrs (service: { files, ... }: mapAttrs (notThere service) files) definitions.services) leaves;

  # Where the key of a machine is put that has one of its own in the tree; null: it has another, as its SSH host key.
  keyFile =
    if pathExists (fleet + "/sops/secrets/${machine}-age.key/secret") then
      "/var/lib/sops-nix/key.txt"
    else
      null;
}
