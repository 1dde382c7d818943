/** `secrets machine add|deploy-files`. */
import { relative, resolve, sep } from "node:path";
import { shellWord } from "../../actions/check/shell-word.ts";
import { type AddMachineOptions, planAddMachine } from "../../actions/machine/add-machine.ts";
import { deployTree, readDeployFiles } from "../../actions/machine/deploy-files.ts";
import { KNOWN_HOSTS } from "../../actions/machine/known-hosts.ts";
import type { MachineKey } from "../../actions/machine/machine-key.ts";
import { type Scaffold, scaffoldModule } from "../../actions/machine/scaffold.ts";
import { knownHostName, parseScanTarget } from "../../actions/machine/scan-host.ts";
import { refuseNewName } from "../../actions/principal/new-name.ts";
import { parseStatedKey } from "../../actions/principal/stated-key.ts";
import { keyName } from "../../actions/rekey/access-plan.ts";
import { makeHostKey, type PrivateHostKey } from "../../age/host-key.ts";
import { SecretsError } from "../../errors.ts";
import { type ChangeFlags, conduct } from "../conduct.ts";
import type { Context } from "../context.ts";
import { type ExtraFiles, extraFiles } from "../extra-files.ts";
import { readHostKey } from "../host-key-file.ts";
import { confirmScanned, scan } from "../scan.ts";
import { type RuleFlags, sharedRuleAnswer } from "../shared-rule.ts";
import { progress } from "../terminal/progress.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface AddMachineFlags extends ChangeFlags, RuleFlags {
  readonly generate?: boolean;
  readonly hostKey?: string;
  readonly scan?: string;
  readonly fingerprint?: string;
  readonly ageKey?: string;
  readonly platform?: "nixos" | "darwin";
  readonly group?: readonly string[];
  readonly like?: string;
  readonly for?: readonly string[];
  readonly extraFiles?: string;
  readonly scaffold?: boolean;
  readonly knownHosts?: string;
  readonly noKnownHosts?: boolean;
  readonly force?: boolean;
}

export async function addMachine(this: Context, flags: AddMachineFlags, name: string): Promise<void> {
  refuseNewName("machine", name);
  refuseFlags(flags);
  const onSharedRule = sharedRuleAnswer(this, flags);
  const workplace = await openWorkplace(this);
  const { root } = workplace.ground;
  const extra = flags.extraFiles === undefined ? undefined : await extraFiles(this, root, flags.extraFiles);
  const { key, hosts } = await newKeyOf(this, name, flags);
  if (extra !== undefined && key.secret === undefined) {
    throw usage(
      "--extra-files needs the private half of the key",
      "--generate makes one; --host-key takes a private key file",
    );
  }
  const scaffold = flags.scaffold === true ? scaffoldModule(name, flags.platform ?? "nixos") : undefined;
  const options: AddMachineOptions = {
    force: flags.force === true,
    groups: flags.group ?? [],
    ...(flags.like === undefined ? {} : { like: flags.like }),
    ...(flags.for === undefined ? {} : { people: flags.for }),
    onSharedRule,
    knownHosts:
      flags.noKnownHosts === true
        ? undefined
        : { file: fileInside(this, root, flags.knownHosts ?? KNOWN_HOSTS), hosts },
    handedOver: extra !== undefined,
    ...(scaffold === undefined ? {} : { scaffold }),
  };
  const plan = await progress(this.terminal, "sealing", (onProgress) =>
    planAddMachine(workplace, name, key, { ...options, onProgress }),
  );
  const { secret, publicKey = "" } = key;
  const files =
    secret === undefined
      ? []
      : deployTree({
          hostKey: { privateKey: secret.hostKey, publicKey: `${publicKey} root@${name}\n` },
          identity: secret.identity,
        });
  const registered = scaffold === undefined ? [] : registration(scaffold);
  const next = extra === undefined ? nextSteps(name, flags, key) : installSteps(name, extra, flags.platform);
  await conduct(this, workplace, { ...plan, next: [...plan.next, ...registered, ...next] }, flags, {
    stated: new Set([keyName(parseStatedKey(key.recipient))]),
    ...(extra === undefined ? {} : { prepare: () => extra.write(files) }),
  });
}

export interface DeployFlags {
  readonly platform?: "nixos" | "darwin";
}

export async function deployFiles(this: Context, { platform }: DeployFlags, name: string, dir: string): Promise<void> {
  const workplace = await openWorkplace(this);
  const extra = await extraFiles(this, workplace.ground.root, dir);
  const { files, missing } = await readDeployFiles(workplace, name);
  await extra.write(files);
  const { terminal } = this;
  for (const { path, mode } of files) terminal.print([mode.toString(8).padStart(4, "0"), " ", path]);
  for (const line of missing) terminal.note([style("yellow", "note"), ": ", line]);
  for (const step of installSteps(name, extra, platform)) terminal.note([style("cyan", "next"), ": ", step]);
}

