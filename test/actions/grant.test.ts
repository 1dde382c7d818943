import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { planGrant } from "../../src/actions/grant.ts";
import type { SharedRule } from "../../src/actions/rekey/rule-scope.ts";
import { planRevoke } from "../../src/actions/revoke.ts";
import type { Workplace } from "../../src/actions/workplace.ts";
import { makeAgeKey } from "../../src/age/age-key.ts";
import { sealed, workplaceOf } from "./in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  db,
  diff,
  keyFile,
  links,
  linkTo,
  OWN,
  other,
  RULES,
  secretIn,
  smallFleet,
  smallPlace,
  steps,
  TEAM,
  TEAM_TOO,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  WIFI_PATH,
  web,
  without,
} from "./planned.ts";

const never = async (): Promise<never> => assert.fail("nobody is to be asked");
const answer = (what: "own" | "whole") => ({ onSharedRule: async () => what });
const ASK = { onSharedRule: never };

const grant = (place: Workplace, who: string, addresses: readonly string[], options = {}) =>
  planGrant(place, who, addresses, { ...ASK, ...options });
const revoke = (place: Workplace, who: string, addresses: readonly string[], options = {}) =>
  planRevoke(place, who, addresses, { ...ASK, ...options });

describe("planGrant", () => {
  it("lays clan's link in tier 1, however deep, and changes nothing else", async () => {
    const deep = "vars/per-machine/web/boot/keys/db/db.key";
    const place = await smallPlace(await secretIn(deep, [ada], ["users/ada"]));
    for (const [who, path, target] of [
      ["users/bob", `${deep}/users/bob`, "../../../../../../../../sops/users/bob"],
      ["machines/db", `${deep}/machines/db`, "../../../../../../../../sops/machines/db"],
      ["groups/admins", `${deep}/groups/admins`, "../../../../../../../../sops/groups/admins"],
    ] as const) {
      const plan = await grant(place, who, ["vars/web/boot/keys/db/db.key"]);
      assert.deepEqual(
        plan.policy.map(({ change }) => [change.path, change.kind === "link" && change.target]),
        [[path, target]],
      );
      assert.equal(plan.documents.length, 1);
      assert.equal(plan.summary, `grant ${who} vars/web/boot/keys/db/db.key`);
    }
  });

  it("says so when they read already, and mends a document that lacks them alone", async () => {
    const place = await smallPlace({ [TEAM]: await sealed("yaml", "x: 1", [[ada]]) });
    const one = await grant(place, "ada", [WIFI]);
    assert.deepEqual([one.summary, one.changes], ["users/ada reads it already", []]);
    const both = await grant(place, "ada", [WIFI, TEAM]);
    assert.equal(both.summary, "users/ada reads all of them already");
    // Somebody else who is missing there is somebody else's grant.
    assert.deepEqual((await grant(place, "ada", [TEAM])).changes, []);
    assert.deepEqual(steps(await grant(place, "bob", [TEAM, WIFI])), [`${WIFI} +bob kept`, `${TEAM} +bob kept`]);
  });

  it("gives a document a rule of its own, or changes the rule for all, as the person says", async () => {
    const place = await smallPlace();
    const seen: SharedRule[] = [];
    const onSharedRule = async (shared: SharedRule) => {
      seen.push(shared);
      return "own" as const;
    };
    const own = await grant(place, "cleo", [TEAM], { onSharedRule });
    assert.deepEqual(
      seen.map(({ config, line, documents, others }) => [
        config,
        line,
        documents[0]?.path,
        others.map(({ path }) => path),
      ]),
      [[".sops.yaml", 8, TEAM, [TEAM_TOO]]],
    );
    assert.deepEqual(steps(own), [`${TEAM} +cleo kept`]);
    const { text, fleet } = await after(place, own);
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [
      "+  - path_regex: ^secrets/team/a\\.yaml$",
      "+      - age: [*ada, *admin_bob, *cleo]",
    ]);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
    const whole = await grant(place, "cleo", [TEAM], answer("whole"));
    assert.deepEqual(steps(whole), [`${TEAM} +cleo kept`, `${TEAM_TOO} +cleo kept`]);
    assert.deepEqual(diff(RULES, (await after(place, whole)).text(".sops.yaml")), [
      "-      - age: [*ada, *admin_bob]",
      "+      - age: [*ada, *admin_bob, *cleo]",
    ]);
    // All that a rule decides for were named: nobody needs to be asked.
    assert.equal((await grant(place, "cleo", ["secrets/team"])).documents.length, 2);
  });

  it("gives a key its anchor in the configuration that decides, the nested one too", async () => {
    const nested = `creation_rules:\n  - path_regex: ^x\\.yaml$\n    age: ${ada.recipient}\n`;
    const place = await smallPlace({
      "sub/.sops.yaml": nested,
      "sub/x.yaml": await sealed("yaml", "x: 1", [[ada]]),
    });
    const plan = await grant(place, "db", ["sub/x.yaml", OWN]);
    const { text, readers, fleet } = await after(place, plan);
    assert.match(text("sub/.sops.yaml"), new RegExp(`- &db ${db.recipient}`));
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [`+  - &db ${db.recipient}`, "+          - *db"]);
    assert.deepEqual(readers("sub/x.yaml"), ["ada", "db"]);
    assert.deepEqual(readers(OWN), ["ada", "cleo", "db"]);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
  });

  it("makes a rule of its own in a nested configuration for the path as that one sees it", async () => {
    const nested = `creation_rules:\n  - path_regex: \\.yaml$\n    age: ${ada.recipient}\n`;
    const document = await sealed("yaml", "x: 1", [[ada]]);
    const place = await smallPlace({ "sub/.sops.yaml": nested, "sub/x.yaml": document, "sub/y.yaml": document });
    const { text, readers } = await after(place, await grant(place, "bob", ["sub/x.yaml"], answer("own")));
    assert.match(text("sub/.sops.yaml"), /path_regex: \^x\\\.yaml\$/);
    assert.deepEqual([readers("sub/x.yaml"), readers("sub/y.yaml")], [["ada", "bob"], ["ada"]]);
  });

  it("grants a group by its link in tier 1, and by its members in tier 2", async () => {
    const place = await smallPlace(links("sops/groups/ops/users/bob", "sops/groups/ops/machines/db"));
    const plan = await grant(place, "groups/ops", [WIFI, OWN]);
    const { readers, text } = await after(place, plan);
    assert.deepEqual(readers(WIFI_PATH), ["ada", "bob", "cleo", "db"]);
    assert.deepEqual(readers(OWN), ["ada", "bob", "cleo", "db"]);
    assert.ok(text(".sops.yaml").endsWith("          - *ada\n          - *db\n          - *admin_bob\n"));
  });

  it("refuses who has a key that cannot be read, or none: they would be granted in part, in silence", async () => {
    const broken = JSON.stringify([
      { publickey: bob.recipient, type: "age" },
      { publickey: "age1x", type: "age" },
    ]);
    const cases: readonly (readonly [who: string, more: Parameters<typeof smallPlace>[0]])[] = [
      ["users/bob", { "sops/users/bob/key.json": broken }],
      ["users/eve", { "sops/users/eve/notes": "no key" }],
      ["groups/admins", { "sops/users/bob/key.json": broken }],
      ["groups/admins", { "sops/groups/admins/users/gone": { link: "../../../users/gone" } }],
      ["groups/none", { "sops/groups/none/notes": "nobody" }],
    ];
    for (const [who, more] of cases) {
      for (const address of [WIFI, OWN]) {
        await assert.rejects(grant(await smallPlace(more), who, [address]), { code: "E_POLICY_UNCLEAR" }, who);
      }
    }
  });

  it("refuses who is known to the other tier alone, with what makes them known", async () => {
    const place = await smallPlace({
      ".sops.yaml": RULES.replace("  - &web", `  - &eve ${other.recipient}\n  - &web`),
    });
    await assert.rejects(grant(place, "eve", [WIFI]), {
      code: "E_NOT_REGISTERED",
      hint: `make them known to both tiers: secrets user add eve --age-key ${other.recipient}`,
    });
    const list = RULES.replace("creation_rules", `team: &crew [${bob.recipient}]\ncreation_rules`);
    await assert.rejects(grant(await smallPlace({ ".sops.yaml": list }), "groups/crew", [WIFI]), {
      code: "E_NOT_REGISTERED",
      hint: "grant each of its members by name: bob",
    });
  });

  it("refuses a document that no rule covers, or a faulty one, or key groups: nothing is guessed", async () => {
    const lone = await smallPlace({ "lone.sops.yaml": await sealed("yaml", "x: 1", [[ada]]) });
    await assert.rejects(grant(lone, "bob", ["lone.sops.yaml"]), { code: "E_NO_RULE" });
    const bad = await smallPlace({ ".sops.yaml": RULES.replace("^secrets/team/", "'('") });
    await assert.rejects(grant(bad, "cleo", [TEAM]), { code: "E_POLICY_UNCLEAR" });
    const split = `creation_rules:\n  - shamir_threshold: 2\n    key_groups:\n      - age: [${ada.recipient}]\n      - age: [${bob.recipient}]\n`;
    const document = await sealed("yaml", "x: 1", [[ada], [bob]], 2);
    const place = await workplaceOf(
      { ...keyFile("users", "cleo", cleo), ".sops.yaml": split, "a.sops.yaml": document },
      ada,
      bob,
    );
    await assert.rejects(grant(place, "cleo", ["a.sops.yaml"]), { code: "E_CONFIG_EDIT" });
  });

  it("does not take a machine's access for want of a link while it grants another", async () => {
    const bare = without(await smallFleet(), "vars/per-machine/web/acme/token/machines/web");
    const place = await workplaceOf(bare, ada);
    const plan = await grant(place, "cleo", [TOKEN]);
    assert.deepEqual((await after(place, plan)).readers(TOKEN_PATH), ["ada", "bob", "cleo", "web"]);
  });
});

