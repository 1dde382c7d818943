import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openDocument } from "../../../src/actions/document.ts";
import { planFinish } from "../../../src/actions/principal/finish-rotation.ts";
import { planRotate, type RotateOptions } from "../../../src/actions/principal/rotate-key.ts";
import { parseStatedKey } from "../../../src/actions/principal/stated-key.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { type AgeKey, makeAgeKey } from "../../../src/age/age-key.ts";
import { keyJson, sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  diff,
  keyFile,
  links,
  next,
  OWN,
  other,
  RULES,
  secretIn,
  smallPlace,
  stated,
  steps,
  TEAM,
  TEAM_TOO,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  WIFI_PATH,
  web,
} from "../planned.ts";

const rotate = (
  place: Workplace,
  name: string,
  to: AgeKey,
  options: RotateOptions = {},
  kind: "user" | "machine" = "user",
) => planRotate(place, kind, name, stated(to), options);

const E = (code: string) => ({ code });

describe("planRotate", () => {
  it("puts the new key in every place that states the old one, and in every document; the diff is the line", async () => {
    const place = await smallPlace();
    const plan = await rotate(place, "ada", next);
    assert.deepEqual(steps(plan), [
      `${TOKEN} +ada -ada new`,
      `${WIFI} +ada -ada new`,
      `${OWN} +ada -ada new`,
      `${TEAM} +ada -ada new`,
      `${TEAM_TOO} +ada -ada new`,
    ]);
    const { text, files, fleet } = await after(place, plan);
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [`-  - &ada ${ada.recipient}`, `+  - &ada ${next.recipient}`]);
    assert.equal(JSON.parse(text("sops/users/ada/key.json"))[0].publickey, next.recipient);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
    assert.ok(!Object.values(files).some((content) => Buffer.from(String(content)).includes(ada.recipient)));
    const now = await workplaceOf(files, next);
    await openDocument(now, TEAM, "yaml");
    await assert.rejects(openDocument(await workplaceOf(files, ada), TEAM, "yaml"), E("E_NO_IDENTITY"));
    assert.match(plan.next[0] ?? "", /^if the old key was lost to somebody: 6 values/);
  });

  it("keeps key.json in the form that it has", async () => {
    const single = JSON.stringify({ publickey: ada.recipient, type: "age", note: "kept" });
    const place = await smallPlace({ "sops/users/ada/key.json": single });
    const { text } = await after(place, await rotate(place, "ada", next));
    assert.deepEqual(JSON.parse(text("sops/users/ada/key.json")), {
      publickey: next.recipient,
      type: "age",
      note: "kept",
    });
    const both = await after(place, await rotate(place, "ada", next, { overlap: true }));
    assert.equal(JSON.parse(both.text("sops/users/ada/key.json")).length, 2);
  });

  it("edits all configurations that state the key", async () => {
    const nested = `creation_rules:\n  - path_regex: x\n    age: >-\n      ${bob.recipient},\n      ${ada.recipient}\n`;
    const place = await smallPlace({
      "sub/.sops.yaml": nested,
      "sub/x.yaml": await sealed("yaml", "x: 1", [[bob, ada]]),
    });
    const { text, fleet, readers } = await after(place, await rotate(place, "ada", next));
    assert.equal(text("sub/.sops.yaml"), nested.replace(ada.recipient, next.recipient));
    assert.deepEqual(readers("sub/x.yaml"), ["ada", "bob"]);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
  });

  it("keeps the groups of a split data key", async () => {
    const rules = `keys:\n  - &ada ${ada.recipient}\ncreation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [*ada, ${web.recipient}]\n      - age: [${bob.recipient}]\n`;
    const document = await sealed("yaml", "x: 1", [[ada, web], [bob]], 2);
    const place = await workplaceOf({ ".sops.yaml": rules, "a.sops.yaml": document }, ada, bob);
    const plan = await rotate(place, "ada", next);
    assert.deepEqual(
      plan.documents.map(({ dataKey, added, removed }) => [dataKey, added.length, removed.length]),
      [["new", 1, 1]],
    );
    const { fleet, files } = await after(place, plan);
    assert.deepEqual(fleet.documents[0]?.shares, {
      groups: [[next.recipient, web.recipient].sort(), [bob.recipient]].sort((a, b) =>
        String(a) < String(b) ? -1 : 1,
      ),
      needed: 2,
    });
    await openDocument(await workplaceOf(files, next, bob), "a.sops.yaml", "yaml");
    await assert.rejects(openDocument(await workplaceOf(files, next, web), "a.sops.yaml", "yaml"));
  });

  it("asks which key goes of somebody who has several", async () => {
    const place = await smallPlace(keyFile("users", "ada", ada, other));
    const error = await rotate(place, "ada", next).then(
      () => assert.fail(),
      (reason) => reason,
    );
    assert.equal(error.code, "E_WHICH_KEY");
    assert.ok(error.hint.includes(ada.recipient) && error.hint.includes(other.recipient));
    const { text } = await after(place, await rotate(place, "ada", next, { from: stated(other) }));
    assert.deepEqual(text("sops/users/ada/key.json"), text("sops/users/ada/key.json"));
    assert.deepEqual(
      new Set(JSON.parse(text("sops/users/ada/key.json")).map((key: { publickey: string }) => key.publickey)),
      new Set([ada.recipient, next.recipient]),
    );
    await assert.rejects(rotate(place, "ada", next, { from: stated(bob) }), E("E_NOT_FOUND"));
    await assert.rejects(rotate(place, "ada", next, { from: stated(next) }), E("E_NOT_FOUND"));
  });

  it("to a key that they have already drops the old one, and states no key twice", async () => {
    const rules = RULES.replace("  - &admin_bob", `  - &ada_key2 ${next.recipient}\n  - &admin_bob`).replace(
      "[*ada,",
      "[*ada, *ada_key2,",
    );
    const place = await smallPlace({
      ...keyFile("users", "ada", ada, next),
      ".sops.yaml": rules,
      ...(await secretIn("vars/shared/wifi/psk", [ada, next], ["users/ada"])),
      [TEAM]: await sealed("yaml", "x: 1", [[ada, next, bob]]),
    });
    const { text, readers, fleet } = await after(place, await rotate(place, "ada", next));
    // The rule of cleo named the old key alone: there the new one comes in its place.
    assert.equal(text(".sops.yaml").includes(ada.recipient), false);
    assert.deepEqual(readers(OWN), ["ada", "cleo"]);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
    await assert.rejects(rotate(await smallPlace(), "ada", ada), E("E_EXISTS"));
  });

  it("gives who shares a key one of their own; the other keeps theirs, and all that it opens", async () => {
    const rules = RULES;
    const place = await smallPlace({
      ".sops.yaml": rules,
      ...keyFile("users", "eve", ada),
      ...(await secretIn("vars/shared/e/f", [ada, bob], ["users/eve", "users/bob"])),
      "lone.sops.yaml": await sealed("yaml", "x: 1", [[ada, bob]]),
    });
    const plan = await rotate(place, "eve", next);
    assert.match(
      plan.warnings.join("\n"),
      /^ada has the key that eve gives up, and keeps it: .* what is sealed to ada$/,
    );
    const { readers, text } = await after(place, plan);
    assert.deepEqual(readers("vars/shared/e/f/secret"), ["bob", "eve"]);
    assert.deepEqual(readers(WIFI_PATH), ["ada", "cleo"]);
    assert.deepEqual(readers(TEAM), ["ada", "bob", "eve"]);
    // Where no rule names anybody it is theirs as much as it was eve's.
    assert.deepEqual(readers("lone.sops.yaml"), ["ada", "bob"]);
    assert.ok(text(".sops.yaml").includes(ada.recipient));
    await assert.rejects(rotate(place, "eve", bob), E("E_KEY_TAKEN"));
    assert.ok((await rotate(place, "eve", bob, { force: true })).documents.length > 0);
  });

  it("refuses who is not there, in the right words", async () => {
    const place = await smallPlace();
    await assert.rejects(rotate(place, "web", next), {
      code: "E_NOT_FOUND",
      message: "there is no user web",
      hint: "web is a machine",
    });
    await assert.rejects(rotate(place, "aba", next), { code: "E_NOT_FOUND", hint: /did you mean ada/ });
    await assert.rejects(rotate(place, "admins", next), { code: "E_NOT_FOUND", hint: "admins is a group" });
  });

  it("refuses a key of another type than its field in .sops.yaml, and changes key.json freely", async () => {
    const pgp = parseStatedKey("A".repeat(40));
    await assert.rejects(planRotate(await smallPlace(), "user", "ada", pgp, {}), E("E_CONFIG_EDIT"));
    const place = await smallPlace({ ".sops.yaml": "creation_rules: []\n" });
    await assert.rejects(
      planRotate(place, "user", "ada", pgp, {}),
      (error: { code: string }) => error.code !== "E_CONFIG_EDIT",
    );
  });

  it("replaces the sealed private half of a machine, or says that it cannot", async () => {
    const folder = "sops/secrets/web-age.key";
    const half = {
      [`${folder}/secret`]: await sealed("binary", web.identity, [[ada]]),
      ...links(`${folder}/users/ada`),
    };
    const place = await smallPlace(half);
    const told = await rotate(place, "web", next, {}, "machine");
    assert.match(told.warnings.join("\n"), /private half of the old key.*--from-host-key FILE/);
    assert.match(told.next[0] ?? "", /^web opens its secrets with the new key only/);
    const plan = await rotate(place, "web", next, { privateKey: next.identity }, "machine");
    assert.deepEqual(
      [plan.warnings, plan.documents.filter(({ newValue }) => newValue).map(({ path }) => path)],
      [[], [`${folder}/secret`]],
    );
    const { files, readers } = await after(place, plan);
    const { plain } = await openDocument(await workplaceOf(files, ada), `${folder}/secret`, "binary");
    assert.ok(JSON.stringify(plain).includes(next.identity));
    assert.deepEqual(readers(`${folder}/secret`), ["ada"]);
    assert.deepEqual(readers(TOKEN_PATH), ["ada", "bob", "web"]);
    assert.equal(JSON.stringify(plan.documents).includes(next.identity) || plan.summary.includes(next.identity), false);
  });
});

