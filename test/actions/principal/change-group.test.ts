import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  planAddGroup,
  planAddMembers,
  planRemoveGroup,
  planRemoveMembers,
} from "../../../src/actions/principal/change-group.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  cleo,
  db,
  links,
  linkTo,
  secretIn,
  smallFleet,
  smallPlace,
  steps,
  TOKEN,
  TOKEN_PATH,
  web,
  without,
} from "../planned.ts";

const FOLDER = "vars/per-machine/web/acme/token";

describe("group add and add-member", () => {
  it("makes a group of users and machines, with clan's links", async () => {
    const place = await smallPlace();
    const plan = await planAddGroup(place, "ops", ["cleo", "machines/db"], {});
    assert.deepEqual(
      plan.changes.map(({ change }) => [change.path, change.kind === "link" && change.target]),
      [
        ["sops/groups/ops/users/cleo", "../../../users/cleo"],
        ["sops/groups/ops/machines/db", "../../../machines/db"],
      ],
    );
    assert.deepEqual([plan.documents, plan.next], [[], ["secrets grant groups/ops ADDRESS… lets it read something"]]);
    await assert.rejects(planAddGroup(place, "admins", ["cleo"], {}), { code: "E_EXISTS" });
    for (const name of ["Ops", "../ops", "a b", ""]) {
      await assert.rejects(planAddGroup(place, name, ["cleo"], {}), { code: "E_NAME" }, name);
    }
  });

  it("lets a new member read what the group reads, and says nothing twice", async () => {
    const place = await smallPlace();
    const plan = await planAddMembers(place, "admins", ["cleo", "machines/db", "ada"], {});
    assert.deepEqual(steps(plan), [`${TOKEN} +db +cleo kept`]);
    const { files } = await after(place, plan);
    const again = await planAddMembers(await workplaceOf(files, ada), "admins", ["cleo"], {});
    assert.deepEqual(again.changes, []);
  });

  it("refuses who cannot be a member", async () => {
    const place = await smallPlace({ "sops/users/eve/key.json": "{}", ...links("sops/groups/ops/users/bob") });
    await assert.rejects(planAddMembers(place, "none", ["ada"], {}), {
      code: "E_NOT_FOUND",
      hint: /groups: admins, ops; secrets group add none/,
    });
    await assert.rejects(planAddMembers(place, "admins", ["nobody"], {}), { code: "E_NOT_FOUND" });
    await assert.rejects(planAddMembers(place, "admins", ["groups/ops"], {}), {
      code: "E_NOT_REGISTERED",
      hint: "name its members: bob",
    });
    await assert.rejects(planAddMembers(place, "admins", ["eve"], {}), { code: "E_POLICY_UNCLEAR" });
    const files = without(await smallFleet(), "sops/machines/web/key.json");
    await assert.rejects(planAddMembers(await workplaceOf(files, ada), "admins", ["web"], {}), {
      code: "E_NOT_REGISTERED",
    });
  });

  it("keeps a machine in that lost its link while the group changes", async () => {
    const files = without(await smallFleet(), `${FOLDER}/machines/web`);
    const place = await workplaceOf(files, ada);
    const plan = await planAddMembers(place, "admins", ["cleo"], {});
    assert.deepEqual(steps(plan), [`${TOKEN} +cleo kept`]);
  });
});

