import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { baselineOf } from "../../../src/actions/trust/baseline.ts";
import { type AgeKey, makeAgeKey } from "../../../src/age/age-key.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { keyJson, sealed } from "../in-memory.ts";

const [ada, bob, mallory] = [makeAgeKey(), makeAgeKey(), makeAgeKey()];
const NAMES = new Map([
  [ada.recipient, "ada"],
  [bob.recipient, "bob"],
  [mallory.recipient, "mallory"],
]);

async function baseline(files: MemoryFiles): Promise<string> {
  const keys = baselineOf(await loadFleet(memoryGround(files)));
  return keys
    .map(({ id }) => NAMES.get(id) ?? id)
    .sort()
    .join(" ");
}

const document = (...readers: AgeKey[]) => sealed("yaml", "a: 1\n", [readers]);

function rules(...each: readonly (readonly [regex: string, ...readers: AgeKey[]])[]): string {
  const texts = each.map(
    ([regex, ...readers]) =>
      `  - path_regex: '${regex}'\n    age: [${readers.map(({ recipient }) => recipient).join(", ")}]\n`,
  );
  return `creation_rules:\n${texts.join("")}`;
}

/** Tier 1: a secret of this folder, its links, and the keys of everybody. */
async function clanSecret(folder: string, readers: readonly AgeKey[], links: readonly AgeKey[]): Promise<MemoryFiles> {
  const files: Record<string, MemoryFiles[string]> = {};
  for (const [id, name] of NAMES) {
    const key = [ada, bob, mallory].find(({ recipient }) => recipient === id);
    if (key !== undefined) files[`sops/users/${name}/key.json`] = keyJson(key);
  }
  for (const { recipient } of links) {
    const name = NAMES.get(recipient) ?? "";
    files[`${folder}/users/${name}`] = { link: `../../../../../../sops/users/${name}` };
  }
  return { ...files, [`${folder}/secret`]: await sealed("binary", "x", [readers]) };
}

describe("baselineOf", () => {
  it("takes those who are in, with and without a policy", async () => {
    assert.equal(
      await baseline({ ".sops.yaml": rules(["", ada, bob]), "a.yaml": await document(ada, bob) }),
      "ada bob",
    );
    assert.equal(await baseline({ "a.yaml": await document(ada, bob) }), "ada bob");
    assert.equal(await baseline(await clanSecret("vars/per-machine/m/s/f", [ada, bob], [ada, bob])), "ada bob");
    assert.equal(await baseline({}), "");
  });

  it("never takes whom the policy merely asks for", async () => {
    assert.equal(await baseline({ ".sops.yaml": rules(["", ada, mallory]), "a.yaml": await document(ada) }), "ada");
    assert.equal(await baseline(await clanSecret("vars/per-machine/m/s/f", [ada], [ada, mallory])), "ada");
  });

  it("is not widened by a document that came along with the key", async () => {
    const files = {
      ".sops.yaml": rules(["", ada, mallory]),
      "a.yaml": await document(ada),
      "notes.yaml": await document(ada, mallory),
    };
    assert.equal(await baseline(files), "ada");
    const linked = {
      ...(await clanSecret("vars/per-machine/m/s/f", [ada], [ada, mallory])),
      ...(await clanSecret("vars/per-machine/m/s/new", [ada, mallory], [ada, mallory])),
    };
    assert.equal(await baseline(linked), "ada");
  });

  it("is not widened by an entry that was forged into a document", async () => {
    const files = { ".sops.yaml": rules(["", ada]), "a.yaml": await document(ada, mallory) };
    assert.equal(await baseline(files), "ada");
    assert.equal(await baseline(await clanSecret("vars/per-machine/m/s/f", [ada, mallory], [ada])), "ada");
  });

  it("takes whom a document still lacks, when most have them", async () => {
    const files = {
      ".sops.yaml": rules(["", ada, bob]),
      "a.yaml": await document(ada, bob),
      "b.yaml": await document(ada, bob),
      "c.yaml": await document(ada),
    };
    assert.equal(await baseline(files), "ada bob");
  });

  it("never has a key that gains more documents than it is in, or as many", async () => {
    const cover = fc.record({ asked: fc.boolean(), sealed: fc.boolean() });
    const texts = { in: await document(ada, mallory), out: await document(ada) };
    await fc.assert(
      fc.asyncProperty(fc.array(cover, { minLength: 1, maxLength: 8 }), async (covers) => {
        const files: Record<string, string> = {
          ".sops.yaml": rules(
            ...covers.map(({ asked }, i) => [`^d${i}\\.yaml$`, ...(asked ? [ada, mallory] : [ada])] as const),
          ),
        };
        for (const [i, { sealed: is }] of covers.entries()) files[`d${i}.yaml`] = is ? texts.in : texts.out;
        const held = covers.filter((one) => one.asked && one.sealed).length;
        const gained = covers.filter((one) => one.asked && !one.sealed).length;
        assert.equal(await baseline(files), held > gained ? "ada mallory" : "ada");
      }),
      { numRuns: 40 },
    );
  });
});
