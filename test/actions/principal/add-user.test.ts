import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type AddUserOptions, planAddUser } from "../../../src/actions/principal/add-user.ts";
import type { StatedPublicKey } from "../../../src/actions/principal/stated-key.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  cleo,
  diff,
  keyFile,
  next,
  OWN,
  other,
  RULES,
  smallFleet,
  smallPlace,
  stated,
  steps,
  TEAM,
  TOKEN,
  TOKEN_PATH,
  WIFI,
  WIFI_PATH,
  without,
} from "../planned.ts";

const add = (place: Workplace, name: string, keys: readonly StatedPublicKey[], options: Partial<AddUserOptions> = {}) =>
  planAddUser(place, name, keys, {
    groups: [],
    documents: [],
    onSharedRule: async () => assert.fail("nobody is to be asked"),
    ...options,
  });

const eve = stated(other);

describe("planAddUser", () => {
  it("enters them in both registries, and says what lets them read", async () => {
    const place = await smallPlace();
    const plan = await add(place, "eve", [eve]);
    const { text, fleet } = await after(place, plan);
    assert.equal(
      text("sops/users/eve/key.json"),
      `[\n  {\n    "publickey": "${other.recipient}",\n    "type": "age"\n  }\n]`,
    );
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [`+  - &eve ${other.recipient}`]);
    assert.equal(fleet.principals.find("eve")?.kind, "user");
    assert.deepEqual(
      fleet.principals.oneTier.map(({ principal }) => principal.name),
      ["db"],
    );
    assert.deepEqual([plan.documents, plan.next], [[], ["secrets grant eve ADDRESS… lets eve read something"]]);
  });

  it("seals what was named, by group, by document, and like somebody else", async () => {
    const place = await smallPlace();
    const plan = await add(place, "eve", [eve], { groups: ["admins"], documents: [OWN] });
    assert.deepEqual(steps(plan), [`${TOKEN} +eve kept`, `${OWN} +eve kept`]);
    assert.deepEqual(plan.next, []);
    // bob reads as an admin, and by the rule of the team.
    const like = await add(place, "eve", [eve], { like: "bob" });
    assert.deepEqual(steps(like), [`${TOKEN} +eve kept`, `${TEAM} +eve kept`, "secrets/team/b.yaml +eve kept"]);
    const { fleet } = await after(place, like);
    assert.deepEqual(
      fleet.documents.map(({ policy }) => policy.readers.some(({ name }) => name === "bob")),
      fleet.documents.map(({ policy }) => policy.readers.some(({ name }) => name === "eve")),
    );
    await assert.rejects(add(place, "eve", [eve], { like: "nobody" }), { code: "E_NOT_FOUND" });
    await assert.rejects(add(place, "eve", [eve], { groups: ["none"] }), { code: "E_NOT_FOUND" });
  });

  it("asks about a shared rule of a named document, also of who shall be like somebody", async () => {
    const asked: string[] = [];
    const onSharedRule = async ({ documents }: { documents: readonly { path: string }[] }) => {
      asked.push(...documents.map(({ path }) => path));
      return "own" as const;
    };
    const place = await smallPlace();
    const plan = await add(place, "eve", [eve], { like: "cleo", documents: [TEAM], onSharedRule });
    assert.deepEqual(asked, [TEAM]);
    assert.deepEqual(steps(plan), [`${WIFI} +eve kept`, `${OWN} +eve kept`, `${TEAM} +eve kept`]);
  });

  it("makes somebody known to the other tier whom one knows already, by the same keys alone", async () => {
    const rules = RULES.replace("  - &web", `  - &admin_eve ${other.recipient}\n  - &web`).replace(
      "- *cleo",
      "- *admin_eve\n          - *cleo",
    );
    const place = await smallPlace({ ".sops.yaml": rules, [OWN]: await sealed("yaml", "x: 1", [[other, cleo, ada]]) });
    const plan = await add(place, "eve", [eve]);
    assert.deepEqual(
      plan.changes.map(({ change }) => change.path),
      ["sops/users/eve/key.json"],
    );
    const vars = await smallPlace(keyFile("users", "eve", other));
    const anchored = await add(vars, "eve", [eve]);
    assert.deepEqual(
      anchored.changes.map(({ change }) => change.path),
      [".sops.yaml"],
    );
    await assert.rejects(add(vars, "eve", [stated(next)]), { code: "E_EXISTS" });
    await assert.rejects(add(vars, "eve", [eve, stated(next)]), { code: "E_EXISTS" });
  });

  it("seals to them what the policy asked for already", async () => {
    const rules = RULES.replace("  - &web", `  - &eve ${other.recipient}\n  - &web`).replace(
      "- *cleo",
      "- *eve\n          - *cleo",
    );
    const place = await smallPlace({ ".sops.yaml": rules });
    assert.deepEqual(steps(await add(place, "eve", [eve], { documents: [OWN] })), [`${OWN} +eve kept`]);
  });

  it("takes each key once, whatever the order and number", async () => {
    const place = await smallPlace();
    const { text, fleet } = await after(place, await add(place, "eve", [eve, eve, stated(next), eve]));
    assert.equal(JSON.parse(text("sops/users/eve/key.json")).length, 2);
    assert.equal(fleet.registry.users.get("eve")?.sound, true);
    assert.deepEqual(diff(RULES, text(".sops.yaml")), [
      `+  - &eve ${other.recipient}`,
      `+  - &eve_key2 ${next.recipient}`,
    ]);
    assert.equal(fleet.principals.find("eve")?.keys.length, 2);
  });

  it("refuses a name that is known, and one that is none", async () => {
    const place = await smallPlace();
    await assert.rejects(add(place, "ada", [eve]), { code: "E_EXISTS", hint: /secrets rotate user ada --to KEY/ });
    await assert.rejects(add(place, "web", [eve]), {
      code: "E_EXISTS",
      message: "there is a machine called web already",
    });
    await assert.rejects(add(place, "admins", [eve]), { code: "E_EXISTS" });
    for (const name of [
      "Eve",
      "",
      "eve/../ada",
      "..",
      "-n",
      "eve\n",
      "eve\u001b[31m",
      "a".repeat(64),
      "_eve",
      "age1eve",
      "é",
      "a b",
      "a#b",
    ]) {
      await assert.rejects(add(place, name, [eve]), { code: "E_NAME", kind: "usage" }, name);
    }
  });

  it("takes a name that means something to JavaScript for any other", async () => {
    const place = await smallPlace();
    const { readers, fleet } = await after(place, await add(place, "constructor", [eve], { documents: [WIFI] }));
    assert.deepEqual(readers(WIFI_PATH), ["ada", "cleo", "constructor"]);
    assert.equal(fleet.registry.users.get("constructor")?.keys[0]?.id, other.recipient);
  });

  it("refuses somebody else's key but by force", async () => {
    const place = await smallPlace();
    await assert.rejects(add(place, "eve", [stated(ada)]), {
      code: "E_KEY_TAKEN",
      message: "this key belongs to ada already",
    });
    const plan = await add(place, "eve", [stated(ada)], { force: true, documents: [TOKEN] });
    const { fleet, readers } = await after(place, plan);
    assert.deepEqual(
      fleet.principals.sharedKeys.map(({ names }) => names),
      [["ada", "eve"]],
    );
    assert.deepEqual(readers(TOKEN_PATH), ["ada", "bob", "web"]);
  });

  it("writes down what a fleet of one tier has a place for, and no more", async () => {
    const files = await smallFleet();
    const paths = async (place: Workplace) => (await add(place, "eve", [eve])).changes.map(({ change }) => change.path);
    assert.deepEqual(await paths(await workplaceOf(without(files, ".sops.yaml"), ada)), ["sops/users/eve/key.json"]);
    const document = files[OWN] ?? "";
    assert.deepEqual(await paths(await workplaceOf({ ".sops.yaml": RULES, [OWN]: document }, ada)), [".sops.yaml"]);
    const plain = await workplaceOf({ ".sops.yaml": RULES, [OWN]: document }, ada);
    assert.deepEqual(steps(await add(plain, "eve", [eve], { documents: [OWN] })), [`${OWN} +eve kept`]);
  });

  it("refuses a name that an anchor gives to another key", async () => {
    for (const anchor of ["eve", "admin_eve", "user-eve_new"]) {
      const place = await smallPlace({ ".sops.yaml": RULES.replaceAll("admin_bob", anchor) });
      await assert.rejects(add(place, "eve", [eve]), {
        code: "E_EXISTS",
        message: `there is an anchor &${anchor} already, of another key`,
        location: { file: ".sops.yaml", line: 4 },
      });
    }
  });

  it("says of a name that clan's own commands would not take that they would not", async () => {
    const place = await smallPlace();
    const [told] = (await add(place, "0eve", [eve])).warnings;
    assert.match(told ?? "", /^clan seals to 0eve, but its own commands neither list nor take a user of this name/);
    assert.equal((await add(place, "e".repeat(33), [eve])).warnings.length, 1);
    assert.deepEqual((await add(place, "e".repeat(32), [eve])).warnings, []);
    const plain = await workplaceOf({ ".sops.yaml": RULES, [OWN]: (await smallFleet())[OWN] ?? "" }, ada);
    assert.deepEqual((await add(plain, "0eve", [eve])).warnings, []);
  });
});
