import assert from "node:assert/strict";
import { test } from "node:test";
import { planAddUser } from "../../../src/actions/principal/add-user.ts";
import { planRename } from "../../../src/actions/principal/rename-principal.ts";
import { planRotate } from "../../../src/actions/principal/rotate-key.ts";
import type { AccessPlan } from "../../../src/actions/rekey/access-plan.ts";
import { readPlan, writePlan } from "../../../src/actions/rekey/plan-file.ts";
import { planRevoke } from "../../../src/actions/revoke.ts";
import type { Workplace } from "../../../src/actions/workplace.ts";
import { contentHash } from "../../../src/repo/change.ts";
import { sealed } from "../in-memory.ts";
import {
  ada,
  after,
  bob,
  linkTo,
  next,
  other,
  secretIn,
  smallFleet,
  smallPlace,
  stated,
  steps,
  TEAM,
  TOKEN_PATH,
  WIFI,
} from "../planned.ts";

const onSharedRule = async () => "whole" as const;
const revoked = (place: Workplace) => planRevoke(place, "bob", [TEAM], { onSharedRule });

/** What a person sees, and what is applied. */
const whole = ({ summary, changes, policy, documents, exposed, warnings, next: todo }: AccessPlan) => ({
  summary,
  changes: changes.map(({ change, reason }) => ({
    ...change,
    ...(change.kind === "write" ? { bytes: contentHash(change.bytes) } : {}),
    reason,
  })),
  policy: policy.map(({ change }) => change.path),
  documents: steps({ documents }),
  exposed,
  warnings,
  todo,
});

test("a plan comes back as it was kept, whoever reads it: no key is needed", async () => {
  const place = await smallPlace(await secretIn("vars/per-machine/web/a/b", [ada], ["users/ada"]));
  const plans = [
    await revoked(place),
    await planRevoke(place, "bob", [TEAM], { onSharedRule, keepDataKey: true }),
    await planRotate(place, "user", "ada", stated(next), {}),
    await planRename(place, "machine", "web", "www"),
    await planRename(place, "user", "bob", "robert"),
    await planAddUser(place, "eve", [stated(other)], { groups: ["admins"], documents: [WIFI], onSharedRule }),
  ];
  for (const plan of plans) {
    const text = await writePlan(place, plan);
    const without = { ...place, keyring: async () => assert.fail("no key is needed") };
    const read = await readPlan(without, text, "plan");
    assert.deepEqual(whole(read), whole(plan), plan.summary);
    const sealedTo = new Set(read.sealedTo.map(({ id }) => id));
    assert.ok(
      plan.sealedTo.every(({ id }) => sealedTo.has(id)),
      "everybody who is asked for now is asked for then",
    );
    assert.ok(!text.includes("AGE-SECRET-KEY") && !text.includes("s3cret"));
  }
});

test("a fleet that moved since is another one: any statement, link, document, or a new one", async () => {
  const place = await smallPlace();
  const text = await writePlan(place, await revoked(place));
  const moved = [
    { ".sops.yaml": `${String((await smallFleet())[".sops.yaml"])}\n` },
    { "sops/users/bob/key.json": "[]" },
    {
      [`${TOKEN_PATH.replace("/secret", "")}/users/bob`]: linkTo(
        "vars/per-machine/web/acme/token/users/bob",
        "sops/users/bob",
      ),
    },
    { "secrets/new.yaml": await sealed("yaml", "x: 1", [[ada, bob]]) },
    { [TEAM]: await sealed("yaml", "x: 2", [[ada, bob]]) },
    { "sub/.sops.yaml": "creation_rules: []" },
  ];
  for (const more of moved) {
    const error = await readPlan(await smallPlace(more), text, "plan").then(
      () => assert.fail(Object.keys(more).join()),
      (reason) => reason,
    );
    assert.deepEqual([error.code, error.kind, error.location], ["E_PLAN_OUTDATED", "conflict", { file: "plan" }]);
  }
  await readPlan(await smallPlace({ "README.md": "other" }), text, "plan");
});

test("what no plan of ours would do is refused", async () => {
  const place = await smallPlace({ "vars/per-machine/web/acme/note/value": "public" });
  const good = JSON.parse(await writePlan(place, await revoked(place)));
  const change = (more: object) => ({ ...good, changes: [...good.changes, { expect: "absent", reason: "", ...more }] });
  const bytes = Buffer.from("evil").toString("base64");
  const bad: readonly (readonly [what: string, content: unknown])[] = [
    ["nothing", null],
    ["a list", []],
    ["another version", { ...good, format: "secrets plan 2" }],
    ["no changes", { ...good, changes: undefined }],
    ["no text", { ...good, warnings: [1] }],
    ["no summary", { ...good, summary: {} }],
    ["a special bit", { ...good, changes: [{ ...good.changes[0], mode: 0o4755 }] }],
    ["no number", { ...good, changes: [{ ...good.changes[0], mode: "755" }] }],
    ["code", change({ path: "deploy.sh", bytes })],
    ["code below vars", change({ path: "vars/default.nix", bytes })],
    [
      "a public value",
      change({ path: "vars/per-machine/web/acme/note/value", expect: contentHash(Buffer.from("public")), bytes }),
    ],
    ["a new public value", change({ path: "vars/per-machine/web/acme/key/value", bytes })],
    ["a link that is none of clan's", change({ path: "vars/per-machine/web/acme/secret", link: "../x" })],
    ["what lies outside", change({ path: "../outside", bytes })],
    ["git's own", change({ path: ".git/hooks/post-checkout", bytes })],
    ["a special name", change({ path: "__proto__", bytes })],
    ["a document that would be none", { ...good, changes: [{ ...good.changes.at(-1), bytes }] }],
  ];
  for (const [what, content] of bad) {
    await assert.rejects(readPlan(place, JSON.stringify(content), "plan"), { code: /^E_PLAN$|^E_PATH/ }, what);
  }
  await assert.rejects(readPlan(place, "{", "plan"), { code: "E_PLAN" });
  await readPlan(place, JSON.stringify(good), "plan");
});

test("who reads is read off the files, whatever the plan says of itself", async () => {
  const place = await smallPlace();
  const honest = JSON.parse(await writePlan(place, await revoked(place)));
  // Says that it takes bob away, and lets somebody in.
  const content = await sealed("yaml", "token: abc", [[ada, bob, other]]);
  const changes = honest.changes.map((one: { path: string }) =>
    one.path === TEAM ? { ...one, bytes: Buffer.from(content).toString("base64") } : one,
  );
  const plan = await readPlan(place, JSON.stringify({ ...honest, changes }), "plan");
  assert.deepEqual(steps(plan)[0], `${TEAM} +other new`);
  assert.ok(plan.sealedTo.some(({ id }) => id === other.recipient));
  const { readers } = await after(place, plan);
  assert.deepEqual(readers(TEAM), ["ada", "bob", "other"]);
});
