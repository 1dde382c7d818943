/**
 * Where people keep their private keys: the places of sops 3.13.3, of clan, and of OpenSSH. sops reads some of them
 * in random order and clan stops at the first; here all are collected, always in the order of this list.
 */

/** What of the outside decides about places. */
export interface PlacePorts {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The person's home, or undefined if they have none: places in it are then left out. */
  readonly home: string | undefined;
  readonly platform: NodeJS.Platform;
}

/** A place before it is looked at. `name` is what `doctor` prints: the variable's name, or the path with `~`. */
export type PlaceSpec =
  /** The variable itself holds identities. */
  | { readonly kind: "text"; readonly name: string; readonly text: string }
  /** A file of identities, or of SSH keys. */
  | { readonly kind: "identities" | "ssh"; readonly name: string; readonly path: string }
  /** A command that prints them. */
  | { readonly kind: "identities-command" | "ssh-command"; readonly name: string; readonly command: string };

/** All places, whether there is anything at them or not; variables that are not set are no places. */
export function listPlaces({ env, home, platform }: PlacePorts): PlaceSpec[] {
  const variables: [name: string, make: (name: string, value: string) => PlaceSpec][] = [
    ["SOPS_AGE_KEY", (name, text) => ({ kind: "text", name, text })],
    ["SOPS_AGE_KEY_FILE", (name, path) => ({ kind: "identities", name, path })],
    ["SOPS_AGE_KEY_CMD", (name, command) => ({ kind: "identities-command", name, command })],
    ["SOPS_AGE_SSH_PRIVATE_KEY_FILE", (name, path) => ({ kind: "ssh", name, path })],
    ["SOPS_AGE_SSH_PRIVATE_KEY_CMD", (name, command) => ({ kind: "ssh-command", name, command })],
  ];
  const clanVariables: typeof variables = [
    ["AGE_KEY", (name, text) => ({ kind: "text", name, text })],
    ["AGE_KEYFILE", (name, path) => ({ kind: "identities", name, path })],
  ];
  const set = (list: typeof variables) =>
    list.flatMap(([name, make]) => (env[name] === undefined ? [] : [make(name, env[name])]));
  const inHome = (kind: "identities" | "ssh", path: string): PlaceSpec[] =>
    home === undefined ? [] : [{ kind, name: `~/${path}`, path: `${home}/${path}` }];
  return [
    ...set(variables),
    ...configPlaces(env["XDG_CONFIG_HOME"], inHome, platform),
    ...set(clanVariables),
    ...inHome("identities", ".config/age/identities"),
    ...inHome("identities", ".age/key.txt"),
    ...inHome("ssh", ".ssh/id_ed25519"),
    ...inHome("ssh", ".ssh/id_rsa"),
  ];
}

/**
 * sops' own file. On macOS sops looks in one of two places depending on a variable, and people have it in the other
 * (getsops/sops#1943), so both are read. A relative `XDG_CONFIG_HOME` is void (XDG Base Directory Specification).
 */
function configPlaces(
  xdg: string | undefined,
  inHome: (kind: "identities", path: string) => PlaceSpec[],
  platform: NodeJS.Platform,
): PlaceSpec[] {
  const file = "sops/age/keys.txt";
  const config: PlaceSpec[] = xdg?.startsWith("/")
    ? [{ kind: "identities", name: `$XDG_CONFIG_HOME/${file}`, path: `${xdg}/${file}` }]
    : inHome("identities", `.config/${file}`);
  return platform === "darwin" ? [...config, ...inHome("identities", `Library/Application Support/${file}`)] : config;
}
