import assert from "node:assert/strict";
import { test } from "node:test";
import { sampleFleet } from "../../cli/sample.ts";

test("whoever joins or leaves a group hears of the rules that name its members one by one", async (t) => {
  const fleet = await sampleFleet(t);
  const { stderr } = await fleet.secrets(["group", "add-member", "admins", "chiara", "--yes"]);
  const hint =
    /next: (\.sops\.yaml:\d+) names every other member and does not name chiara: secrets (grant chiara \S+ --whole-rule)/;
  const [, place, command = ""] = hint.exec(stderr) ?? assert.fail(stderr);
  assert.ok(place);
  assert.equal((await fleet.secrets([...command.split(" "), "--yes"])).code, 0);
  const left = await fleet.secrets(["group", "rm-member", "admins", "chiara", "--yes"]);
  assert.match(left.stderr, /still names chiara: secrets revoke chiara \S+ --whole-rule/);
  // A rule that names one of the others alone says nothing of the group.
  assert.ok(!left.stderr.includes("users/ada.sops.yaml"));
});