describe("group rm-member and rm", () => {
  it("takes what was read through the group alone", async () => {
    const place = await smallPlace();
    const plan = await planRemoveMembers(place, "admins", ["bob"], {});
    assert.deepEqual(steps(plan), [`${TOKEN} -bob new`]);
    assert.deepEqual([plan.exposed, plan.warnings], [[TOKEN], []]);
    assert.match(plan.next[0] ?? "", /^1 value could be read/);
    const linked = await smallPlace(links(`${FOLDER}/users/bob`));
    assert.deepEqual((await planRemoveMembers(linked, "admins", ["bob"], {})).documents, []);
    assert.deepEqual(
      (await planRemoveGroup(linked, "admins", {})).documents.map(({ removed }) => removed.map(({ name }) => name)),
      [["ada"]],
    );
  });

  it("takes it also where another link leads nowhere: who was named is no guess", async () => {
    const dangling = { [`${FOLDER}/users/gone`]: linkTo(`${FOLDER}/users/gone`, "sops/users/gone") };
    const place = await smallPlace({ ...dangling, [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, web, cleo]]) });
    // cleo is sealed to and not named; the link that leads nowhere may have been hers.
    assert.deepEqual(steps(await planRemoveMembers(place, "admins", ["bob"], {})), [`${TOKEN} -bob new`]);
    const unsound = { "sops/groups/admins/users/gone": linkTo("sops/groups/admins/users/gone", "sops/users/gone") };
    assert.deepEqual(steps(await planRemoveMembers(await smallPlace(unsound), "admins", ["bob"], {})), [
      `${TOKEN} -bob new`,
    ]);
    const whole = await smallPlace({
      ...dangling,
      ...links(`${FOLDER}/users/cleo`),
      [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, web, cleo]]),
    });
    assert.deepEqual(steps(await planRemoveGroup(whole, "admins", {})), [`${TOKEN} -ada -bob new`]);
  });

  it("goes by where links lead, not by what they are called", async () => {
    const path = "sops/groups/admins/users/robert";
    const files = {
      ...without(await smallFleet(), "sops/groups/admins/users/bob"),
      [path]: linkTo(path, "sops/users/bob"),
    };
    const plan = await planRemoveMembers(await workplaceOf(files, ada), "admins", ["bob"], {});
    assert.deepEqual(steps(plan), [`${TOKEN} -bob new`]);
    // A link called cleo that leads to bob is no membership of cleo's.
    const called = "sops/groups/admins/users/cleo";
    const other = await smallPlace({ [called]: linkTo(called, "sops/users/bob") });
    await assert.rejects(planRemoveMembers(other, "admins", ["cleo"], {}), { code: "E_NOT_FOUND" });
  });

  it("is gone with its last member, and every link to it with it", async () => {
    const place = await smallPlace({
      ...links("sops/groups/crew/users/cleo", `${FOLDER}/groups/crew`),
      [TOKEN_PATH]: await sealed("binary", "x", [[ada, bob, cleo, web]]),
    });
    const plan = await planRemoveMembers(place, "crew", ["cleo"], {});
    assert.deepEqual(plan.warnings, ["group crew has no member left and is gone, with every link to it"]);
    const { files, fleet } = await after(place, plan);
    assert.deepEqual(
      Object.keys(files).filter((name) => name.includes("crew")),
      [],
    );
    assert.equal(fleet.anomalies.length, 0);
    const removed = await planRemoveGroup(place, "crew", {});
    assert.deepEqual(
      Object.keys((await after(place, removed)).files).filter((name) => name.includes("crew")),
      [],
    );
    assert.deepEqual(steps(removed), [`${TOKEN} -cleo new`]);
  });

  it("refuses to leave a secret to machines, or to nobody", async () => {
    const place = await smallPlace();
    await assert.rejects(planRemoveGroup(place, "admins", {}), {
      code: "E_LAST_PERSON",
      hint: new RegExp(`^${TOKEN}\n`),
    });
    await assert.rejects(planRemoveMembers(place, "admins", ["ada", "bob"], {}), { code: "E_LAST_PERSON" });
    const lone = await smallPlace(await secretIn("vars/shared/x/y", [ada, bob], ["groups/admins"]));
    await assert.rejects(planRemoveGroup(lone, "admins", {}), { code: "E_LAST_READER" });
    const machines = await smallPlace(
      { ...links("sops/groups/hosts/machines/db"), ...(await secretIn("vars/shared/x/y", [db], ["groups/hosts"])) },
      db,
    );
    await assert.rejects(planRemoveGroup(machines, "hosts", {}), { code: "E_LAST_READER" });
  });

  it("refuses who is no member, and a group that is not there", async () => {
    const place = await smallPlace();
    await assert.rejects(planRemoveMembers(place, "admins", ["cleo"], {}), {
      code: "E_NOT_FOUND",
      hint: "members: ada, bob",
    });
    await assert.rejects(planRemoveMembers(place, "none", ["cleo"], {}), { code: "E_NOT_FOUND" });
    await assert.rejects(planRemoveGroup(place, "none", {}), { code: "E_NOT_FOUND" });
  });
});
