import assert from "node:assert/strict";
import { chmodSync, lstatSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import fc from "fast-check";
import { planUndo, type UndoPlan } from "../../src/actions/undo.ts";
import type { Workplace } from "../../src/actions/workplace.ts";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { createSealer } from "../../src/age/sealer.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { workTree } from "../../src/fleet/ground.ts";
import { contentHash, type FileChange } from "../../src/repo/change.ts";
import { repoPath } from "../../src/repo/path.ts";
import type { Root } from "../../src/repo/root.ts";
import { applyChanges } from "../../src/repo/transaction.ts";
import { git, makeGitRoot, readTree, writeTree } from "../repo/fleet.ts";
import { keyJson, keyringOf, sealed } from "./in-memory.ts";

const [ada, bob] = [makeAgeKey(), makeAgeKey()];
const POLICY = { "sops/users/ada/key.json": keyJson(ada), "sops/users/bob/key.json": keyJson(bob) };
const DOCUMENT = "secrets/a.yaml";

async function workplaceOn(root: Root): Promise<Workplace> {
  const ground = await workTree(root.path, "test");
  return {
    ground,
    fleet: () => loadFleet(ground),
    keyring: () => keyringOf(ada),
    openSealer: createSealer,
    gpg: { program: "gpg", run: async () => ({ code: 2, stdout: new Uint8Array(), stderr: "" }) },
    now: () => new Date(),
    apply: async () => assert.fail("a plan applies nothing"),
  };
}

/** What makes `after` out of what is there; `undefined` removes, `-> ` makes a link. */
function changesTo(root: Root, after: Readonly<Record<string, string | undefined>>): FileChange[] {
  const there = readTree(root.path);
  return Object.entries(after).flatMap(([name, content]): FileChange[] => {
    const path = repoPath(name);
    const now = there[name];
    const expect =
      now === undefined ? "absent" : now.startsWith("-> ") ? `link:${now.slice(3)}` : contentHash(Buffer.from(now));
    if (content === undefined) return now === undefined ? [] : [{ kind: "remove", path, expect }];
    if (content.startsWith("-> ")) return [{ kind: "link", path, target: content.slice(3), expect }];
    return [{ kind: "write", path, bytes: Buffer.from(content), expect }];
  });
}

async function change(root: Root, after: Readonly<Record<string, string | undefined>>, command = "secrets: a change") {
  await applyChanges(root, changesTo(root, after), { command });
}

async function planOf(root: Root): Promise<UndoPlan> {
  return planUndo(await workplaceOn(root), root);
}

/** Plans an undo and applies it as the program does. */
async function undo(root: Root): Promise<string> {
  const { changes, summary } = await planOf(root);
  await applyChanges(
    root,
    changes.map((one) => one.change),
    { command: `secrets: ${summary}` },
  );
  return summary;
}

/** Contents, links and modes. */
function stateOf(root: Root): Record<string, string> {
  const tree = readTree(root.path);
  for (const [path, content] of Object.entries(tree)) {
    if (!path.endsWith("/")) tree[path] = `${lstatSync(join(root.path, path)).mode.toString(8)} ${content}`;
  }
  return tree;
}

const names = (readers: readonly { readonly name?: string }[]) => readers.map(({ name }) => name);

describe("planUndo", () => {
  it("gives back content, modes and links, and again what was taken back", async (t) => {
    const root = makeGitRoot(t, { kept: "1", gone: "2", link: "-> kept", "d/only": "3" });
    chmodSync(join(root.path, "gone"), 0o640);
    const before = stateOf(root);
    await change(
      root,
      { kept: "changed", gone: undefined, link: undefined, "d/only": undefined, "new/file": "4" },
      "secrets: rm many",
    );
    const after = stateOf(root);
    assert.equal(await undo(root), "undo: rm many");
    assert.deepEqual(stateOf(root), before);
    assert.equal(await undo(root), "redo: rm many");
    assert.deepEqual(stateOf(root), after);
    assert.equal(await undo(root), "undo: rm many");
    assert.deepEqual(stateOf(root), before);
  });

  it("gives back a file whose place a directory took, and the other way round", async (t) => {
    const root = makeGitRoot(t, { f: "1", "d/g": "2" });
    const before = stateOf(root);
    await change(root, { f: undefined, "f/inner": "3", "d/g": undefined, d: "4" });
    const after = stateOf(root);
    await undo(root);
    assert.deepEqual(stateOf(root), before);
    await undo(root);
    assert.deepEqual(stateOf(root), after);
  });

  it("gives back any tree, and does any change again", async (t: TestContext) => {
    const content = fc.constantFrom("1", "2", "-> target", undefined);
    const tree = fc.record({ f: content, "d/g": content, "d/e/h": content });
    await fc.assert(
      fc.asyncProperty(tree, tree, async (first, second) => {
        const root = makeGitRoot(t);
        await change(root, first);
        const before = stateOf(root);
        if (changesTo(root, second).every(isIdle)) return;
        await change(root, second);
        const after = stateOf(root);
        if (JSON.stringify(before) === JSON.stringify(after)) return;
        await undo(root);
        assert.deepEqual(stateOf(root), before);
        await undo(root);
        assert.deepEqual(stateOf(root), after);
      }),
      { numRuns: 20 },
    );
  });

  it("names who reads again when a reader was removed, and says that the data key is the earlier one", async (t) => {
    const root = makeGitRoot(t, { ...POLICY, [DOCUMENT]: await sealed("yaml", "x: 1", [[ada, bob]]) });
    await change(root, { [DOCUMENT]: await sealed("yaml", "x: 1", [[ada]]) });
    const { documents } = await planOf(root);
    assert.equal(documents.length, 1);
    assert.equal(documents[0]?.path, DOCUMENT);
    assert.equal(documents[0]?.dataKey, "earlier");
    assert.deepEqual(documents[0]?.gains, [{ recipient: bob.recipient, name: "bob" }]);
    assert.deepEqual(documents[0]?.loses, []);
    await undo(root);
    const again = (await planOf(root)).documents[0];
    assert.deepEqual([names(again?.gains ?? []), names(again?.loses ?? [])], [[], ["bob"]]);
  });

  it("tells a data key from before even where the readers are the same", async (t) => {
    const root = makeGitRoot(t, { ...POLICY, [DOCUMENT]: await sealed("yaml", "x: 1", [[ada]]) });
    await change(root, { [DOCUMENT]: await sealed("yaml", "x: 1", [[ada]]) });
    assert.deepEqual((await planOf(root)).documents, [{ path: DOCUMENT, dataKey: "earlier", gains: [], loses: [] }]);
  });

  it("says nothing of readers where neither they nor the data key differ", async (t) => {
    const text = await sealed("yaml", "x: 1\ny: 2", [[ada]]);
    const root = makeGitRoot(t, { ...POLICY, [DOCUMENT]: text, plain: "sops ENC[AES256_GCM, is a word" });
    await change(root, { [DOCUMENT]: text.replace(/^y:.*\n/m, ""), plain: "other", "new.yaml": text });
    assert.deepEqual((await planOf(root)).documents, []);
  });

  it("names everybody who reads a document that comes back", async (t) => {
    const root = makeGitRoot(t, { ...POLICY, [DOCUMENT]: await sealed("yaml", "x: 1", [[ada, bob]]) });
    await change(root, { [DOCUMENT]: undefined });
    const { documents } = await planOf(root);
    assert.deepEqual(names(documents[0]?.gains ?? []), ["ada", "bob"]);
    assert.equal(documents[0]?.dataKey, "same");
  });

  it("knows the name of somebody whom the change took out of the policy, too", async (t) => {
    const root = makeGitRoot(t, { ...POLICY, [DOCUMENT]: await sealed("yaml", "x: 1", [[ada, bob]]) });
    await change(root, {
      [DOCUMENT]: await sealed("yaml", "x: 1", [[ada]]),
      "sops/users/bob/key.json": undefined,
    });
    assert.deepEqual(names((await planOf(root)).documents[0]?.gains ?? []), ["bob"]);
  });

  it("refuses when somebody touched a file since, names all of them, and changes nothing", async (t) => {
    const cases: readonly (readonly [
      how: string,
      touch: Readonly<Record<string, string | undefined>>,
      named: readonly string[],
    ])[] = [
      ["edited", { f: "mine" }, ["f"]],
      ["two of them", { f: "mine", g: undefined }, ["f", "g"]],
      ["made again", { gone: "mine" }, ["gone"]],
      ["a link in its place", { f: undefined, "": "" }, ["f"]],
      ["one was taken back by hand", { f: "1" }, ["f"]],
    ];
    for (const [how, touch, named] of cases) {
      const root = makeGitRoot(t, { f: "1", g: "1", gone: "1" });
      await change(root, { f: "2", g: "2", gone: undefined }, "secrets: set x");
      for (const [path, content] of Object.entries(touch)) {
        if (path === "") writeTree(root.path, { f: "-> g" });
        else if (content === undefined) git(root.path, "clean", "-fqx", path);
        else writeFileSync(join(root.path, path), content);
      }
      const before = stateOf(root);
      const error = await planOf(root).then(
        () => assert.fail(how),
        (reason) => reason,
      );
      assert.equal(error.code, "E_CHANGED_UNDERNEATH", how);
      assert.equal(error.kind, "conflict");
      assert.match(error.message, /touched since "set x"; nothing was changed/);
      assert.equal(error.message.split(": ").at(-1), named.join(", "), how);
      assert.match(error.hint, /git restore/);
      assert.deepEqual(stateOf(root), before, how);
    }
  });

  it("leaves alone what was changed between the plan and its application", async (t) => {
    const root = makeGitRoot(t, { f: "1", g: "1" });
    await change(root, { f: "2", g: "2" });
    const { changes } = await planOf(root);
    writeFileSync(join(root.path, "g"), "mine");
    const apply = applyChanges(
      root,
      changes.map((one) => one.change),
      { command: "undo" },
    );
    await assert.rejects(apply, { code: "E_CHANGED_UNDERNEATH" });
    assert.deepEqual(readTree(root.path), { f: "2", g: "mine" });
  });

  it("has nothing to do before the first change, and when git took it back already", async (t) => {
    const root = makeGitRoot(t, { f: "1" });
    assert.deepEqual(await planOf(root), {
      summary: "nothing was changed on this clone yet",
      changes: [],
      committed: false,
      documents: [],
    });
    await change(root, { f: "2", g: "2" }, "secrets: set x");
    writeFileSync(join(root.path, "f"), "1");
    git(root.path, "clean", "-fq", "g");
    const plan = await planOf(root);
    assert.equal(plan.summary, "taken back already: set x");
    assert.deepEqual(plan.changes, []);
    assert.equal(plan.last?.command, "set x");
  });

  it("knows whether the change is committed, whatever filters and links there are", async (t) => {
    const root = makeGitRoot(t, { f: "1", gone: "1" });
    await change(root, { f: "2", gone: undefined, link: "-> f" });
    assert.equal((await planOf(root)).committed, false);
    git(root.path, "config", "filter.x.clean", `touch ${root.path}/sprung`);
    writeTree(root.path, { ".gitattributes": "" });
    git(root.path, "add", "f", "link");
    git(root.path, "commit", "-qm", "all");
    writeFileSync(join(root.path, ".gitattributes"), "* filter=x\n");
    assert.equal((await planOf(root)).committed, true);
    assert.ok(!readdirSync(root.path).includes("sprung"));
    // A removal that is staged only is not committed.
    writeTree(root.path, { old: "1" });
    writeFileSync(join(root.path, ".gitattributes"), "");
    git(root.path, "add", "old");
    git(root.path, "commit", "-qm", "old");
    await change(root, { old: undefined });
    assert.equal((await planOf(root)).committed, false);
  });

  it("does not put back what was damaged in the record", async (t) => {
    const root = makeGitRoot(t, { f: "1" });
    await change(root, { f: "2" });
    writeFileSync(join(root.state, "last", "old", "0"), "not what it was");
    await assert.rejects(planOf(root), { code: "E_JOURNAL", location: { file: "f" }, hint: /git/ });
  });
});

/** Nothing would be done by it. */
function isIdle(one: FileChange): boolean {
  if (one.kind === "remove") return false;
  return one.expect === (one.kind === "link" ? `link:${one.target}` : contentHash(one.bytes));
}
