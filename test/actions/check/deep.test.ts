/** What an identity finds out on top: MACs, documents that do not open, machine keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { deepCheck } from "../../../src/actions/check/deep.ts";
import { type AgeKey, makeAgeKey } from "../../../src/age/age-key.ts";
import { encodeBech32 } from "../../../src/age/bech32.ts";
import { SecretsError } from "../../../src/errors.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { keyJson, sealed, workplaceOf } from "../in-memory.ts";

const [ada, eve, web01] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
const REGISTRY = {
  "sops/users/ada/key.json": keyJson(ada),
  "sops/users/eve/key.json": keyJson(eve),
  "sops/machines/web01/key.json": keyJson(web01),
};
const LINK = { "sops/secrets/web01-age.key/users/ada": { link: "../../../users/ada" } };

async function look(files: MemoryFiles, ...keys: AgeKey[]) {
  const workplace = await workplaceOf({ ...REGISTRY, ...files }, ...keys);
  const { findings, opened, foreign } = await deepCheck(workplace, await workplace.fleet());
  return { found: findings.map(({ code, path, severity }) => [code, path, severity]), opened, foreign, findings };
}

test("a sound document is opened, one for others is not looked into", async () => {
  const files = {
    "a.yaml": await sealed("yaml", "a: b\n", [[ada]]),
    "b.yaml": await sealed("yaml", "a: b\n", [[eve]]),
  };
  const { found, opened, foreign } = await look(files, ada);
  assert.deepEqual([found, opened, foreign], [[], 1, 1]);
});

test("a value that was taken from elsewhere, or taken away, is told by its file and never shown", async () => {
  const text = await sealed("yaml", "user: hunter2\nport: hunter3\n", [[ada]]);
  const line = (key: string) => new RegExp(`^${key}: (.*)$`, "m").exec(text)?.[1] ?? "";
  const cases = {
    "swapped.yaml": text.replace(line("user"), line("port")),
    "removed.yaml": text.replace(/^port: .*\n/m, ""),
    "clear.yaml": text.replace(line("port"), "hunter4"),
  };
  for (const [path, content] of Object.entries(cases)) {
    const { found, findings } = await look({ [path]: content }, ada);
    assert.deepEqual(found, [["mac", path, "error"]]);
    assert.doesNotMatch(JSON.stringify(findings), /hunter/);
  }
});

test("a document that is sealed to me by name alone", async () => {
  const [mine, theirs] = [await sealed("yaml", "a: b\n", [[ada]]), await sealed("yaml", "a: b\n", [[eve]])];
  const { found, opened } = await look({ "a.yaml": theirs.replaceAll(eve.recipient, ada.recipient) }, ada);
  assert.deepEqual([found, opened], [[["cannot-open", "a.yaml", "error"]], 0]);
  assert.deepEqual((await look({ "a.yaml": mine }, ada)).found, []);
});

test("a document that links or rules give me and that was never sealed to me", async () => {
  const rule = (...keys: AgeKey[]) => `creation_rules:\n  - age: ${keys.map(({ recipient }) => recipient).join(",")}\n`;
  const text = await sealed("yaml", "a: b\n", [[eve]]);
  const promised = await look({ ".sops.yaml": rule(ada, eve), "a.yaml": text }, ada);
  assert.deepEqual([promised.found, promised.foreign], [[["cannot-open", "a.yaml", "error"]], 1]);
  assert.match(promised.findings[0]?.message ?? "", /as ada/);
  assert.deepEqual((await look({ ".sops.yaml": rule(eve), "a.yaml": text }, ada)).found, []);
});

test("a data key that is split: one share of two is no fault, two shares open it", async () => {
  const files = { "a.yaml": await sealed("yaml", "a: b\n", [[ada], [eve]], 2) };
  const one = await look(files, ada);
  assert.deepEqual([one.found, one.opened, one.foreign], [[], 0, 1]);
  const groups = [ada, eve].map(({ recipient }) => `      - age: [${recipient}]\n`).join("");
  const ruled = await look({ ...files, ".sops.yaml": `creation_rules:\n  - key_groups:\n${groups}` }, ada);
  assert.deepEqual(ruled.found, []);
  const both = await look(files, ada, eve);
  assert.deepEqual([both.found, both.opened], [[], 1]);
  const damaged = await look({ "a.yaml": files["a.yaml"].replace(/enc: \|(\n.*){3}/, "enc: x") }, ada, eve);
  assert.deepEqual(damaged.found, [["cannot-open", "a.yaml", "error"]]);
});

const PLUGIN = encodeBech32("age-plugin-yubikey-", new Uint8Array(8)).toUpperCase();

const KEYS: readonly (readonly [what: string, content: string, found: boolean])[] = [
  ["the machine's", web01.identity, false],
  ["the machine's, as age-keygen writes it", `# public key: x\n${web01.identity}\n`, false],
  ["the machine's old one before its new one", `${eve.identity}\n${web01.identity}\n`, false],
  ["of a plugin, whose public half only the plugin knows", PLUGIN, false],
  ["another's", eve.identity, true],
  ["no key", "AGE-SECRET-KEY-1QQQ", true],
  ["nothing", "", true],
];

for (const [what, content, wrong] of KEYS) {
  test(`the sealed key of a machine: ${what}`, async () => {
    const path = "sops/secrets/web01-age.key/secret";
    const { found, opened, findings } = await look({ ...LINK, [path]: await sealed("binary", content, [[ada]]) }, ada);
    assert.deepEqual([found, opened], [wrong ? [["machine-key", path, "error"]] : [], 1]);
    assert.doesNotMatch(JSON.stringify(findings), /AGE-SECRET-KEY/);
  });
}

test("a secret that is only called like a machine's key", async () => {
  const content = await sealed("binary", "x", [[ada]]);
  const { found } = await look({ "sops/secrets/db01-age.key/secret": content }, ada);
  assert.deepEqual(found, []);
});

test("a file that went away since the fleet was read is not called damaged", async () => {
  const files = {
    "a.yaml": await sealed("yaml", "a: b\n", [[ada]]),
    "b.yaml": await sealed("yaml", "a: b\n", [[ada]]),
  };
  const workplace = await workplaceOf(files, ada);
  const { ground } = workplace;
  const gone = new SecretsError("E_NOT_FOUND", "could not read the file: it does not exist");
  const read = async (path: string) => (path === "a.yaml" ? Promise.reject(gone) : ground.read(path));
  const result = await deepCheck({ ...workplace, ground: { ...ground, read } }, await workplace.fleet());
  assert.deepEqual(
    [result.findings.map(({ code, path }) => `${code} ${path}`), result.opened],
    [["unreadable a.yaml"], 1],
  );
});

test("only what was asked for is opened", async () => {
  const files = {
    "a.yaml": await sealed("yaml", "a: b\n", [[ada]]),
    "b.yaml": await sealed("yaml", "a: b\n", [[eve]]),
  };
  const workplace = await workplaceOf(files, ada);
  const { opened, foreign } = await deepCheck(workplace, await workplace.fleet(), (path) => path === "a.yaml");
  assert.deepEqual([opened, foreign], [1, 0]);
});
