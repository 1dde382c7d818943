import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { policyEdit } from "../../../src/actions/rekey/access-plan.ts";
import { planAccess } from "../../../src/actions/rekey/plan-access.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import type { SecretsError } from "../../../src/errors.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ada, bob, keyFile, links, other, steps, web } from "../planned.ts";

const ALL = { sync: () => true };
const NOTHING = policyEdit({ summary: "" });

const PEOPLE = { ...keyFile("users", "ada", ada), ...keyFile("users", "bob", bob), ...keyFile("machines", "web", web) };

function refused(files: MemoryFiles, dropped: readonly string[], keepDataKey = true): Promise<SecretsError> {
  const edit = policyEdit({ summary: "", dropped: new Set(dropped) });
  return workplaceOf(files, ada, web).then((place) =>
    planAccess(place, edit, { ...ALL, keepDataKey }).then(
      (plan) => assert.fail(steps(plan).join()),
      (error) => error,
    ),
  );
}

const age = (key: { recipient: string }) => `age ${key.recipient}`;

describe("refuseReaders", () => {
  it("takes no last person away, and lists where", async () => {
    const files = {
      ...PEOPLE,
      "a.sops.yaml": await sealed("yaml", "x: 1", [[ada, web]]),
      "b.sops.yaml": await sealed("yaml", "x: 1", [[ada, bob]]),
    };
    const error = await refused(files, [age(ada)]);
    assert.equal(error.code, "E_LAST_PERSON");
    assert.match(error.hint ?? "", /^a\.sops\.yaml\nlet somebody/);
    // Another person is enough, a machine that goes takes no person away.
    const place = await workplaceOf(files, ada);
    const machine = policyEdit({ summary: "", dropped: new Set([age(web)]) });
    assert.deepEqual(steps(await planAccess(place, machine)), ["a.sops.yaml -web new"]);
  });

  it("is not fooled by a key of nobody, unless the policy asks for that very key", async () => {
    const document = await sealed("yaml", "x: 1", [[ada, other]]);
    assert.equal((await refused({ ...PEOPLE, "a.sops.yaml": document }, [age(ada)])).code, "E_LAST_PERSON");
    const rules = `creation_rules:\n  - age: ${other.recipient}\n`;
    const place = await workplaceOf({ ".sops.yaml": rules, "a.sops.yaml": document }, ada);
    assert.equal((await planAccess(place, NOTHING, ALL)).documents.length, 1);
  });

  it("takes a PGP key that the policy asks for as a person's, and a service as none", async () => {
    const pgp = "A".repeat(40);
    const entry = (field: string, name: string) =>
      `    ${field}:\n        - ${name}\n          created_at: "2026-03-01T12:00:00Z"\n          enc: abc\n`;
    const plain = await sealed("yaml", "x: 1", [[ada]]);
    const withEntry = (text: string) => plain.replace("sops:\n", `sops:\n${text}`);
    const files = (field: string, text: string) => ({
      ...PEOPLE,
      ".sops.yaml": `creation_rules:\n  - ${field}\n`,
      "a.sops.yaml": withEntry(text),
    });
    const place = await workplaceOf(files(`pgp: ${pgp}`, entry("pgp", `fp: ${pgp}`)), ada);
    const kept = await planAccess(place, NOTHING, { ...ALL, keepDataKey: true });
    assert.equal(kept.documents[0]?.removed[0]?.name, "ada");
    const arn = "arn:aws:kms:eu-west-1:111111111111:key/11111111-1111-1111-1111-111111111111";
    const kms = await refused(files(`kms: ${arn}`, entry("kms", `arn: ${arn}`)), []);
    assert.equal(kms.code, "E_LAST_PERSON");
  });

  it("leaves no document to nobody at all", async () => {
    const files = { ...PEOPLE, "m.sops.yaml": await sealed("yaml", "x: 1", [[web]]) };
    const error = await refused(files, [age(web)]);
    assert.equal(error.code, "E_LAST_READER");
    assert.match(error.hint ?? "", /^m\.sops\.yaml\n/);
    const shared = { ...PEOPLE, "m.sops.yaml": await sealed("yaml", "x: 1", [[ada]]) };
    assert.equal((await refused(shared, [age(ada)])).code, "E_LAST_READER");
  });

  it("counts shares: people who have too few of them open nothing", async () => {
    const rules = (one: string, two: string) =>
      `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [${one}]\n      - age: [${two}]\n`;
    const files = {
      ...PEOPLE,
      "s.sops.yaml": await sealed(
        "yaml",
        "x: 1",
        [
          [ada, web],
          [bob, web],
        ],
        2,
      ),
      ".sops.yaml": rules(`${ada.recipient}, ${web.recipient}`, web.recipient),
    };
    assert.equal((await refused(files, [])).code, "E_LAST_PERSON");
    const kept = { ...files, ".sops.yaml": rules(ada.recipient, bob.recipient) };
    const place = await workplaceOf(kept, ada, web);
    assert.deepEqual(steps(await planAccess(place, NOTHING, ALL)), ["s.sops.yaml -web new"]);
  });

  it("names a recipient that nothing can be sealed to, whether it joins or stays", async () => {
    const mistyped = `${other.recipient.slice(0, -1)}${other.recipient.endsWith("q") ? "p" : "q"}`;
    const rules = (keys: string) => `keys:\n  - &eve ${mistyped}\ncreation_rules:\n  - age: ${keys}\n`;
    const files = {
      ...PEOPLE,
      ".sops.yaml": rules(`${ada.recipient}, ${mistyped}`),
      "a.sops.yaml": await sealed("yaml", "x: 1", [[ada]]),
    };
    const joins = await refused(files, []);
    assert.equal(joins.code, "E_READER_UNUSABLE");
    assert.match(joins.message, /the key of eve: .*mistyped/);
    assert.equal(joins.location?.file, "a.sops.yaml");
    const text = (await sealed("yaml", "x: 1", [[ada, bob, other]])).replace(other.recipient, mistyped);
    const stays = await refused({ ...PEOPLE, "a.sops.yaml": text }, [age(bob)], false);
    assert.equal(stays.code, "E_READER_UNUSABLE");
    assert.ok(stays.message.includes(mistyped), "the only name that it has");
  });

  it("seals nothing to a machine's SSH key, which its consumer does not open, but by force; to a person's it does", async () => {
    const ssh = makeSshKeyPair("root@db").publicKey.trim();
    const file = JSON.stringify([{ publickey: ssh, type: "age" }]);
    const folder = "vars/shared/x/y";
    const files = (kind: "users" | "machines") => ({
      ...PEOPLE,
      [`sops/${kind}/db/key.json`]: file,
      [`${folder}/secret`]: "",
      ...links(`${folder}/users/ada`, `${folder}/${kind}/db`),
    });
    const content = await sealed("binary", "x", [[ada]]);
    const machine = { ...files("machines"), [`${folder}/secret`]: content };
    const error = await refused(machine, []);
    assert.equal(error.code, "E_READER_UNUSABLE");
    assert.match(error.hint ?? "", /ssh-to-age/);
    const forced = await planAccess(await workplaceOf(machine, ada), NOTHING, { ...ALL, force: true });
    assert.deepEqual(steps(forced), ["vars/shared/x/y +db kept"]);
    const person = await workplaceOf({ ...files("users"), [`${folder}/secret`]: content }, ada);
    assert.deepEqual(steps(await planAccess(person, NOTHING, ALL)), ["vars/shared/x/y +db kept"]);
  });
});
