import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { golden, goldenFiles, RECIPIENT_1, RECIPIENT_2, RECIPIENT_3 } from "../sops/golden.ts";
import { type MemoryFiles, memoryGround, unpackFixture } from "./memory-ground.ts";

const YAML = Buffer.from(golden("basic-yaml/enc-3.13.2.yaml").bytes);
const RULE = (regex: string, ...recipients: string[]) =>
  `creation_rules:\n  - path_regex: '${regex}'\n    age: ${recipients.join(",")}\n`;

test("every golden document of sops is found, wherever it lies, and nothing else is", async () => {
  const files = Object.fromEntries(goldenFiles().map(({ name, bytes }) => [`any/where/${name}`, Buffer.from(bytes)]));
  const others: MemoryFiles = {
    "README.md": "sops writes mac: ENC[AES256_GCM,data:…] at the end\n",
    "flake.nix": "sops.secrets.x = {};",
    "notes.yaml": "sops: a tool\nmac: a computer\n",
    script: "#!/bin/sh\nsops -d x # mac: y\n",
    "empty.yaml": "",
    "binary.bin": Uint8Array.from([0, 255, 0, 13]),
  };
  const fleet = await loadFleet(memoryGround({ ...files, ...others }));
  assert.deepEqual(fleet.anomalies, []);
  assert.deepEqual(fleet.documents.map(({ path }) => path).sort(), Object.keys(files).sort());
  for (const { policy, missing, extra, tier } of fleet.documents) {
    assert.deepEqual([policy.kind, missing, extra, tier], ["none", [], [], "files"]);
  }
});

test("keys of a document are addresses in the order of the file; a binary one has none", async () => {
  const { documents } = await loadFleet(
    memoryGround({ "a.yaml": YAML, b: Buffer.from(golden("blob-bin/enc-3.13.2.bin").bytes) }),
  );
  assert.deepEqual(
    documents.map(({ address, format, keys }) => [address, format, keys]),
    [
      ["a.yaml", "yaml", ["a", "b", "nested/c", "nested/d", "list/0", "list/1/y", "plain_unencrypted"]],
      ["b", "binary", []],
    ],
  );
});

test("policy and drift of a document that a rule covers", async () => {
  const { documents } = await loadFleet(
    memoryGround({
      ".sops.yaml": `keys:\n  - &ada ${RECIPIENT_1}\n  - &eve ${RECIPIENT_3}\n${RULE("^secrets/", "").replace(/age: $/m, "age:\n      - *ada\n      - *eve")}`,
      "secrets/a.yaml": YAML,
    }),
  );
  const [document] = documents;
  assert.deepEqual(document?.readers, [
    { type: "age", id: RECIPIENT_1, name: "ada" },
    { type: "age", id: RECIPIENT_2 },
  ]);
  assert.deepEqual(document?.policy, {
    kind: "rule",
    readers: [
      { type: "age", id: RECIPIENT_1, name: "ada", reasons: [".sops.yaml:2 &ada"] },
      { type: "age", id: RECIPIENT_3, name: "eve", reasons: [".sops.yaml:3 &eve"] },
    ],
    complete: true,
    rule: { config: ".sops.yaml", line: 5, pathRegex: "^secrets/" },
  });
  assert.deepEqual([document?.missing, document?.extra], [[RECIPIENT_3], [RECIPIENT_2]]);
});

test("a document under a rule that sops would refuse has no sound policy", async () => {
  for (const config of ["creation_rules: {", RULE("(?=x)", RECIPIENT_1), RULE("a", `${RECIPIENT_1},age1typo`)]) {
    const { documents, anomalies } = await loadFleet(memoryGround({ ".sops.yaml": config, "a.yaml": YAML }));
    assert.equal(documents[0]?.policy.complete, false);
    assert.equal(anomalies.length, 1);
  }
});