describe("overlap and finish", () => {
  const overlap = (place: Workplace, name: string, to: AgeKey, more: RotateOptions = {}) =>
    rotate(place, name, to, { overlap: true, ...more });

  it("seals to both, then to the new one alone, and the diff of both is the line", async () => {
    const place = await smallPlace();
    const plan = await overlap(place, "ada", next);
    assert.deepEqual(new Set(plan.documents.map(({ dataKey }) => dataKey)), new Set(["kept"]));
    assert.match(plan.next[0] ?? "", /secrets rotate user ada --finish/);
    const both = await after(place, plan);
    assert.match(both.text(".sops.yaml"), new RegExp(`- &ada_new ${next.recipient}`));
    assert.deepEqual(both.fleet.principals.find("ada")?.keys.length, 2);
    const later = await workplaceOf(both.files, next);
    const finish = await planFinish(later, "ada", undefined, {});
    const { text, fleet } = await after(later, finish);
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [`-  - &ada ${ada.recipient}`, `+  - &ada ${next.recipient}`]);
    assert.equal(text("sops/users/ada/key.json").includes(ada.recipient), false);
    assert.deepEqual(
      fleet.documents.flatMap(({ readers }) => readers.map(({ id }) => id)).includes(ada.recipient),
      false,
    );
    assert.match(finish.next[0] ?? "", /if the old key was lost/);
  });

  it("works on an anchor with a word before the name, and for who is known by an anchor alone", async () => {
    const place = await smallPlace({}, bob);
    const both = await after(place, await overlap(place, "bob", next));
    assert.match(both.text(".sops.yaml"), /&admin_bob_new /);
    const later = await workplaceOf(both.files, next);
    assert.deepEqual(
      diff(RULES, (await after(later, await planFinish(later, "bob", undefined, {}))).text(".sops.yaml")),
      [`-  - &admin_bob ${bob.recipient} # on call`, `+  - &admin_bob ${next.recipient}`],
    );
    const document = await sealed("yaml", "x: 1", [[cleo, ada]]);
    const files = await workplaceOf({ ".sops.yaml": RULES, [OWN]: document }, cleo);
    const one = await after(files, await overlap(files, "cleo", next));
    assert.equal(one.fleet.principals.find("cleo")?.keys.length, 2);
    // Once more, before the first is finished: a third key of the same person.
    const again = await workplaceOf(one.files, cleo);
    await assert.rejects(overlap(again, "cleo", other), E("E_WHICH_KEY"));
    const two = await after(again, await overlap(again, "cleo", other, { from: stated(cleo) }));
    assert.equal(two.fleet.principals.find("cleo")?.keys.length, 3);
    assert.equal(two.fleet.principals.all.length, one.fleet.principals.all.length);
    const third = await workplaceOf(two.files, other, next);
    await assert.rejects(planFinish(third, "cleo", undefined, {}), E("E_WHICH_KEY"));
    const done = await after(third, await planFinish(third, "cleo", stated(other), { from: stated(cleo) }));
    assert.equal(done.fleet.principals.find("cleo")?.keys.length, 2);
    await assert.rejects(overlap(again, "cleo", next), { code: "E_EXISTS", hint: /--finish/ });
  });

  it("tells the keys apart by what is held, or by what is said", async () => {
    const files = async (keys: readonly AgeKey[]) =>
      workplaceOf(
        {
          "sops/users/ada/key.json": keyJson(ada, next),
          ...(await secretIn("vars/shared/a/b", [ada, next], ["users/ada"])),
        },
        ...keys,
      );
    const dropped = async (place: Workplace, to?: AgeKey, from?: AgeKey) =>
      (
        await planFinish(
          place,
          "ada",
          to === undefined ? undefined : stated(to),
          from === undefined ? {} : { from: stated(from) },
        )
      ).documents[0]?.removed[0]?.id;
    assert.equal(await dropped(await files([next])), ada.recipient);
    assert.equal(await dropped(await files([ada, next]), next), ada.recipient);
    assert.equal(await dropped(await files([ada, next]), undefined, ada), ada.recipient);
    await assert.rejects(dropped(await files([ada, next])), E("E_WHICH_KEY"));
    await assert.rejects(dropped(await files([ada, next]), other), E("E_WHICH_KEY"));
    await assert.rejects(dropped(await smallPlace()), {
      code: "E_WHICH_KEY",
      message: /there is no rotation to finish/,
    });
  });

  it("takes proof, not a list: the new key is here, and opens each document that the old one opens", async () => {
    const two = { "sops/users/ada/key.json": keyJson(ada, next) };
    const good = await secretIn("vars/shared/a/b", [ada, next], ["users/ada"]);
    const elsewhere = await workplaceOf({ ...two, ...good }, ada);
    await assert.rejects(planFinish(elsewhere, "ada", stated(next), {}), {
      code: "E_NO_IDENTITY",
      kind: "identity",
      hint: /SOPS_AGE_KEY_FILE=FILE/,
    });
    const lacking = await workplaceOf(
      { ...two, ...good, ...(await secretIn("vars/shared/c/d", [ada], ["users/ada"])) },
      ada,
      next,
    );
    const error = await planFinish(lacking, "ada", stated(next), {}).then(
      () => assert.fail(),
      (reason) => reason,
    );
    assert.deepEqual(
      [error.code, error.message],
      ["E_NEW_KEY_LACKS", "1 document that the old key opens is not sealed to the new key"],
    );
    assert.match(error.hint, /^vars\/shared\/c\/d\nsecrets sync/);
    // Named, but what is behind the name is for somebody else.
    const stranger = makeAgeKey();
    const content = (await sealed("binary", "x", [[ada, stranger]])).replace(stranger.recipient, next.recipient);
    const forged = await workplaceOf(
      { ...two, ...good, "vars/shared/c/d/secret": content, ...links("vars/shared/c/d/users/ada") },
      ada,
      next,
    );
    await assert.rejects(planFinish(forged, "ada", stated(next), {}), {
      code: "E_NEW_KEY_LACKS",
      message: /does not open with the new key$/,
    });
  });

  it("finishes with a split data key by the share that the new key opens", async () => {
    const rules = `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [${ada.recipient}, ${next.recipient}]\n      - age: [${bob.recipient}]\n`;
    const files = {
      ".sops.yaml": rules,
      ...keyFile("users", "ada", ada, next),
      "a.sops.yaml": await sealed("yaml", "x: 1", [[ada, next], [bob]], 2),
    };
    const place = await workplaceOf(files, next, bob);
    const plan = await planFinish(place, "ada", stated(next), {});
    assert.deepEqual(
      (await after(place, plan)).fleet.documents[0]?.shares?.groups.flat().sort(),
      [next.recipient, bob.recipient].sort(),
    );
  });
});
