/**
 * What is asked of Nix, in one go and for all machines: exactly the attributes that clan reads of its generators, and
 * nothing that would need a value or a build.
 */
export function SERVICES_EXPRESSION(system: string): string {
  return `
internals: let
  inherit (builtins) mapAttrs tryEval;
  quiet = value: standard: let tried = tryEval value; in if tried.success then tried.value else standard;
  file = f: {
    secret = f.secret or true;
    deploy = f.deploy or true;
    owner = f.owner or "root";
    group = f.group or "root";
    mode = f.mode or "0400";
    neededFor = f.neededFor or "services";
    restartUnits = quiet (f.restartUnits or []) [];
  };
  prompt = p: {
    type = p.type or "line";
    description = p.description or null;
    persist = p.persist or false;
  };
  generator = g: {
    share = g.share or false;
    dependencies = g.dependencies or [];
    validationHash = g.validationHash or null;
    prompts = mapAttrs (_: prompt) (g.prompts or {});
    files = mapAttrs (_: file) (g.files or {});
  };
  machine = m: let core = m.config.clan.core; in {
    secretStore = core.vars.settings.secretStore or "sops";
    defaultGroups = core.sops.defaultGroups or [];
    generators = mapAttrs (_: generator) (core.vars.generators or {});
  };
in mapAttrs (_: machine) (internals.machines.${nixString(system)} or {})
`;
}

/** The derivations of these services' scripts, in the same order. */
export function scriptsExpression(
  system: string,
  wanted: readonly { readonly machine: string; readonly service: string }[],
): string {
  const scripts = wanted.map(
    ({ machine, service }) =>
      `machines.${nixString(machine)}.config.clan.core.vars.generators.${nixString(service)}.finalScript.drvPath`,
  );
  return `internals: let machines = internals.machines.${nixString(system)}; in [ ${scripts.map((one) => `(${one})`).join(" ")} ]`;
}

function nixString(text: string): string {
  return `"${text.replace(/["\\]|\$(?=\{)/g, "\\$&")}"`;
}
