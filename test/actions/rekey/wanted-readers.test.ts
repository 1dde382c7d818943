import assert from "node:assert/strict";
import { test } from "node:test";
import { StatedTexts, wantedReaders } from "../../../src/actions/rekey/wanted-readers.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";
import { ada, bob, cleo, keyFile, links, linkTo, other, web } from "../planned.ts";

const PATH = "a.sops.yaml";
const NOBODY = new Set<string>();

async function wantedOf(files: MemoryFiles, dropped: ReadonlySet<string> = NOBODY, path = PATH) {
  const fleet = await loadFleet(memoryGround(files));
  const document = fleet.documents.find((one) => one.path === path);
  assert.ok(document !== undefined);
  const wanted = wantedReaders(fleet, document, dropped, new StatedTexts(fleet), new Set(document.extra));
  const ids = (all: readonly { id: string }[]) => all.map(({ id }) => id);
  return {
    groups: wanted.groups?.map(ids),
    threshold: wanted.shamirThreshold,
    added: ids(wanted.added),
    removed: ids(wanted.removed),
    regrouped: wanted.regrouped,
    unlinked: ids(wanted.unlinked),
  };
}

const rules = (body: string) => ({ ".sops.yaml": `creation_rules:\n  - ${body}\n` });
const [a, b, c, o, w] = [ada, bob, cleo, other, web].map(({ recipient }) => recipient) as [
  string,
  string,
  string,
  string,
  string,
];
const flat = { threshold: 0, regrouped: false, unlinked: [] };

test("who stays comes first in the order of the file, who joins in that of the policy", async () => {
  const document = await sealed("yaml", "x: 1", [[other, bob]]);
  assert.deepEqual(await wantedOf({ ...rules(`age: ${c},${a},${b}`), [PATH]: document }), {
    ...flat,
    groups: [[b, c, a]],
    added: [c, a],
    removed: [o],
  });
});

test("without a rule, or with a faulty one, only who is dropped goes", async () => {
  const document = await sealed("yaml", "x: 1", [[ada, bob]]);
  const bad = rules(`age: ${a},age1bad`);
  for (const files of [{ [PATH]: document }, { ...bad, [PATH]: document }, { ".sops.yaml": "[", [PATH]: document }]) {
    assert.deepEqual((await wantedOf(files)).removed, []);
    assert.deepEqual((await wantedOf(files, new Set([`age ${b}`]))).removed, [b]);
  }
  // Named by the policy is named, dropped or not.
  assert.deepEqual(
    (await wantedOf({ ...rules(`age: ${a},${b}`), [PATH]: document }, new Set([`age ${b}`]))).removed,
    [],
  );
});

test("groups come from the rule; without a clear one those of the file stay", async () => {
  const split = await sealed("yaml", "x: 1", [[ada, web], [bob]], 2);
  const two = (one: string, second: string, threshold = 2) =>
    rules(`shamir_threshold: ${threshold}\n    key_groups:\n      - age: [${one}]\n      - age: [${second}]`);
  const same = await wantedOf({ ...two(`${a}, ${w}`, b), [PATH]: split });
  assert.deepEqual(same, {
    groups: [[a, w], [b]],
    threshold: 2,
    added: [],
    removed: [],
    regrouped: false,
    unlinked: [],
  });
  // The order of groups, and of keys in them, means nothing.
  assert.equal((await wantedOf({ ...two(b, `${w}, ${a}`), [PATH]: split })).regrouped, false);
  assert.equal((await wantedOf({ ...two(a, `${b}, ${w}`), [PATH]: split })).regrouped, true);
  assert.deepEqual(await wantedOf({ [PATH]: split }, new Set([`age ${w}`])), {
    groups: undefined,
    threshold: 2,
    added: [],
    removed: [w],
    regrouped: false,
    unlinked: [],
  });
  const whole = await sealed("yaml", "x: 1", [[ada, web, bob]]);
  assert.equal((await wantedOf({ ...two(`${a}, ${w}`, b), [PATH]: whole })).regrouped, true);
  const flattened = await wantedOf({ ...rules(`age: ${a},${w},${b}`), [PATH]: split });
  assert.deepEqual([flattened.regrouped, flattened.groups], [true, [[a, w, b]]]);
});

test("another threshold is another way to split", async () => {
  const keys = `key_groups:\n      - age: [${a}]\n      - age: [${b}]\n      - age: [${c}]`;
  const split = await sealed("yaml", "x: 1", [[ada], [bob], [cleo]], 2);
  for (const [threshold, regrouped] of [
    [2, false],
    [3, true],
    [0, true],
  ] as const) {
    const wanted = await wantedOf({ ...rules(`shamir_threshold: ${threshold}\n    ${keys}`), [PATH]: split });
    assert.equal(wanted.regrouped, regrouped, String(threshold));
  }
});

test("a machine that reads a var and has no link stays; on files, and once it was named, it does not", async () => {
  const folder = "vars/shared/a/b";
  const path = `${folder}/secret`;
  const registry = { ...keyFile("users", "ada", ada), ...keyFile("machines", "web", web) };
  const files = {
    ...registry,
    [path]: await sealed("binary", "x", [[ada, web, other]]),
    ...links(`${folder}/users/ada`),
  };
  const wanted = await wantedOf(files, NOBODY, path);
  assert.deepEqual([wanted.removed, wanted.unlinked], [[o], [w]]);
  assert.deepEqual((await wantedOf(files, new Set([`age ${w}`]), path)).removed, [w, o]);
  const document = await sealed("yaml", "x: 1", [[ada, web]]);
  assert.deepEqual((await wantedOf({ ...registry, ...rules(`age: ${a}`), [PATH]: document })).removed, [w]);
  const misnamed = { ...files, [`${folder}/machines/www`]: linkTo(`${folder}/machines/www`, "sops/machines/web") };
  assert.deepEqual((await wantedOf(misnamed, NOBODY, path)).unlinked, []);
});

test("readers are written as their own tier states them", async () => {
  const ssh = makeSshKeyPair("eve@home").publicKey.trim();
  const bare = ssh.split(" ").slice(0, 2).join(" ");
  const folder = "vars/shared/a/b";
  const files = {
    ...keyFile("users", "ada", ada),
    "sops/users/eve/key.json": JSON.stringify([{ publickey: ssh, type: "age" }]),
    ...rules(`age: "${a},${bare} from rule"`),
    [`${folder}/secret`]: await sealed("binary", "x", [[ada]]),
    ...links(`${folder}/users/ada`, `${folder}/users/eve`),
    [PATH]: await sealed("yaml", "x: 1", [[ada]]),
  };
  assert.deepEqual((await wantedOf(files, NOBODY, `${folder}/secret`)).groups, [[a, ssh]]);
  assert.deepEqual((await wantedOf(files)).groups, [[a, `${bare} from rule`]]);
});
