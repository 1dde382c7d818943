/** What a built-in kind makes of a definition's text. */
import assert from "node:assert/strict";
import { makeBuiltIn } from "../../../../src/actions/service/make/make-built-in.ts";
import { readDefinition } from "../../../../src/fleet/services/definition.ts";
import { Faults } from "../../../../src/fleet/services/definition-fields.ts";
import { readDefinitionTree } from "../../../../src/fleet/services/definition-tree.ts";
import type { Service } from "../../../../src/fleet/services/service.ts";

export const NOW = new Date("2026-03-01T12:00:00Z");

export interface Made {
  readonly service: Service;
  /** By file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

interface Beside {
  readonly dependencies?: readonly Made[];
  readonly prompts?: Readonly<Record<string, string>>;
  readonly machine?: string | undefined;
  readonly hashPassword?: (algorithm: string, password: Uint8Array) => Promise<string>;
  readonly now?: Date;
}

/** @param text what stands in the definition beside its machines */
export async function made(name: string, text: string, beside: Beside = {}): Promise<Made> {
  const { dependencies = [], prompts = {}, hashPassword = async () => "$6$hash" } = beside;
  const machine = "machine" in beside ? beside.machine : "web01";
  const faults = new Faults(name);
  const tree = readDefinitionTree(Buffer.from(`machines: [web01]\n${text}\n`), name);
  const definition = readDefinition(tree, name, faults);
  assert.deepEqual(
    faults.found.map(({ message }) => message),
    [],
  );
  assert.ok(definition?.maker);
  const { files, maker, prompts: asked } = definition;
  const service: Service = {
    name,
    address: `vars/${machine ?? "shared"}/${name}`,
    machine,
    machines: ["web01"],
    files,
    prompts: asked,
    dependencies: definition.dependencies,
    validation: undefined,
    readers: undefined,
    maker,
    origin: { kind: "file", path: `vars/services/${name}.yaml`, line: 1 },
  };
  const inputs = dependencies.flatMap((one) =>
    [...one.files].map(([file, bytes]) => [`${one.service.name}/${file}`, bytes] as const),
  );
  const outputs = await makeBuiltIn({ hashPassword })({
    service,
    dependencies: dependencies.map((one) => one.service),
    prompts: new Map(Object.entries(prompts).map(([prompt, answer]) => [prompt, Buffer.from(answer)])),
    inputs: new Map(inputs),
    now: beside.now ?? NOW,
  });
  return { service, files: outputs };
}

export async function textOf(name: string, text: string, file: string, beside: Beside = {}): Promise<string> {
  const { files } = await made(name, text, beside);
  return Buffer.from(files.get(file) ?? assert.fail(`no ${file}`)).toString("latin1");
}