test("what a rule covers and is in clear; a rule for everything covers nothing by intent", async () => {
  const files = { "secrets/a.yaml": "token: hunter2\n", "secrets/default.nix": "{}", "other.yaml": "a: b\n" };
  const plainOf = async (config: string) =>
    (await loadFleet(memoryGround({ ...files, ".sops.yaml": config }))).plainFiles;
  const rule = { config: ".sops.yaml", line: 2, pathRegex: "^secrets/" };
  assert.deepEqual(await plainOf(RULE("^secrets/", RECIPIENT_1)), [
    { path: "secrets/a.yaml", rule, unlikely: false },
    { path: "secrets/default.nix", rule, unlikely: true },
  ]);
  assert.deepEqual(await plainOf(RULE(".*", RECIPIENT_1)), []);
  assert.deepEqual(await plainOf(`creation_rules:\n  - age: ${RECIPIENT_1}\n`), []);
});

test("clear values and comments in a document are told by line and key", async () => {
  const text = YAML.toString().replace("nested:\n", "nested:\n    # a note\n    typed: hunter2\n");
  const { documents } = await loadFleet(memoryGround({ "a.yaml": text }));
  assert.deepEqual(documents[0]?.clear, [
    { line: 4, keyPath: "nested", kind: "comment" },
    { line: 5, keyPath: "nested/typed", kind: "value" },
  ]);
  assert.doesNotMatch(JSON.stringify(documents), /hunter2|a note/);
});

test("a damaged document is told, by line where it is known, and the others are still read", async () => {
  const broken = YAML.toString().replace("nested:", "<<<<<<< ours\nnested:");
  const fleet = await loadFleet(memoryGround({ "a.yaml": broken, "b.yaml": YAML }));
  assert.deepEqual(
    fleet.anomalies.map(({ code, path, line }) => [code, path, typeof line]),
    [["document", "a.yaml", "number"]],
  );
  assert.deepEqual(
    fleet.documents.map(({ path }) => path),
    ["b.yaml"],
  );
});

test("a document cut off at any byte is told, or is no document; never more", async () => {
  for (let length = 0; length < YAML.length; length += 97) {
    const fleet = await loadFleet(memoryGround({ "a.yaml": YAML.subarray(0, length) }));
    assert.ok(fleet.documents.length + fleet.anomalies.length <= 1);
  }
});

test("what cannot be read is told", async () => {
  const ground = memoryGround({
    "sops/users/ada/key.json": "[]",
    ".sops.yaml": "",
    "a.yaml": YAML,
    "vars/shared/g/f/secret": "x",
  });
  const { anomalies } = await loadFleet({ ...ground, read: (path) => ground.read(`${path}-gone`) });
  assert.deepEqual(
    anomalies.map(({ code, path }) => [code, path]),
    [".sops.yaml", "a.yaml", "sops/users/ada/key.json", "vars/shared/g/f/secret"].map((path) => ["unreadable", path]),
  );
});

test("a file beneath many folders, and names that are special to the language", async () => {
  const deep = `${"d/".repeat(2000)}a.yaml`;
  const files: MemoryFiles = {
    [deep]: YAML,
    "__proto__/constructor.yaml": YAML,
    "vars/shared/__proto__/toString/value": "x",
  };
  const { documents, publicValues } = await loadFleet(memoryGround(files));
  assert.equal(documents.length, 2);
  assert.equal(publicValues[0]?.address, "vars/shared/__proto__/toString");
});

test("whatever the registry, the rules and the documents hold, loading ends and says so", async () => {
  const pieces = fc.constantFrom(
    "creation_rules:",
    "\n",
    "  ",
    "- ",
    "age: ",
    "key_groups:",
    "&a ",
    "*a",
    "<<: ",
    "[",
    "]",
    "{",
    "}",
    "path_regex: ",
    "(",
    "|",
    "\0",
    "\uFEFF",
    '"',
    "'",
    "sops",
    "mac:",
    "ENC[AES256_GCM,",
    RECIPIENT_1,
    ",",
    "publickey",
    "type",
    ":",
    "é",
    "\r\n",
    "\t",
    "#",
    "---\n",
  );
  const text = fc.oneof(
    fc.array(pieces, { maxLength: 40 }).map((some) => some.join("")),
    fc.string(),
  );
  const bytes = fc.oneof(
    text.map((some) => Buffer.from(some)),
    fc.uint8Array({ maxLength: 200 }),
  );
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, text, async (config, keyJson, content, link) => {
      await loadFleet(
        memoryGround({
          ".sops.yaml": config,
          "sops/users/ada/key.json": keyJson,
          "a.yaml": content,
          "b.env": content,
          c: content,
          "vars/shared/g/f/secret": content,
          "vars/shared/g/f/users/ada": { link },
        }),
      );
    }),
    { numRuns: 300 },
  );
});

