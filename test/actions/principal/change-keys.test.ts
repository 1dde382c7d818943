import assert from "node:assert/strict";
import { test } from "node:test";
import { planAddKeys, planRemoveKey } from "../../../src/actions/principal/change-keys.ts";
import { parseStatedKey } from "../../../src/actions/principal/stated-key.ts";
import { keyJson, sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  diff,
  keyFile,
  next,
  OWN,
  other,
  RULES,
  smallPlace,
  stated,
  steps,
  TEAM,
  TOKEN,
  WIFI,
} from "../planned.ts";

const drift = ({ fleet }: Awaited<ReturnType<typeof after>>) =>
  fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]);

test("one more key opens whatever its owner reads, and one fewer takes it back", async () => {
  const place = await smallPlace();
  const plan = await planAddKeys(place, "ada", [stated(next)], {});
  assert.deepEqual(steps(plan).slice(0, 2), [`${TOKEN} +ada kept`, `${WIFI} +ada kept`]);
  const added = await after(place, plan);
  assert.match(added.text(".sops.yaml"), new RegExp(`- &ada_key2 ${next.recipient}`));
  assert.deepEqual(drift(added), []);
  const back = await workplaceOf(added.files, ada);
  const removal = await planRemoveKey(back, "ada", stated(next), {});
  assert.deepEqual(new Set(removal.documents.map(({ dataKey }) => dataKey)), new Set(["new"]));
  assert.match(removal.next[0] ?? "", /^6 values/);
  const removed = await after(back, removal);
  assert.equal(removed.text(".sops.yaml"), RULES);
  assert.equal(JSON.parse(removed.text("sops/users/ada/key.json")).length, 1);
});

test("rules that name another key of theirs name the new one as well, and none names it twice", async () => {
  const rules = `keys:\n  - &ada ${ada.recipient}\n  - &ada_key2 ${other.recipient}\ncreation_rules:\n  - path_regex: one\n    key_groups:\n      - age: [*ada]\n  - path_regex: two\n    key_groups:\n      - age: [*ada_key2]\n  - path_regex: both\n    age: ${ada.recipient},${other.recipient}\n`;
  const place = await workplaceOf(
    {
      ".sops.yaml": rules,
      ...keyFile("users", "ada", ada, other),
      "one.sops.yaml": await sealed("yaml", "x: 1", [[ada]]),
      "two.sops.yaml": await sealed("yaml", "x: 1", [[other]]),
      "both.sops.yaml": await sealed("yaml", "x: 1", [[ada, other]]),
    },
    ada,
    other,
  );
  const plan = await planAddKeys(place, "ada", [stated(next)], {});
  assert.deepEqual(
    plan.documents.map(({ path, added }) => [path, added.length]),
    [
      ["both.sops.yaml", 1],
      ["one.sops.yaml", 1],
      ["two.sops.yaml", 1],
    ],
  );
  const result = await after(place, plan);
  assert.deepEqual(diff(rules, result.text(".sops.yaml")), [
    "-      - age: [*ada]",
    "-      - age: [*ada_key2]",
    `-    age: ${ada.recipient},${other.recipient}`,
    `+  - &ada_key3 ${next.recipient}`,
    "+      - age: [*ada, *ada_key3]",
    "+      - age: [*ada_key2, *ada_key3]",
    `+    age: ${ada.recipient},${next.recipient},${other.recipient}`,
  ]);
});

test("the same key twice, somebody else's, and one that is not there are refused", async () => {
  const place = await smallPlace();
  await assert.rejects(planAddKeys(place, "ada", [stated(ada)], {}), { code: "E_EXISTS" });
  await assert.rejects(planAddKeys(place, "ada", [stated(bob)], {}), { code: "E_KEY_TAKEN" });
  await assert.rejects(planRemoveKey(place, "ada", stated(bob), {}), { code: "E_NOT_FOUND" });
  const error = await planRemoveKey(place, "ada", stated(ada), {}).then(
    () => assert.fail(),
    (reason) => reason,
  );
  assert.equal(error.code, "E_LAST_KEY");
  assert.match(error.hint, /secrets user rm ada/);
  await assert.rejects(planAddKeys(place, "web", [stated(next)], {}), {
    code: "E_NOT_FOUND",
    hint: "web is a machine",
  });
});

test("a key that two have goes from neither, until one has another", async () => {
  const place = await smallPlace({ ...keyFile("users", "eve", ada, other) });
  const error = await planRemoveKey(place, "eve", stated(ada), {}).then(
    () => assert.fail(),
    (reason) => reason,
  );
  assert.deepEqual([error.code, error.message], ["E_KEY_SHARED", "ada has the same key as eve"]);
  assert.match(error.hint, /secrets rotate user eve --to KEY/);
});

test("the key that opened a document goes only when the person still opens it", async () => {
  const stale = await smallPlace({ ...keyFile("users", "cleo", cleo, next) });
  // The document is sealed to the first alone; the policy names both, so the second comes as the first goes.
  const plan = await planRemoveKey(stale, "cleo", stated(cleo), {});
  assert.deepEqual(steps(plan), [`${WIFI} +cleo -cleo new`, `${OWN} -cleo new`]);
  const alone = await smallPlace({
    ...keyFile("users", "cleo", cleo, next),
    ".sops.yaml": RULES.replace("          - *ada\n", "          - *web\n"),
  });
  await assert.rejects(planRemoveKey(alone, "cleo", stated(cleo), {}), { code: "E_LAST_PERSON" });
});

test("who is known by anchors alone keeps their name", async () => {
  const rules = RULES.replace("  - &admin_bob", `  - &ada_key2 ${next.recipient}\n  - &admin_bob`)
    .replace("[*ada,", "[*ada, *ada_key2,")
    .replace("- *ada\n", "- *ada\n          - *ada_key2\n");
  const place = await workplaceOf(
    { ".sops.yaml": rules, [TEAM]: await sealed("yaml", "x: 1", [[ada, next, bob]]) },
    ada,
  );
  const { text, fleet } = await after(place, await planRemoveKey(place, "ada", stated(ada), {}));
  assert.deepEqual(diff(RULES, text(".sops.yaml")), [`-  - &ada ${ada.recipient}`, `+  - &ada ${next.recipient}`]);
  assert.deepEqual(
    fleet.principals.find("ada")?.keys.map(({ id }) => id),
    [next.recipient],
  );
});

test("key.json keeps its one object as long as one key is enough, and holds PGP keys as well", async () => {
  const place = await smallPlace({
    "sops/users/ada/key.json": JSON.stringify({ publickey: ada.recipient, type: "age" }),
    ".sops.yaml": "creation_rules: []\n",
  });
  const { text } = await after(place, await planAddKeys(place, "ada", [stated(next)], {}));
  assert.equal(JSON.parse(text("sops/users/ada/key.json")).length, 2);
  const fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567";
  const pgp = [{ publickey: fingerprint, type: "pgp" }, ...JSON.parse(keyJson(bob))];
  const some = await smallPlace({ "sops/users/bob/key.json": JSON.stringify(pgp) });
  const removed = await planRemoveKey(some, "bob", parseStatedKey(fingerprint), {});
  assert.deepEqual(JSON.parse((await after(some, removed)).text("sops/users/bob/key.json")), JSON.parse(keyJson(bob)));
  assert.deepEqual(removed.documents, []);
});
