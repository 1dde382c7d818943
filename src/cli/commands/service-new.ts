/** `secrets service new`: a definition to go on with, and the schema that editors complete it by. */
import type { PlannedChange } from "../../actions/plan.ts";
import { newDefinition } from "../../actions/service/new-definition.ts";
import { SecretsError } from "../../errors.ts";
import { didYouMean } from "../../fleet/address.ts";
import type { Ground } from "../../fleet/ground.ts";
import { DEFINITIONS, SCHEMA_FILE } from "../../fleet/services/definition-place.ts";
import { KINDS, type KindName } from "../../fleet/services/kinds.ts";
import { contentHash, type FileChange } from "../../repo/change.ts";
import { repoPath } from "../../repo/path.ts";
import type { Context } from "../context.ts";
import { faultsOfDefinition } from "../faults-of-definition.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface NewServiceFlags {
  readonly kind?: string;
  readonly script?: boolean;
  readonly share?: boolean;
  readonly machine?: readonly string[];
  readonly group?: readonly string[];
  readonly dryRun?: boolean;
}

export async function newService(this: Context, flags: NewServiceFlags, name: string): Promise<void> {
  const { terminal } = this;
  const { kind, script = false, share = false, machine: machines = [], group: groups = [] } = flags;
  if ((kind === undefined) !== script) throw usage("give one of --kind KIND and --script");
  const workplace = await openWorkplace(this);
  const { ground } = workplace;
  const known = kind === undefined ? undefined : knownKind(kind);
  const text = newDefinition({ name, kind: known, share, machines, groups });
  const path = `${DEFINITIONS}/${name}.yaml`;
  await refuseTaken(ground, name);
  const change: FileChange = {
    kind: "write",
    path: repoPath(path),
    bytes: Buffer.from(text, "utf8"),
    expect: "absent",
  };
  const { own: faults, index } = await faultsOfDefinition(this, workplace, change);
  // What was typed here is put right here; what the text still wants is for the editor.
  const typed = faults.find(({ location }) => ["machines", "groups"].includes(String(location?.keyPath?.[0] ?? "")));
  if (typed !== undefined) throw usage(typed.message, typed.hint);
  const twice = faults.find(({ code }) => code === "E_SERVICE_TWICE");
  if (twice !== undefined) throw twice;
  if (flags.dryRun === true) {
    for (const line of text.trimEnd().split("\n")) terminal.print(line);
    terminal.note([style("bold", `define the service ${name}`), ": nothing was changed (--dry-run)"]);
    return;
  }
  const changes: PlannedChange[] = [{ change, reason: "definition" }];
  const schema = await schemaChange(ground);
  if (schema !== undefined) changes.push({ change: schema, reason: "what editors complete definitions by" });
  changes.push(...index);
  await workplace.apply({ summary: `define the service ${name}`, changes });
  for (const { change } of changes) terminal.note([style("green", "wrote"), ": ", change.path]);
  for (const { message } of faults) terminal.note([style("yellow", "still wrong"), ": ", message]);
  terminal.note([style("cyan", "next"), `: secrets service edit ${name}`]);
  if (faults.length === 0) terminal.note([style("cyan", "next"), `: secrets generate --service ${name}`]);
}

async function refuseTaken(ground: Ground, name: string): Promise<void> {
  for (const taken of [`${DEFINITIONS}/${name}.yaml`, `${DEFINITIONS}/${name}.yml`]) {
    if ((await ground.kind(taken)) === "missing") continue;
    throw new SecretsError("E_EXISTS", `the service ${name} is defined already`, {
      kind: "usage",
      location: { file: taken },
      hint: `secrets service edit ${name}`,
    });
  }
}

function knownKind(text: string): KindName {
  const names = Object.keys(KINDS) as KindName[];
  const found = names.find((name) => name === text);
  if (found !== undefined) return found;
  throw new SecretsError("E_USAGE", `there is no kind ${text}`, {
    kind: "usage",
    hint: didYouMean(text, names) ?? `kinds: ${names.join(", ")}`,
  });
}

/** Undefined when it lies there already as this version has it. */
async function schemaChange(ground: Ground): Promise<FileChange | undefined> {
  const { default: schema } = await import("../../../schemas/service.schema.json", { with: { type: "json" } });
  const bytes = Buffer.from(`${JSON.stringify(schema, undefined, 2)}\n`, "utf8");
  const path = repoPath(SCHEMA_FILE);
  const kind = await ground.kind(SCHEMA_FILE);
  if (kind === "missing") return { kind: "write", path, bytes, expect: "absent" };
  // Somebody who put something else there wants it so.
  if (kind !== "file") return undefined;
  const expect = contentHash(await ground.read(SCHEMA_FILE));
  return expect === contentHash(bytes) ? undefined : { kind: "write", path, bytes, expect };
}

function usage(message: string, hint = "secrets service new --help shows the forms"): SecretsError {
  return new SecretsError("E_USAGE", message, { kind: "usage", hint });
}
