/** Random trees, as the real sops reads and writes them: our text means the same to it, and its text is ours. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { yamlStore } from "../../src/sops/stores/yaml.ts";
import type { EntryNode, MapNode, TreeNode } from "../../src/sops/tree.ts";
import { describeNode, describeValues, mapNode } from "../sops/stores/yaml/trees.ts";

const PEERS = process.env["SECRETS_PEERS"] ?? new URL("../../.peers/bin", import.meta.url).pathname;
const RUNS = Number(process.env["INTEROP_RUNS"] ?? 3);
const TREES = 60;

let folder = "";
let recipient = "";
before(() => {
  folder = mkdtempSync(join(tmpdir(), "secrets-yaml-"));
  execFileSync(join(PEERS, "age-keygen"), ["-o", join(folder, "key.txt")], { stdio: "pipe" });
  recipient = execFileSync(join(PEERS, "age-keygen"), ["-y", join(folder, "key.txt")], { encoding: "utf8" }).trim();
});
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function sops(text: string, ...args: string[]): string {
  const file = join(folder, "file.yaml");
  writeFileSync(file, text);
  return execFileSync(join(PEERS, "sops"), ["--config", "/dev/null", ...args, file], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] ?? "", HOME: folder, SOPS_AGE_KEY_FILE: join(folder, "key.txt") },
  });
}
const encrypt = (text: string) => sops(text, "encrypt", "--age", recipient);
const decrypt = (text: string, type = "yaml") => sops(text, "decrypt", "--output-type", type);

/** Many random trees as the entries of one: a process for each would take all day. */
function sample(options: { comments: boolean }, seed: number): MapNode {
  const trees = fc.sample(mapNode(3, options), { seed, numRuns: TREES });
  return { kind: "map", entries: trees.map((value, index): EntryNode => ({ kind: "entry", key: `t${index}`, value })) };
}

/** Without the strings that sops writes so that it cannot read them, or other than we do on purpose. */
function tame<T extends TreeNode>(node: T): T {
  return tameKeys(
    mapScalars(node, (scalar) => (scalar.type === "str" ? { type: "str", value: tameString(scalar.value) } : scalar)),
  );
}

/** The same for keys alone, which sops does not encrypt. */
function tameKeys<T extends TreeNode>(node: T): T {
  return mapScalars(
    node,
    (scalar) => scalar,
    (key) => tameString(key).replace(/^<<$/, "<"),
  );
}

function tameString(text: string): string {
  const tamed = text.replace(/[\u2028\u2029]/g, "-");
  return tamed.includes("\n") ? tamed.replace(/^\s+/, "") : tamed;
}

/** Leaves out what JSON cannot say. */
function fitJson<T extends TreeNode>(node: T): T {
  return mapScalars(node, (scalar) => {
    if (scalar.type === "int") return { type: "int", value: scalar.value % 1000n };
    return scalar.type === "float" && !Number.isFinite(scalar.value) ? { type: "null" } : scalar;
  });
}

type Scalar = Extract<TreeNode, { kind: "scalar" }>["scalar"];

function mapScalars<T extends TreeNode>(node: T, change: (scalar: Scalar) => Scalar, key = (text: string) => text): T {
  const visit = (one: TreeNode): TreeNode => {
    if (one.kind === "scalar") return { kind: "scalar", scalar: change(one.scalar) };
    if (one.kind === "entry")
      return { kind: "entry", key: key(one.key), value: visit(one.value) as EntryNode["value"] };
    if (one.kind === "list") return { kind: "list", items: one.items.map((item) => visit(item) as typeof item) };
    // sops makes an empty string of an empty comment in a list.
    if (one.kind === "comment") return one.text === "" ? { ...one, text: " none" } : one;
    const seen = new Set<string>();
    const entries = one.entries.map((entry) => visit(entry) as typeof entry);
    return {
      kind: "map",
      entries: entries.filter((entry) => entry.kind === "comment" || (!seen.has(entry.key) && seen.add(entry.key))),
    };
  };
  return visit(node) as T;
}

function toJson(node: TreeNode): string {
  if (node.kind === "map") {
    const entries = node.entries.filter((entry) => entry.kind === "entry");
    return `{${entries.map((entry) => `${JSON.stringify(entry.key)}:${toJson(entry.value)}`).join(",")}}`;
  }
  if (node.kind === "list")
    return `[${node.items
      .filter((item) => item.kind !== "comment")
      .map(toJson)
      .join(",")}]`;
  if (node.kind !== "scalar") return "";
  const { scalar } = node;
  if (scalar.type === "null") return "null";
  return scalar.type === "int" ? String(scalar.value) : JSON.stringify(scalar.value);
}

for (let run = 0; run < RUNS; run++) {
  const seed = Number(process.env["INTEROP_SEED"] ?? Date.now() % 1e6) + run;

  test(`what sops decrypts to is what we write, byte for byte (seed ${seed})`, () => {
    const tree = tame(sample({ comments: false }, seed));
    const text = yamlStore.write([tree], undefined);
    const encrypted = encrypt(text);
    assert.deepEqual(decrypt(encrypted).split("\n"), text.split("\n"));
    const file = yamlStore.read(encrypted);
    assert.equal(yamlStore.write(file.documents, file.metadata), encrypted);
    assert.ok(file.metadata);
    assert.equal(yamlStore.rewrite(file, file.documents, file.metadata), encrypted);
  });

  test(`sops reads what we write as the same values, whatever the strings (seed ${seed})`, () => {
    const tree = tameKeys(fitJson(sample({ comments: true }, seed)));
    const decrypted = decrypt(encrypt(yamlStore.write([tree], undefined)), "json");
    assert.deepEqual(JSON.parse(decrypted), JSON.parse(toJson(tree)));
  });

  test(`comments survive sops, and its text is read as the same values (seed ${seed})`, () => {
    const tree = tame(sample({ comments: true }, seed));
    const text = yamlStore.write([tree], undefined);
    const encrypted = encrypt(text);
    const decrypted = yamlStore.read(decrypt(encrypted));
    assert.deepEqual(decrypted.documents.map(describeValues), [describeValues(tree)]);
    const again = yamlStore.read(encrypted);
    const [shape] = yamlStore.read(text).documents;
    assert.ok(shape);
    assert.deepEqual(again.documents.map(describeKeys), [describeKeys(shape)]);
  });
}

/** Keys only: what the encrypted and the plain file have in common. */
function describeKeys(node: TreeNode): unknown {
  if (node.kind === "entry") return [node.key, describeKeys(node.value)];
  if (node.kind === "map") return node.entries.filter((entry) => entry.kind === "entry").map(describeKeys);
  return node.kind === "list" ? "list" : "leaf";
}

test("the list comment bug of sops 3.13.2 is behind us, and what it wrote is read", () => {
  const text = "l:\n    # head\n    - 1\n    # mid\n    - 2\n";
  const decrypted = yamlStore.read(decrypt(encrypt(text)));
  assert.deepEqual(decrypted.documents.map(describeNode), yamlStore.read(text).documents.map(describeNode));
});
