/** What is remembered between runs, and what must not be: a memory may cost or save time, and change nothing else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MemoryPlace } from "../../src/fleet/facts-memory.ts";
import { type Fleet, loadFleet } from "../../src/fleet/fleet.ts";
import type { Ground } from "../../src/fleet/ground.ts";
import { golden } from "../sops/golden.ts";
import { type MemoryFiles, memoryGround } from "./memory-ground.ts";

const YAML = Buffer.from(golden("basic-yaml/enc-3.13.2.yaml").bytes).toString("utf8");
const BINARY = Buffer.from(golden("blob-bin/enc-3.13.2.bin").bytes).toString("utf8");

/** 500 documents of tier 2 and one secret with a link, all with a stamp that changes with their content. */
function manyFiles(changes: MemoryFiles = {}): MemoryFiles {
  const files: Record<string, MemoryFiles[string]> = { "notes.txt": "no secrets here" };
  for (let i = 0; i < 500; i++) files[`secrets/${i}.yaml`] = YAML;
  files["vars/per-machine/m/s/f/secret"] = BINARY;
  files["vars/per-machine/m/s/f/users/ada"] = { link: "../../../../../../sops/users/ada" };
  files["sops/users/ada/key.json"] = "[]";
  return { ...files, ...changes };
}

class Disk {
  stored: Uint8Array | undefined;
  program = "1";
  reads: string[] = [];
  /** Paths that changed too lately to be told apart. */
  unsettled = new Set<string>();

  ground(files: MemoryFiles): Ground {
    const plain = memoryGround(files);
    const memory: MemoryPlace = {
      program: this.program,
      stamp: (path) => (this.unsettled.has(path) ? undefined : stampOf(files[path])),
      load: () => this.stored,
      store: (bytes) => {
        this.stored = bytes;
      },
    };
    return {
      ...plain,
      memory,
      read: (path) => {
        this.reads.push(path);
        return plain.read(path);
      },
      readLink: (path) => {
        this.reads.push(path);
        return plain.readLink(path);
      },
    };
  }

  async load(files: MemoryFiles): Promise<Omit<Fleet, "ground" | "rules" | "principals">> {
    this.reads = [];
    const { ground: _ground, rules: _rules, principals: _principals, ...facts } = await loadFleet(this.ground(files));
    return facts;
  }
}

function stampOf(content: MemoryFiles[string] | undefined): string {
  return JSON.stringify(content)?.length.toString() ?? "";
}

async function without(files: MemoryFiles) {
  const { ground: _ground, rules: _rules, principals: _principals, ...facts } = await loadFleet(memoryGround(files));
  return facts;
}

test("a second run finds the same without reading one document or link", async () => {
  const disk = new Disk();
  const first = await disk.load(manyFiles());
  const second = await disk.load(manyFiles());
  assert.deepEqual(second, first);
  assert.deepEqual(second, await without(manyFiles()));
  assert.deepEqual(disk.reads, ["sops/users/ada/key.json"]);
});

test("what changed is read again, and only that", async () => {
  const disk = new Disk();
  await disk.load(manyFiles());
  const changed = manyFiles({
    "secrets/7.yaml": YAML.replace(/^a: .*$/m, "a: hunter2"),
    "vars/per-machine/m/s/f/users/ada": { link: "../../../../../../sops/users/nobody" },
    "new.yaml": YAML,
  });
  const facts = await disk.load(changed);
  assert.deepEqual(facts, await without(changed));
  assert.deepEqual(disk.reads.filter((path) => !path.startsWith("sops/")).sort(), [
    "new.yaml",
    "secrets/7.yaml",
    "vars/per-machine/m/s/f/users/ada",
  ]);
  assert.equal(facts.documents.find(({ path }) => path === "secrets/7.yaml")?.clear.length, 1);
});

test("what is odd is found by every run", async () => {
  const disk = new Disk();
  const odd = manyFiles({
    "secrets/1.yaml": YAML.slice(0, YAML.length - 300),
    "vars/per-machine/m/s/f/secret": "hunter2",
    ".sops.yaml": "creation_rules:\n  - path_regex: ^plain/\n",
    "plain/x.json": "{}",
  });
  const first = await disk.load(odd);
  const second = await disk.load(odd);
  assert.ok(first.anomalies.length >= 2 && first.plainFiles.length === 1);
  assert.deepEqual(second, first);
});

test("a file that changed a moment ago is not trusted to its date", async () => {
  const disk = new Disk();
  disk.unsettled.add("secrets/3.yaml");
  await disk.load(manyFiles());
  await disk.load(manyFiles());
  assert.ok(disk.reads.includes("secrets/3.yaml"));
});

test("a memory that is damaged, foreign or of another form is forgotten", async () => {
  for (const stored of ["", "{", "null", "[]", '{"form":1}', '{"form":0,"entries":[],"readers":[]}']) {
    const disk = new Disk();
    disk.stored = Buffer.from(stored);
    assert.deepEqual(await disk.load(manyFiles()), await without(manyFiles()), stored);
  }
});

test("another version of the program starts anew", async () => {
  const disk = new Disk();
  await disk.load(manyFiles());
  disk.program = "2";
  await disk.load(manyFiles());
  assert.ok(disk.reads.length > 500);
});

test("a small fleet leaves nothing behind", async () => {
  const disk = new Disk();
  await disk.load({ "a.yaml": YAML, "b.yaml": YAML });
  assert.equal(disk.stored, undefined);
});
