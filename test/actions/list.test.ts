import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { listSecrets } from "../../src/actions/list.ts";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { parseAddress } from "../../src/fleet/address.ts";
import { loadFleet } from "../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround, unpackFixture } from "../fleet/memory-ground.ts";
import { keyJson, sealed } from "./in-memory.ts";

const [ada, stranger] = [makeAgeKey(), makeAgeKey()];

async function list(files: MemoryFiles, pattern?: string) {
  return listSecrets(await loadFleet(memoryGround(files)), pattern).secrets;
}

test("the fleet that clan wrote: every secret and every public value", async () => {
  const expected = JSON.parse(
    readFileSync(new URL("../../fixtures/golden/clan/expect.json", import.meta.url), "utf8"),
  ) as { secrets: Record<string, unknown>; public: Record<string, unknown> };
  const secrets = await list(unpackFixture("golden/clan/sops-repo.tgz"));
  const pathsOf = (kind: string) => secrets.filter((one) => one.kind === kind).map(({ path }) => path);
  assert.deepEqual(
    pathsOf("secret").sort(),
    Object.keys(expected.secrets)
      .map((path) => `${path}/secret`)
      .sort(),
  );
  assert.deepEqual(pathsOf("public").sort(), Object.keys(expected.public).sort());
  for (const { kind, readers } of secrets) assert.equal(readers.length > 0, kind === "secret");
});

test("each value of a file is an address that leads to it; empty maps and lists too", async () => {
  const text = await sealed("yaml", 'a:\n    b: x\n    "c/d#e": y\nlist:\n    - z\nempty: {}\n', [[ada, stranger]]);
  const secrets = await list({ "sops/users/ada/key.json": keyJson(ada), "dir/f#1.yaml": text });
  assert.deepEqual(
    secrets.map(({ address, kind, tier }) => [parseAddress(address), kind, tier]),
    [["a", "b"], ["a", "c/d#e"], ["empty"], ["list", 0]].map((keyPath) => [
      { tier: "files", kind: "file", path: "dir/f#1.yaml", keyPath },
      "value",
      "files",
    ]),
  );
  assert.deepEqual(secrets[0]?.readers[0], "ada");
  assert.match(secrets[0]?.readers[1] ?? "", /^unknown key age1.*….{6}$/);
});

test("a binary file and a document without values are addresses by themselves", async () => {
  const files = {
    "blob.bin": await sealed("binary", "x", [[ada]]),
    "none.yaml": await sealed("yaml", "{}\n", [[ada]]),
  };
  assert.deepEqual(
    (await list(files)).map(({ address, kind }) => [address, kind]),
    [
      ["blob.bin", "secret"],
      ["none.yaml", "secret"],
    ],
  );
});

test("a pattern: case does not count, stars stand for anything", async () => {
  const files = { "vars/m1/web/key/value": "", "vars/m1/web/token/value": "", "vars/m2/web/key/value": "" };
  const find = async (pattern: string) => (await list(files, pattern)).map(({ address }) => address);
  assert.deepEqual(await find("M1"), ["vars/m1/web/key", "vars/m1/web/token"]);
  assert.deepEqual(await find("m*key"), ["vars/m1/web/key", "vars/m2/web/key"]);
  assert.deepEqual(await find("key*m"), []);
  assert.deepEqual((await find("")).length, 3);
  assert.deepEqual(await find("*".repeat(10_000)), await find(""));
});
