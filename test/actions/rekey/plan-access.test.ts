import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openDocument } from "../../../src/actions/document.ts";
import { policyEdit } from "../../../src/actions/rekey/access-plan.ts";
import { planAccess } from "../../../src/actions/rekey/plan-access.ts";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  db,
  OWN,
  other,
  secretIn,
  smallFleet,
  smallPlace,
  steps,
  TEAM,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  WIFI_PATH,
  web,
  without,
} from "../planned.ts";

const NOTHING = policyEdit({ summary: "nothing" });
const ALL = { sync: () => true };

async function linked(place: Workplace, folder: string, kind: "users" | "machines", name: string) {
  const draft = new PolicyDraft(place.ground);
  await draft.link(folder, { kind, name }, "a link");
  return policyEdit({ summary: "a link", changes: draft.changes });
}

async function unlinked(place: Workplace, ...paths: readonly string[]) {
  const draft = new PolicyDraft(place.ground);
  for (const path of paths) await draft.remove(path, "a link goes");
  return policyEdit({ summary: "a link goes", changes: draft.changes });
}

const dataKeyOf = async (place: Workplace, path: string) => (await openDocument(place, path, "binary")).dataKey;

describe("planAccess", () => {
  it("does nothing where nothing is asked for, and nothing twice", async () => {
    const place = await smallPlace();
    assert.deepEqual((await planAccess(place, NOTHING)).changes, []);
    assert.deepEqual((await planAccess(place, NOTHING, ALL)).changes, []);
    const edit = await linked(place, "vars/shared/wifi/psk", "users", "bob");
    const { files } = await after(place, await planAccess(place, edit));
    const again = await workplaceOf(files, ada);
    assert.deepEqual((await planAccess(again, NOTHING, ALL)).changes, []);
  });

  it("seals the same data key to who joins, and leaves all other bytes", async () => {
    const place = await smallPlace();
    const plan = await planAccess(place, await linked(place, "vars/shared/wifi/psk", "users", "bob"));
    assert.deepEqual(steps(plan), [`${WIFI} +bob kept`]);
    assert.deepEqual(
      plan.sealedTo.map(({ name }) => name),
      ["bob"],
    );
    const { files, readers, text } = await after(place, plan);
    assert.deepEqual(readers(WIFI_PATH), ["ada", "bob", "cleo"]);
    assert.deepEqual(
      await dataKeyOf(await workplaceOf(files, bob), WIFI_PATH),
      await dataKeyOf(await workplaceOf(await smallFleet(), ada), WIFI_PATH),
    );
    const before = JSON.parse(String((await smallFleet())[WIFI_PATH]));
    const now = JSON.parse(text(WIFI_PATH));
    assert.equal(now.data, before.data);
    assert.deepEqual(now.sops.age.slice(0, 2), before.sops.age);
    assert.deepEqual(plan.exposed, []);
  });

  it("makes a new data key when somebody goes, unknown to who had the old one, and lists what they read", async () => {
    const place = await smallPlace();
    const plan = await planAccess(place, await unlinked(place, "vars/shared/wifi/psk/users/cleo"));
    assert.deepEqual(steps(plan), [`${WIFI} -cleo new`]);
    assert.deepEqual(plan.exposed, [WIFI]);
    const { files, readers } = await after(place, plan);
    assert.deepEqual(readers(WIFI_PATH), ["ada"]);
    assert.notDeepEqual(
      await dataKeyOf(await workplaceOf(files, ada), WIFI_PATH),
      await dataKeyOf(await smallPlace(), WIFI_PATH),
    );
    await assert.rejects(dataKeyOf(await workplaceOf(files, cleo), WIFI_PATH), { code: "E_NO_IDENTITY" });
  });

  it("keeps the data key when told to, and says in singular and plural what that risks", async () => {
    const place = await smallPlace({
      ...(await secretIn("vars/shared/b/f", [ada, cleo], ["users/ada", "users/cleo"])),
    });
    const one = await planAccess(place, await unlinked(place, "vars/shared/wifi/psk/users/cleo"), {
      keepDataKey: true,
    });
    assert.deepEqual(steps(one), [`${WIFI} -cleo risked`]);
    assert.match(one.warnings[0] ?? "", /^1 document keeps its data key: .* written into it from now on$/);
    assert.deepEqual(one.exposed, [WIFI]);
    const paths = ["vars/shared/wifi/psk/users/cleo", "vars/shared/b/f/users/cleo"];
    const two = await planAccess(place, await unlinked(place, ...paths), { keepDataKey: true });
    assert.match(two.warnings[0] ?? "", /^2 documents keep their data key: .* written into them from now on$/);
    const { files } = await after(place, one);
    assert.deepEqual(await dataKeyOf(await workplaceOf(files, ada), WIFI_PATH), await dataKeyOf(place, WIFI_PATH));
  });

  it("locks no machine out for want of a link when something else is changed, and says that it has none", async () => {
    const bare = without(await smallFleet(), "vars/per-machine/web/acme/token/machines/web");
    const place = await workplaceOf(bare, ada);
    const plan = await planAccess(place, await linked(place, "vars/per-machine/web/acme/token", "users", "cleo"));
    assert.deepEqual(steps(plan), [`${TOKEN} +cleo kept`]);
    assert.match(plan.warnings.join("\n"), /machine web reads it and has no link/);
    assert.deepEqual((await after(place, plan)).readers(TOKEN_PATH), ["ada", "bob", "cleo", "web"]);
    // Whoever takes the machine itself away means it.
    const edit = { ...(await linked(place, "vars/per-machine/web/acme/token", "users", "cleo")) };
    const dropped = new Set([`age ${web.recipient}`]);
    assert.deepEqual(steps(await planAccess(place, { ...edit, dropped })), [`${TOKEN} +cleo -web new`]);
    const linkedBefore = await smallPlace();
    const gone = await unlinked(linkedBefore, "vars/per-machine/web/acme/token/machines/web");
    assert.deepEqual(steps(await planAccess(linkedBefore, gone)), [`${TOKEN} -web new`]);
  });

  it("lists encrypted values alone as read before, by their addresses", async () => {
    const mixed = await sealed("yaml", "token: abc\nport_unencrypted: 80\nlist:\n  - a\n  - b\n", [[ada, cleo]]);
    const place = await smallPlace({ "secrets/odd#name.yaml": mixed });
    const plan = await planAccess(place, policyEdit({ summary: "", dropped: new Set([`age ${cleo.recipient}`]) }));
    const path = "secrets/odd\\#name.yaml";
    assert.deepEqual(
      plan.exposed.filter((address) => address.startsWith(path)),
      [`${path}#token`, `${path}#list/0`, `${path}#list/1`],
    );
  });

  it("counts a new value as no exposure, and one share of a split data key as none", async () => {
    const place = await smallPlace();
    const edit = await unlinked(place, "vars/shared/wifi/psk/users/cleo");
    const values = new Map([[WIFI_PATH, Buffer.from("other")]]);
    const plan = await planAccess(place, edit, { values });
    assert.deepEqual(plan.exposed, []);
    assert.equal(plan.documents[0]?.newValue, true);
    const { files } = await after(place, plan);
    const { plain } = await openDocument(await workplaceOf(files, ada), WIFI_PATH, "binary");
    assert.match(JSON.stringify(plain), /other/);
    const split = await smallPlace({ "x.sops.yaml": await sealed("yaml", "x: 1", [[ada], [ada, cleo]], 2) });
    const dropped = policyEdit({ summary: "", dropped: new Set([`age ${cleo.recipient}`]) });
    const taken = await planAccess(split, { ...dropped, droppedFrom: ({ path }) => path === "x.sops.yaml" });
    assert.deepEqual(steps(taken), ["x.sops.yaml -cleo new"]);
    assert.deepEqual(taken.exposed, []);
  });

  it("tells of everybody to whom something is sealed, also where a layout makes it more than who joins", async () => {
    const rule = (keys: string) =>
      `creation_rules:\n  - path_regex: ^s/\n    shamir_threshold: 2\n    key_groups:\n      - age: [${ada.recipient}]\n      - age: [${keys}]\n`;
    // Somebody who is not in the rule wrote themselves into the file, with nothing behind the name.
    const text = await sealed("yaml", "x: 1", [[ada], [bob, other]], 2);
    const place = await workplaceOf(
      { "s/x.yaml": text, ".sops.yaml": rule(`${bob.recipient}, ${other.recipient}`) },
      ada,
      bob,
    );
    const draft = new PolicyDraft(place.ground);
    await draft.write(".sops.yaml", Buffer.from(rule(`${bob.recipient}, ${other.recipient}, ${cleo.recipient}`)), "");
    const plan = await planAccess(place, policyEdit({ summary: "", changes: draft.changes }));
    assert.deepEqual(
      plan.documents[0]?.added.map(({ id }) => id),
      [cleo.recipient],
    );
    assert.deepEqual(
      plan.sealedTo.map(({ id }) => id).sort(),
      [ada, bob, other, cleo].map(({ recipient }) => recipient).sort(),
    );
  });

  it("opens everything before it plans anything, and names who could open what is closed", async () => {
    const place = await smallPlace({}, bob);
    const edit = policyEdit({ summary: "", dropped: new Set([`age ${cleo.recipient}`]) });
    const error = await planAccess(place, edit, { freshDataKey: () => true }).then(
      () => assert.fail(),
      (reason) => reason,
    );
    assert.equal(error.code, "E_CANNOT_OPEN");
    assert.equal(error.kind, "identity");
    assert.match(error.message, /^2 of the 5 documents/);
    assert.match(error.hint, /secrets\/cleo\.yaml: this document is for cleo, ada; your keys are those of bob/);
    assert.match(error.hint, /wifi\/psk\/secret: /);
  });

  it("takes dropped keys from where they may be dropped alone, and keeps them where they are named", async () => {
    const place = await smallPlace();
    const dropped = new Set([`age ${cleo.recipient}`]);
    assert.deepEqual(steps(await planAccess(place, policyEdit({ summary: "", dropped }))), []);
    const stranger = await smallPlace({ [TEAM]: await sealed("yaml", "x: 1", [[ada, bob, cleo]]) });
    assert.deepEqual(steps(await planAccess(stranger, policyEdit({ summary: "", dropped }))), [`${TEAM} -cleo new`]);
    const elsewhere = policyEdit({ summary: "", dropped, droppedFrom: ({ path }) => path === OWN });
    assert.deepEqual(steps(await planAccess(stranger, elsewhere)), []);
  });

  it("takes nothing away by guess where the policy cannot be read in full, but who was named", async () => {
    const folder = "vars/shared/wifi/psk";
    const place = await smallPlace({
      [WIFI_PATH]: await sealed("binary", "x", [[ada, bob, cleo]]),
      [`${folder}/users/gone`]: { link: "../../../../../sops/users/gone" },
    });
    const edit = await linked(place, folder, "machines", "db");
    assert.deepEqual(steps(await planAccess(place, edit)), [`${WIFI} +db kept`]);
    const named = { ...edit, dropped: new Set([`age ${bob.recipient}`]) };
    assert.deepEqual(steps(await planAccess(place, named)), [`${WIFI} +db -bob new`]);
    assert.deepEqual(
      (await planAccess(place, named)).sealedTo.map(({ id }) => id).sort(),
      [ada, cleo, db].map((k) => k.recipient).sort(),
    );
  });

  it("reports progress up to the number of documents", async () => {
    const seen: [number, number][] = [];
    const place = await smallPlace();
    const below = { freshDataKey: ({ path }: { path: string }) => path.startsWith("secrets/") };
    await planAccess(place, NOTHING, { ...below, onProgress: (done, all) => seen.push([done, all]) });
    assert.deepEqual(seen, [[3, 3]]);
  });
});