describe("planRevoke", () => {
  it("takes the link and makes a new data key; add then remove leaves the policy as it was", async () => {
    const place = await smallPlace();
    const granted = await after(place, await grant(place, "bob", [WIFI, OWN]));
    const back = await workplaceOf(granted.files, ada);
    const plan = await revoke(back, "bob", [WIFI, OWN]);
    assert.deepEqual(steps(plan), [`${WIFI} -bob new`, `${OWN} -bob new`]);
    assert.equal(plan.summary, "revoke users/bob from 2 documents");
    assert.deepEqual(plan.exposed, [WIFI, `${OWN}#mine`]);
    assert.match(plan.next[0] ?? "", /^2 values could be read before/);
    const { files, readers } = await after(back, plan);
    assert.deepEqual(readers(WIFI_PATH), ["ada", "cleo"]);
    const policy = (all: object) =>
      Object.entries(all)
        .filter(([path]) => path !== WIFI_PATH && path !== OWN)
        .map(([path, one]) => [path, String(typeof one === "object" && "link" in one ? one.link : Buffer.from(one))])
        .sort();
    assert.deepEqual(policy(files), policy(await smallFleet()));
  });

  it("goes by where links lead, not by what they are called", async () => {
    const folder = "vars/shared/wifi/psk";
    const place = await smallPlace({
      [WIFI_PATH]: await sealed("binary", "x", [[ada, bob, cleo]]),
      [`${folder}/users/wrong`]: linkTo(`${folder}/users/wrong`, "sops/users/bob"),
    });
    assert.deepEqual(steps(await revoke(place, "bob", [WIFI])), [`${WIFI} -bob new`]);
    // Called cleo, and leads to bob: nothing of cleo's.
    const called = await smallPlace({ [`${folder}/users/cleo`]: linkTo(`${folder}/users/cleo`, "sops/users/bob") });
    assert.deepEqual((await revoke(called, "cleo", [WIFI])).policy, []);
  });

  it("refuses when they keep access another way, and names it", async () => {
    const place = await smallPlace();
    const error = await revoke(place, "bob", [TOKEN]).then(
      () => assert.fail(),
      (reason) => reason,
    );
    assert.equal(error.code, "E_STILL_READS");
    assert.match(error.hint, /vars\/web\/acme\/token: by groups\/admins\/users\/bob/);
    assert.match(error.hint, /secrets group rm-member admins bob/);
  });

  it("takes a group away, and lets members stay who read by a name of their own", async () => {
    const place = await smallPlace(links("vars/per-machine/web/acme/token/users/bob"));
    const plan = await revoke(place, "groups/admins", [TOKEN]);
    assert.deepEqual(steps(plan), [`${TOKEN} -ada new`]);
    assert.match(plan.warnings.join("\n"), /members still read vars\/web\/acme\/token by users\/bob/);
  });

  it("says that there is nothing to take, in singular and plural", async () => {
    const place = await smallPlace();
    assert.equal((await revoke(place, "bob", [WIFI])).summary, "users/bob does not read it");
    assert.equal((await revoke(place, "bob", [WIFI, OWN])).summary, "users/bob does not read any of them");
    const link = await smallPlace(links("vars/shared/wifi/psk/machines/db"));
    const plan = await revoke(link, "db", [WIFI]);
    assert.deepEqual([plan.documents, plan.summary], [[], `revoke machines/db from ${WIFI}`]);
  });

  it("takes from one document alone, whatever else its rule decides for, where told so", async () => {
    const place = await smallPlace();
    const own = await revoke(place, "bob", [TEAM], answer("own"));
    assert.deepEqual(steps(own), [`${TEAM} -bob new`]);
    const { readers, fleet } = await after(place, own);
    assert.deepEqual([readers(TEAM), readers(TEAM_TOO)], [["ada"], ["ada", "bob"]]);
    assert.deepEqual(
      fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]),
      [],
    );
    const whole = await revoke(place, "bob", [TEAM], answer("whole"));
    assert.deepEqual(steps(whole), [`${TEAM} -bob new`, `${TEAM_TOO} -bob new`]);
  });

  it("takes a key that stands in a document which no rule covers, and who is sealed to without policy", async () => {
    const place = await smallPlace({
      "lone.sops.yaml": await sealed("yaml", "x: 1", [[ada, bob]]),
      [WIFI_PATH]: await sealed("binary", "x", [[ada, cleo, bob]]),
    });
    assert.deepEqual(steps(await revoke(place, "bob", ["lone.sops.yaml", WIFI])), [
      `${WIFI} -bob new`,
      "lone.sops.yaml -bob new",
    ]);
    assert.deepEqual(steps(await revoke(place, "bob", [WIFI])), [`${WIFI} -bob new`], "and from nowhere else");
  });

  it("takes a key of nobody out, by the key itself, and knows no other stranger", async () => {
    const place = await smallPlace({ "free.sops.yaml": await sealed("yaml", "x: 1", [[ada, other]]) }, ada);
    const plan = await revoke(place, other.recipient, ["free.sops.yaml"]);
    assert.deepEqual(
      plan.documents.map(({ path, removed, dataKey }) => [path, removed.map(({ id }) => id), dataKey]),
      [["free.sops.yaml", [other.recipient], "new"]],
    );
    await assert.rejects(revoke(place, makeAgeKey().recipient, ["free.sops.yaml"]), { code: "E_NOT_FOUND" });
    await assert.rejects(grant(place, other.recipient, ["free.sops.yaml"]), { code: "E_NOT_FOUND" });
  });

  it("says that rules which cannot be read may still name them", async () => {
    const place = await smallPlace({ ".sops.yaml": "creation_rules: {" });
    const plan = await revoke(place, "bob", [TEAM]);
    assert.match(plan.warnings.join(), /cannot be used .*may still name them/);
  });

  it("takes a machine away that has no link, for it was named", async () => {
    const bare = without(await smallFleet(), "vars/per-machine/web/acme/token/machines/web");
    const plan = await revoke(await workplaceOf(bare, ada), "machines/web", [TOKEN]);
    assert.deepEqual(steps(plan), [`${TOKEN} -web new`]);
  });

  it("refuses to empty a rule, and to take the last person away", async () => {
    const place = await smallPlace();
    await assert.rejects(
      revoke(place, "ada", [OWN])
        .then((plan) => after(place, plan))
        .then(({ files }) => workplaceOf(files, cleo))
        .then((one) => revoke(one, "cleo", [OWN])),
      { code: "E_CONFIG_EDIT" },
    );
    const machine = await smallPlace(await secretIn("vars/shared/a/b", [ada, web], ["users/ada", "machines/web"]));
    await assert.rejects(revoke(machine, "ada", ["vars/shared/a/b"]), { code: "E_LAST_PERSON" });
  });
});
