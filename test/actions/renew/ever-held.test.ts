/** Whose keys were whose, by what git remembers of every place that states them. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { KeyHistory } from "../../../src/actions/renew/ever-held.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { SecretsError } from "../../../src/errors.ts";
import { type Fleet, loadFleet } from "../../../src/fleet/fleet.ts";
import { workTree } from "../../../src/fleet/ground.ts";
import type { Root } from "../../../src/repo/root.ts";
import { git, makeGitRoot, writeTree } from "../../repo/fleet.ts";
import { keyJson } from "../in-memory.ts";

const NAMES = ["ada", "old", "older", "anchor", "moved", "host", "eve"] as const;
const KEYS = Object.fromEntries(NAMES.map((name) => [name, makeAgeKey()])) as Record<
  (typeof NAMES)[number],
  ReturnType<typeof makeAgeKey>
>;
const nameOf = new Map(NAMES.map((name) => [KEYS[name].recipient, name as string]));

function rules(...keys: readonly (readonly [anchor: string, key: (typeof NAMES)[number]])[]): string {
  const anchors = keys.map(([anchor, key]) => `  - &${anchor} ${KEYS[key].recipient}\n`);
  return `keys:\n${anchors.join("")}creation_rules:\n  - path_regex: ^secrets/\n    age: ${KEYS.ada.recipient}\n`;
}

async function historyOf(t: TestContext, commits: readonly Readonly<Record<string, string | null>>[]) {
  const root: Root = makeGitRoot(t);
  for (const files of commits) {
    for (const [path, text] of Object.entries(files)) {
      if (text === null) rmSync(join(root.path, path));
      else writeTree(root.path, { [path]: text });
    }
    git(root.path, "add", "--all");
    git(root.path, "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-q", "--allow-empty", "-m", "x");
  }
  const fleet: Fleet = await loadFleet(await workTree(root.path, "test"));
  const history = new KeyHistory(root, fleet);
  return async (text: string) => {
    const { who, ids } = await history.of(text);
    return [who, [...ids].map((id) => nameOf.get(id) ?? id).sort()];
  };
}

test("keys of every version of a key file and of every rule file, of who is there and of who is gone", async (t) => {
  const of = await historyOf(t, [
    { "sops/users/bob/key.json": keyJson(KEYS.older), ".sops.yaml": rules(["ada", "ada"]) },
    { "sops/users/bob/key.json": keyJson(KEYS.old), ".sops.yaml": rules(["ada", "ada"], ["bob", "anchor"]) },
    {
      "sops/users/bob/key.json": null,
      ".sops.yaml": rules(["ada", "ada"]),
      "sops/users/ada/key.json": keyJson(KEYS.ada),
    },
  ]);
  assert.deepEqual(await of("bob"), ["users/bob", ["anchor", "old", "older"]]);
  assert.deepEqual(await of("users/bob"), ["users/bob", ["anchor", "old", "older"]]);
  assert.deepEqual(await of("ada"), ["users/ada", ["ada"]]);
  assert.deepEqual(await of(KEYS.eve.recipient), [KEYS.eve.recipient, ["eve"]]);
});

test("somebody whom rules alone knew, and a machine by the key of its name", async (t) => {
  const of = await historyOf(t, [
    { ".sops.yaml": rules(["ada", "ada"], ["bob", "moved"], ["host_web01", "host"]) },
    { ".sops.yaml": rules(["ada", "ada"], ["bob", "anchor"]) },
    { ".sops.yaml": rules(["ada", "ada"]) },
  ]);
  const [, keys] = await of("bob");
  assert.deepEqual(keys, ["anchor", "moved"]);
  assert.deepEqual(await of("machines/web01"), ["machines/web01", ["host"]]);
});

test("a name of a user and a machine wants to be told apart, and nobody is guessed at", async (t) => {
  const of = await historyOf(t, [
    { "sops/users/bob/key.json": keyJson(KEYS.old), "sops/machines/twin/key.json": keyJson(KEYS.host) },
    { "sops/users/bob/key.json": keyJson(KEYS.moved), "sops/users/twin/key.json": keyJson(KEYS.eve) },
  ]);
  assert.deepEqual(await of("bob"), ["users/bob", ["moved", "old"]]);
  for (const [text, code] of [
    ["twin", "E_AMBIGUOUS"],
    ["bobb", "E_NOT_FOUND"],
    ["users/../../x", "E_NOT_FOUND"],
    ["groups/none", "E_NOT_FOUND"],
    ["machines/bob", "E_NOT_FOUND"],
  ] as const) {
    await assert.rejects(of(text), (error) => error instanceof SecretsError && error.code === code, text);
  }
  assert.deepEqual(await of("machines/twin"), ["machines/twin", ["host"]]);
});
