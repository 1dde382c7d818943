import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { overlayGround } from "../../src/fleet/overlay.ts";
import { repoPath } from "../../src/repo/path.ts";
import { keyJson, sealed } from "../actions/in-memory.ts";
import { memoryGround } from "./memory-ground.ts";

const ada = makeAgeKey();

const below = memoryGround({ "a/one": "1", "a/two": "2", "b/link": { link: "../a" } });
const above = overlayGround(below, [
  { kind: "write", path: repoPath("a/one"), bytes: Buffer.from("new"), expect: "" },
  { kind: "write", path: repoPath("c/three"), bytes: Buffer.from("3"), expect: "absent" },
  { kind: "remove", path: repoPath("a/two"), expect: "" },
  { kind: "link", path: repoPath("b/link"), target: "../c", expect: "" },
]);

test("What is laid over counts, what is removed is gone, and the rest shows through", async () => {
  assert.deepEqual(
    (await above.list()).map(({ path, kind }) => `${path} ${kind}`),
    ["a/one file", "b/link link", "c/three file"],
  );
  assert.equal(Buffer.from(await above.read("a/one")).toString(), "new");
  assert.equal(await above.readLink("b/link"), "../c");
  await assert.rejects(above.read("a/two"));
  await assert.rejects(above.readLink("c/three"));
  assert.deepEqual(await Promise.all(["a", "a/one", "a/two", "b/link", "c", "d"].map((path) => above.kind(path))), [
    "directory",
    "file",
    "missing",
    "link",
    "directory",
    "missing",
  ]);
});

test("Nothing is written below, and what was remembered of a changed file does not count", async () => {
  assert.equal(Buffer.from(await below.read("a/one")).toString(), "1");
  const stored: unknown[] = [];
  const memory = {
    program: "1",
    stamp: () => "same",
    load: () => undefined,
    store: (bytes: unknown) => stored.push(bytes),
  };
  const remembering = overlayGround({ ...below, memory }, [{ kind: "remove", path: repoPath("a/two"), expect: "" }]);
  assert.equal(remembering.memory?.stamp("a/one"), "same");
  assert.equal(remembering.memory?.stamp("a/two"), undefined);
  remembering.memory?.store(new Uint8Array());
  assert.deepEqual(stored, []);
});

test("a document that does not change is not read again, and says what it said, by the names of now", async () => {
  const document = await sealed("yaml", "x: 1", [[ada]]);
  const ground = memoryGround({ "a.yaml": document, "b.yaml": document, "sops/users/ada/key.json": keyJson(ada) });
  const before = await loadFleet(ground);
  const read: string[] = [];
  const watched = {
    ...ground,
    read: (path: string) => {
      read.push(path);
      return ground.read(path);
    },
  };
  const other = await sealed("yaml", "y: 2", [[ada]]);
  const after = await loadFleet(
    overlayGround(
      watched,
      [
        { kind: "write", path: repoPath("b.yaml"), bytes: Buffer.from(other), expect: "" },
        { kind: "remove", path: repoPath("sops/users/ada/key.json"), expect: "" },
        {
          kind: "write",
          path: repoPath("sops/users/eva/key.json"),
          bytes: Buffer.from(keyJson(ada)),
          expect: "absent",
        },
      ],
      before,
    ),
  );
  assert.deepEqual(read, []);
  assert.deepEqual(
    after.documents.map(({ path, keys, readers }) => [path, keys, readers.map(({ name }) => name)]),
    [
      ["a.yaml", ["x"], ["eva"]],
      ["b.yaml", ["y"], ["eva"]],
    ],
  );
});
