# Our modules without nixpkgs: as much of its module system as they use. `settings` are what a configuration says of
# `secrets`, `others` what other modules give; both win over defaults of options.
{
  module,
  settings ? { },
  others ? { },
  options ? { },
}:
let
  lib = {
    mkOption = option: option // { _type = "option"; };
    mkDefault = content: {
      _type = "default";
      inherit content;
    };
    mkIf = condition: content: {
      _type = "if";
      inherit condition content;
    };
    literalExpression = text: text;
    literalMD = text: text;
    types = {
      path = "path";
      str = "str";
      raw = "raw";
      enum = values: values;
      listOf = type: [ type ];
    };
  };
  declared = import module {
    inherit config lib;
    options = options // declared.options;
  };
  defaults = builtins.mapAttrs (_: option: option.default) declared.options.secrets;
  config = others // {
    secrets = defaults // settings;
    sops.secrets = builtins.mapAttrs (name: _: { path = "/run/secrets/${name}"; }) (
      (others.sops.secrets or { }) // declared.config.sops.secrets
    );
  };
in
{
  inherit (config) secrets;
  inherit (declared.config) sops;
  options = builtins.mapAttrs (_: option: removeAttrs option [ "default" ]) declared.options.secrets;
}
