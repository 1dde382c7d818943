import assert from "node:assert/strict";
import { test } from "node:test";
import { planAddUser } from "../../../src/actions/principal/add-user.ts";
import { planAddMembers, planRemoveGroup, planRemoveMembers } from "../../../src/actions/principal/change-group.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ada, after, bob, cleo, diff, keyFile, links, other, secretIn, stated, steps } from "../planned.ts";

const RULES = `keys:
  - &cleo ${cleo.recipient}
  - admins: &admins
      - &ada ${ada.recipient}
      - &bob ${bob.recipient}
creation_rules:
  - path_regex: ^a
    key_groups:
      - age: *admins
  - path_regex: ^b
    key_groups:
      - age:
          - *ada
          - *bob
`;

const FILES = (async () => ({
  ...keyFile("users", "ada", ada),
  ...keyFile("users", "bob", bob),
  ...keyFile("users", "cleo", cleo),
  ".sops.yaml": RULES,
  "a.sops.yaml": await sealed("yaml", "x: 1", [[ada, bob]]),
  "b.sops.yaml": await sealed("yaml", "x: 1", [[ada, bob]]),
}))();

const drift = ({ fleet }: Awaited<ReturnType<typeof after>>) =>
  fleet.documents.flatMap(({ missing, extra }) => [...missing, ...extra]);

test("a list with the group's name is a group: members come and go by their anchors", async () => {
  const place = await workplaceOf(await FILES, ada);
  const plan = await planAddMembers(place, "admins", ["cleo"], {});
  assert.deepEqual(steps(plan), ["a.sops.yaml +cleo kept"]);
  const added = await after(place, plan);
  assert.deepEqual(diff(RULES, added.text(".sops.yaml")), ["+      - *cleo"]);
  assert.deepEqual(
    Object.keys(added.files).filter((path) => path.startsWith("sops/groups")),
    [],
  );
  const back = await workplaceOf(added.files, ada);
  const removal = await planRemoveMembers(back, "admins", ["cleo"], {});
  assert.deepEqual(steps(removal), ["a.sops.yaml -cleo new"]);
  assert.equal((await after(back, removal)).text(".sops.yaml"), RULES);
});

test("who leaves keeps the rules that name them besides the list", async () => {
  const place = await workplaceOf(await FILES, ada);
  const plan = await planRemoveMembers(place, "admins", ["bob"], {});
  assert.deepEqual(steps(plan), ["a.sops.yaml -bob new"]);
  const result = await after(place, plan);
  assert.deepEqual(drift(result), []);
  assert.deepEqual([result.readers("a.sops.yaml"), result.readers("b.sops.yaml")], [["ada"], ["ada", "bob"]]);
  await assert.rejects(planRemoveMembers(place, "admins", ["cleo"], {}), { code: "E_NOT_FOUND" });
  await assert.rejects(planRemoveMembers(place, "admins", ["ada", "bob"], {}), { code: "E_CONFIG_EDIT" });
});

test("a group of both tiers changes in both, and who is added joins in both", async () => {
  const both = {
    ...(await FILES),
    ...links("sops/groups/admins/users/ada", "sops/groups/admins/users/bob"),
    ...(await secretIn("vars/shared/x/y", [ada, bob], ["groups/admins"])),
  };
  const place = await workplaceOf(both, ada);
  const plan = await planAddMembers(place, "admins", ["cleo"], {});
  assert.deepEqual(steps(plan), ["vars/shared/x/y +cleo kept", "a.sops.yaml +cleo kept"]);
  const options = { groups: ["admins"], documents: [], onSharedRule: async () => assert.fail() };
  const added = await planAddUser(place, "eve", [stated(other)], options);
  assert.deepEqual(steps(added), ["vars/shared/x/y +eve kept", "a.sops.yaml +eve kept"]);
  assert.deepEqual(drift(await after(place, added)), []);
  const gone = await planRemoveMembers(place, "admins", ["bob"], {});
  assert.deepEqual(steps(gone), ["vars/shared/x/y -bob new", "a.sops.yaml -bob new"]);
  const more = { ...both, ...links("vars/shared/x/y/users/ada") };
  const removed = await planRemoveGroup(await workplaceOf(more, ada), "admins", {});
  assert.deepEqual(removed.warnings, [".sops.yaml still has a list of this name, and its rules may use it"]);
});

test("a list alone is no group of clan's to remove", async () => {
  const place = await workplaceOf(await FILES, ada);
  await assert.rejects(planRemoveGroup(place, "admins", {}), {
    code: "E_NOT_REGISTERED",
    location: { file: ".sops.yaml" },
  });
});