interface NewKey {
  readonly key: MachineKey;
  /** As known_hosts shall name it. */
  readonly hosts: readonly string[];
}

async function newKeyOf(context: Context, name: string, flags: AddMachineFlags): Promise<NewKey> {
  const { hostKey, ageKey } = flags;
  if (flags.scan !== undefined) return scannedKey(context, name, flags.scan, flags.fingerprint);
  if (flags.generate === true) return { key: withSecret(await makeHostKey(name)), hosts: [name] };
  if (ageKey !== undefined) return { key: { recipient: parseStatedKey(ageKey).text }, hosts: [name] };
  const { recipient, publicKey, secret } = await readHostKey(context, hostKey ?? "");
  return { key: secret === undefined ? { recipient, publicKey } : withSecret(secret), hosts: [name] };
}

async function scannedKey(
  context: Context,
  name: string,
  typed: string,
  fingerprint: string | undefined,
): Promise<NewKey> {
  const target = parseScanTarget(typed);
  const where = knownHostName(target);
  const found = await scan(context, target);
  await confirmScanned(context, where, found, fingerprint);
  return { key: { recipient: found.recipient, publicKey: found.publicKey }, hosts: [...new Set([name, where])] };
}

function withSecret({ recipient, publicKey, identity, file }: PrivateHostKey): MachineKey {
  if (file !== undefined) return { recipient, publicKey, secret: { hostKey: file, identity } };
  throw new SecretsError("E_KEY_FILE", "this is no host key that sshd could start with", {
    kind: "usage",
    hint: "it has a passphrase, or is not in OpenSSH's own format: ssh-keygen -p -N '' -f FILE writes it so that sshd and sops-nix can read it",
  });
}

function refuseFlags({
  scaffold,
  planOut,
  generate,
  hostKey,
  scan,
  fingerprint,
  ageKey,
  knownHosts,
  noKnownHosts,
}: AddMachineFlags): void {
  const given = [generate === true || undefined, hostKey, scan, ageKey].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw usage(
      given.length === 0 ? "where is its key from?" : "a machine has one key",
      "one of --generate, --host-key FILE, --scan HOST and --age-key age1…",
    );
  }
  if (scaffold === true && planOut !== undefined) {
    throw usage("--scaffold writes code, which a plan in a file never brings", "leave out --plan-out");
  }
  if (fingerprint !== undefined && scan === undefined)
    throw usage("--fingerprint goes with --scan", "secrets machine add --help");
  if (knownHosts !== undefined && noKnownHosts === true) {
    throw usage("--known-hosts and --no-known-hosts exclude each other", "leave one out");
  }
}

function registration({ registry, registration: lines }: Scaffold): string[] {
  return lines.map((line) => `in ${registry}: ${line}`);
}

function nextSteps(name: string, { platform }: AddMachineFlags, { secret, publicKey }: MachineKey): string[] {
  if (secret !== undefined) {
    const where = platform === "darwin" ? "DIR" : `DIR, the tree for nixos-anywhere --extra-files`;
    return [`its keys as files for the first boot: secrets machine deploy-files ${name} ${where}`];
  }
  return [
    publicKey === undefined
      ? `see that ${name} has the private half where sops.age.keyFile says`
      : `${name} opens its secrets by its own host key: sops.age.sshKeyPaths = [ "/etc/ssh/ssh_host_ed25519_key" ]`,
  ];
}

/** What to type, and what to clean up, in this order. */
function installSteps(name: string, { path, inMemory }: ExtraFiles, platform: "nixos" | "darwin" = "nixos"): string[] {
  const dir = shellWord(path);
  const install =
    platform === "darwin"
      ? `on the Mac, as root, with a copy of the tree: install -d -m 755 /etc/ssh /var/lib && cp -pR ${dir}/etc/ssh/. /etc/ssh/ && cp -pR ${dir}/var/lib/sops-nix /var/lib/ && chown -R root:wheel /etc/ssh/ssh_host_ed25519_key* /var/lib/sops-nix`
      : `nixos-anywhere --flake .#${shellWord(name)} --extra-files ${dir} --target-host root@ADDRESS`;
  return [
    install,
    `rm -rf ${dir}${inMemory ? "" : "   # it lies on a disk: a folder in memory (/dev/shm) would leave no trace"}`,
    `secrets machine verify ${shellWord(name)} --scan ADDRESS`,
  ];
}

/** As typed, from where the person stands; the default from the top. @throws SecretsError `E_USAGE` */
function fileInside({ directory }: Context, root: string, typed: string): string {
  if (typed === KNOWN_HOSTS) return typed;
  const path = relative(root, resolve(directory, typed)).split(sep).join("/");
  if (path !== "" && !path.startsWith("../") && path !== ".." && !path.startsWith(".git/")) return path;
  throw usage("--known-hosts names a file in the repository", "or leave the line out: --no-known-hosts");
}

function usage(message: string, hint: string): SecretsError {
  return new SecretsError("E_USAGE", message, { kind: "usage", hint });
}