test("the order in which files are listed changes nothing", async () => {
  const files: MemoryFiles = {
    ...unpackFixture("golden/clan/sops-repo.tgz"),
    ".sops.yaml": `keys:\n  - &host_m1 ${RECIPIENT_2}\n${RULE("^a", RECIPIENT_1, RECIPIENT_3)}`,
    "sub/.sops.yaml": `keys:\n  - &host_m1 ${RECIPIENT_3}\n`,
    "a.yaml": YAML,
    "a-plain.yaml": "x: y\n",
    "vars/shared/g/f/users/eve": { link: "eve" },
    "vars/shared/g/f/value": "x",
  };
  const told = async (shuffle?: Parameters<typeof memoryGround>[1]) => {
    const { principals, documents, publicValues, plainFiles, anomalies, configs } = await loadFleet(
      memoryGround(files, shuffle),
    );
    return {
      all: principals.all,
      told: principals.disagreements,
      documents,
      publicValues,
      plainFiles,
      anomalies,
      configs,
    };
  };
  const expected = await told();
  const count = (await memoryGround(files).list()).length;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: count, maxLength: count }), async (ranks) => {
      const shuffled = await told((list) =>
        list
          .map((file, i) => ({ file, rank: ranks[i] ?? 0 }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ file }) => file),
      );
      assert.deepEqual(shuffled, expected);
    }),
    { numRuns: 20 },
  );
});

test("a loaded fleet does not keep the text of its documents", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const large = golden("basic-json/enc-3.13.2.json").bytes.toString() + " ".repeat(200_000);
  const ground = memoryGround(Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`${i}.json`, large])));
  collect();
  const before = process.memoryUsage().heapUsed;
  const fleet = await loadFleet(ground);
  // What the last read left on the stack goes with the next turn.
  await setImmediate();
  collect();
  const kept = process.memoryUsage().heapUsed - before;
  assert.equal(fleet.documents.length, 200);
  // The texts together have 40 MB.
  assert.ok(kept < 5_000_000, `${kept} bytes`);
});

test("ten thousand documents: time and memory are reported", async (t) => {
  const secret = unpackFixture("golden/clan/sops-repo.tgz");
  const files: Record<string, MemoryFiles[string]> = {
    ...secret,
    ".sops.yaml": RULE("^secrets/", RECIPIENT_1, RECIPIENT_2),
  };
  for (let i = 0; i < 5000; i++) {
    const leaf = `vars/per-machine/m1/s${i % 50}/f${i}`;
    files[`${leaf}/secret`] = secret["vars/per-machine/m1/dep/bin/secret"] ?? "";
    files[`${leaf}/groups/admins`] = { link: "../../../../../../sops/groups/admins" };
    files[`${leaf}/machines/m1`] = { link: "../../../../../../sops/machines/m1" };
    files[`secrets/s${i % 50}/f${i}.yaml`] = YAML;
  }
  const ground = memoryGround(files);
  const start = performance.now();
  const fleet = await loadFleet(ground);
  const took = performance.now() - start;
  assert.equal(fleet.documents.length, 10_009);
  assert.deepEqual(fleet.anomalies, []);
  t.diagnostic(`${took.toFixed(0)} ms, ${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB resident`);
});

test("an empty file has nothing in clear; a document without its end is damaged, not clear", async () => {
  const cut = YAML.subarray(0, YAML.indexOf("sops:"));
  const files = { ".sops.yaml": RULE("^secrets/", RECIPIENT_1), "secrets/.gitkeep": "", "secrets/a.yaml": cut };
  const { plainFiles, anomalies } = await loadFleet(memoryGround(files));
  assert.deepEqual(plainFiles, []);
  assert.deepEqual(
    anomalies.map(({ code, path }) => [code, path]),
    [["document", "secrets/a.yaml"]],
  );
});
