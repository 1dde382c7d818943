/** Setting one value, in either tier. Returns a plan; nothing is written here. */
import { SecretsError } from "../errors.ts";
import { contentHash } from "../repo/change.ts";
import { repoPath } from "../repo/path.ts";
import { getAt, setAt } from "../sops/access.ts";
import { formatKeyPath } from "../sops/key-path.ts";
import { parsePlain } from "../sops/plain-text.ts";
import { textOrBytes } from "../sops/scalar.ts";
import type { ValueNode } from "../sops/tree.ts";
import { changeDocument } from "./change-document.ts";
import { openDocument } from "./document.ts";
import { planNewFile } from "./new-file.ts";
import { planNewVar } from "./new-var.ts";
import type { Plan } from "./plan.ts";
import { followEntries } from "./renew/keep-checklists.ts";
import type { ServiceGraph } from "./service/graph.ts";
import { definitionOf, planDefined } from "./service/set-defined.ts";
import { planBlessing, type SettledPlan, settlePlan } from "./service/settle-services.ts";
import { type FileTarget, type Target, targetOf, type VarTarget } from "./target.ts";
import { parseTyped, type ValueType } from "./typed-value.ts";
import type { Workplace } from "./workplace.ts";

export interface NewValue {
  readonly bytes: Uint8Array;
  readonly type: ValueType;
}

export interface SetOptions {
  /** Readers named for a new vars secret, as `users/NAME`, `machines/NAME`, `groups/NAME`. */
  readonly readers?: readonly string[];
  /** What is defined: a value of a defined service lies as its definition says, and keeps its service valid. */
  readonly graph?: ServiceGraph;
}

/**
 * @returns undefined when the value is there already, of the same type: then there is nothing to write.
 * @throws SecretsError `E_VALUE_TYPE`, `E_SET_WHOLE_FILE`, and what opening the document throws.
 */
export async function planSet(
  workplace: Workplace,
  text: string,
  value: NewValue,
  options: SetOptions = {},
): Promise<SettledPlan | undefined> {
  const target = await targetOf(workplace, text);
  try {
    const plan =
      target.tier === "vars"
        ? await setVar(workplace, target, value, options)
        : await setInFile(workplace, target, value);
    if (plan === undefined) return await blessed(workplace, target, options);
    const lists = await followEntries(workplace, { renewed: plan.changes, sealedAnew: [] });
    const followed = { ...plan, changes: [...plan.changes, ...lists] };
    if (options.graph === undefined) return { ...followed, next: [] };
    return await settlePlan(workplace.ground, options.graph, followed);
  } catch (error) {
    throw error instanceof SecretsError ? error.at({ file: target.path }) : error;
  }
}

/** The value is there already: what its service is worth by that. */
async function blessed({ ground }: Workplace, target: Target, { graph }: SetOptions): Promise<SettledPlan | undefined> {
  if (graph === undefined || target.tier === "files") return undefined;
  const plan = await planBlessing(ground, graph, target.address);
  return plan === undefined ? undefined : { ...plan, next: [] };
}

async function setVar(
  workplace: Workplace,
  target: VarTarget,
  value: NewValue,
  options: SetOptions,
): Promise<Plan | undefined> {
  if (value.type !== "str") {
    throw new SecretsError("E_VALUE_TYPE", "a vars secret is plain bytes and has no type", {
      kind: "usage",
      hint: "leave --type out",
    });
  }
  const defined = options.graph === undefined ? undefined : definitionOf(options.graph, target.address);
  const laidOut =
    defined === undefined ? undefined : await planDefined(workplace, target, value.bytes, defined, options.readers);
  if (laidOut !== undefined) return laidOut;
  if (target.state === "absent") return planNewVar(workplace, target, value.bytes, options.readers);
  if (target.state === "public") {
    const old = await workplace.ground.read(target.path);
    if (Buffer.compare(old, value.bytes) === 0) return undefined;
    return {
      summary: `set the public value ${target.address}`,
      changes: [
        {
          change: { kind: "write", path: repoPath(target.path), bytes: value.bytes, expect: contentHash(old) },
          reason: "public value, in clear",
        },
      ],
    };
  }
  const document = await openDocument(workplace, target.path, "binary");
  const plain = setAt(document.plain, ["data"], { kind: "scalar", scalar: textOrBytes(value.bytes) });
  if (sameBytes(getAt(document.plain, ["data"]), value.bytes)) return undefined;
  return changeDocument(workplace, document, plain, { summary: `set ${target.address}`, reason: "new value" });
}

async function setInFile(workplace: Workplace, target: FileTarget, value: NewValue): Promise<Plan | undefined> {
  const { format, keyPath } = target;
  if (keyPath.length === 0 && format !== "binary") {
    throw new SecretsError("E_SET_WHOLE_FILE", "set changes one value, and this address names a whole file", {
      kind: "usage",
      location: { file: target.path },
      hint: `name a key: ${target.path}#KEY/PATH\nor edit the whole file: secrets edit ${target.path}`,
    });
  }
  const node: ValueNode =
    format === "binary"
      ? { kind: "scalar", scalar: textOrBytes(value.bytes) }
      : parseTyped(textOf(value.bytes), value.type);
  const path = format === "binary" ? ["data"] : keyPath;
  if (target.state === "absent") return planNewFile(workplace, target, setAt(parsePlain("{}", "json"), path, node));
  const document = await openDocument(workplace, target.path, format);
  const before = getAt(document.plain, path);
  if (before !== undefined && sameNode(before, node)) return undefined;
  // A key path that stops one level short would take every value below with it.
  if (before !== undefined && before.kind !== "scalar" && node.kind === "scalar") {
    throw new SecretsError(
      "E_SET_OVER_VALUES",
      `this key holds a ${before.kind}; one value in its place would remove all of it`,
      {
        kind: "usage",
        location: { file: target.path, keyPath: path },
        hint: `name a key below it, or remove it first: secrets rm ${target.address}\nto replace it by another list or map: --type json`,
      },
    );
  }
  const plain = setAt(document.plain, path, node);
  const key = formatKeyPath(path);
  const summary = `${before === undefined ? "add" : "change"} ${key} in ${target.path}`;
  return changeDocument(workplace, document, plain, { summary, reason: `value of ${key}` });
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new SecretsError("E_VALUE_BINARY", "the value is not UTF-8 text, and this format holds text only", {
      hint: "keep binary values in a vars secret, or encode it with base64 first",
      cause,
    });
  }
}

function sameBytes(node: ValueNode | undefined, bytes: Uint8Array): boolean {
  if (node?.kind !== "scalar") return false;
  const { scalar } = node;
  if (scalar.type === "bytes") return Buffer.compare(scalar.value, bytes) === 0;
  return scalar.type === "str" && Buffer.compare(Buffer.from(scalar.value, "utf8"), bytes) === 0;
}

function sameNode(a: ValueNode, b: ValueNode): boolean {
  if (a.kind !== "scalar" || b.kind !== "scalar") return false;
  return (
    a.scalar.type === b.scalar.type &&
    ("value" in a.scalar ? a.scalar.value : null) === ("value" in b.scalar ? b.scalar.value : null)
  );
}
