/** `secrets service new|edit`: definitions in files of the repository. */

import type { PlannedChange } from "../../actions/plan.ts";
import { findService } from "../../actions/service/describe-services.ts";
import { readGraph } from "../../actions/service/graph.ts";
import { newDefinition, SCHEMA_FILE } from "../../actions/service/new-definition.ts";
import { SecretsError } from "../../errors.ts";
import { suggest } from "../../fleet/address.ts";
import { readRegistry } from "../../fleet/clan/registry.ts";
import type { Ground } from "../../fleet/ground.ts";
import { overlayGround } from "../../fleet/overlay.ts";
import { PathIndex } from "../../fleet/path-index.ts";
import { DEFINITIONS, readServiceFiles } from "../../fleet/services/definition-files.ts";
import { KINDS, type KindName } from "../../fleet/services/kinds.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import { openScratch } from "../../repo/scratch.ts";
import type { Context } from "../context.ts";
import { openServices } from "../services.ts";
import { editText } from "../terminal/editor.ts";
import { findEditor } from "../terminal/editor-command.ts";
import { askYesNo } from "../terminal/prompt.ts";
import { style } from "../terminal/styled.ts";
import { cannotAsk } from "../terminal/terminal.ts";
import { type LocalWorkplace, openWorkplace } from "../workplace.ts";

export interface NewServiceFlags {
  readonly kind?: string;
  readonly script?: boolean;
  readonly share?: boolean;
  readonly machine?: readonly string[];
  readonly group?: readonly string[];
}

export async function newService(this: Context, flags: NewServiceFlags, name: string): Promise<void> {
  const { terminal } = this;
  const { kind, script = false, share = false, machine = [], group = [] } = flags;
  if ((kind === undefined) !== script) throw usage("give one of --kind KIND and --script");
  const workplace = await openWorkplace(this);
  const path = `${DEFINITIONS}/${name}.yaml`;
  const text = newDefinition({
    name,
    kind: kind === undefined ? undefined : knownKind(kind),
    share,
    machines: machine,
    groups: group,
  });
  for (const taken of [path, `${DEFINITIONS}/${name}.yml`]) {
    if ((await workplace.ground.kind(taken)) === "missing") continue;
    throw new SecretsError("E_EXISTS", `the service ${name} is defined already`, {
      kind: "usage",
      location: { file: taken },
      hint: `secrets service edit ${name}`,
    });
  }
  const change: FileChange = {
    kind: "write",
    path: repoPath(path),
    bytes: Buffer.from(text, "utf8"),
    expect: "absent",
  };
  // Names that are none are told now, not when somebody wants to run it.
  const faults = await faultsWith(workplace.ground, change);
  const [fault] = faults.filter(({ location }) => location?.file === path && isPlaceFault(location.keyPath));
  if (fault !== undefined) throw fault;
  const changes: PlannedChange[] = [{ change, reason: "definition" }];
  const schema = await schemaChange(workplace.ground);
  if (schema !== undefined) changes.push({ change: schema, reason: "what editors complete definitions by" });
  await workplace.apply({ summary: `define the service ${name}`, changes });
  for (const { change } of changes) terminal.note([style("green", "wrote"), ": ", change.path]);
  terminal.note([style("cyan", "next"), `: secrets service edit ${name}`]);
  terminal.note([style("cyan", "next"), `: secrets generate --service ${name}`]);
}

export async function editService(this: Context, _flags: object, text: string): Promise<void> {
  const { terminal, env } = this;
  if (!terminal.interactive && findEditor(env).source === "default") {
    throw cannotAsk("which text?", "a program in SECRETS_EDITOR");
  }
  const workplace = await openWorkplace(this);
  const path = await definitionOf(this, workplace, text);
  const initial = Buffer.from(await workplace.ground.read(path));
  const scratch = openScratch({ env, allowDisk: true });
  const outcome = await editText({
    initial,
    extension: ".yaml",
    commentSign: "#",
    validate: async (bytes) => {
      const faults = await faultsWith(workplace.ground, {
        kind: "write",
        path: repoPath(path),
        bytes,
        expect: contentHash(initial),
      });
      return faults.find(({ location }) => location?.file === path);
    },
    save: async (bytes) => {
      const change = { kind: "write", path: repoPath(path), bytes, expect: contentHash(initial) } as const;
      await workplace.apply({ summary: `edit ${path}`, changes: [{ change, reason: "definition" }] });
    },
    env,
    scratch,
    ask: terminal.interactive ? (question) => askYesNo(question, { terminal, flag: "a terminal" }) : undefined,
  });
  if (outcome !== "saved") {
    terminal.note("nothing changed, nothing was written");
    return;
  }
  terminal.note([style("green", "done"), `: edit ${path}`]);
  terminal.note([style("cyan", "next"), ": secrets generate --dry-run"]);
}

/** The file that defines a service, whether or not it is sound. */
async function definitionOf(context: Context, workplace: LocalWorkplace, text: string): Promise<string> {
  const name = text.replace(/^.*\//, "").replace(/\.ya?ml$/, "");
  const paths = (await workplace.ground.list())
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${DEFINITIONS}/`));
  const found = paths.find((path) => path === `${DEFINITIONS}/${name}.yaml` || path === `${DEFINITIONS}/${name}.yml`);
  if (found !== undefined) return found;
  const { services } = await openServices(context, workplace, {});
  if (services.some((service) => service.name === name)) {
    findService(
      readGraph(services).graph,
      text.includes("/") ? text : (services.find((service) => service.name === name)?.address ?? text),
    );
    throw new SecretsError("E_SERVICE_FLAKE", `${name} is a generator of clan's, defined in the flake`, {
      kind: "usage",
      hint: `edit it where Nix has it: clan.core.vars.generators.${name}`,
    });
  }
  const near = suggest(
    name,
    paths.map((path) => path.slice(DEFINITIONS.length + 1).replace(/\.ya?ml$/, "")),
  );
  throw new SecretsError("E_NO_SERVICE", `there is no service ${name}`, {
    kind: "usage",
    hint:
      near.length > 0
        ? `did you mean ${near.join(" or ")}?`
        : `define it: secrets service new ${name} --kind KIND --machine NAME`,
  });
}

async function faultsWith(ground: Ground, change: FileChange): Promise<readonly SecretsError[]> {
  const laid = overlayGround(ground, [change]);
  const registry = await readRegistry(laid, new PathIndex(await laid.list()));
  const { services, faults } = await readServiceFiles(laid, registry);
  return faults.length > 0 ? faults : readGraph(services).faults;
}

/** What a person typed on the command line, not what they will write into the file. */
function isPlaceFault(keyPath: readonly (string | number)[] | undefined): boolean {
  return ["machines", "groups", "readers"].includes(String(keyPath?.[0] ?? ""));
}

function knownKind(text: string): KindName {
  const names = Object.keys(KINDS) as KindName[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  const near = suggest(text, names);
  throw new SecretsError("E_USAGE", `there is no kind ${text}`, {
    kind: "usage",
    hint: near.length > 0 ? `did you mean ${near.join(" or ")}?` : `kinds: ${names.join(", ")}`,
  });
}

/** Undefined when it lies there already as this version has it. */
async function schemaChange(ground: Ground): Promise<FileChange | undefined> {
  const { default: schema } = await import("../../../schemas/service.schema.json", { with: { type: "json" } });
  const bytes = Buffer.from(`${JSON.stringify(schema, undefined, 2)}\n`, "utf8");
  const path = repoPath(SCHEMA_FILE);
  if ((await ground.kind(SCHEMA_FILE)) === "missing") return { kind: "write", path, bytes, expect: "absent" };
  const expect = contentHash(await ground.read(SCHEMA_FILE));
  return expect === contentHash(bytes) ? undefined : { kind: "write", path, bytes, expect };
}

function usage(message: string): SecretsError {
  return new SecretsError("E_USAGE", message, { kind: "usage", hint: "secrets service new --help shows the forms" });
}
