import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { contentHash } from "../../../src/repo/change.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { ada, bob, keyFile, links, linkTo, next, RULES, stated } from "../planned.ts";

const LINK = "vars/a/b/users/ada";
const draftOf = (more = {}) =>
  new PolicyDraft(memoryGround({ ...keyFile("users", "ada", ada), ".sops.yaml": RULES, ...more }));
const shown = (draft: PolicyDraft) =>
  draft.changes.map(({ change, reason }) => `${change.kind} ${change.path} (${change.expect.slice(0, 6)}): ${reason}`);

test("edits of one file pile up, each seeing the one before; what is expected is what lies there", async () => {
  const draft = draftOf();
  await draft.editConfig(".sops.yaml", [{ kind: "add-anchor", anchor: "eve", text: next.recipient }], "user eve");
  await draft.editConfig(".sops.yaml", [{ kind: "rename-anchor", from: "eve", to: "eva" }], "eve is called eva");
  await draft.changeKeys("sops/users/ada/key.json", { remove: [], add: [stated(next)] }, "key of ada");
  const hash = contentHash(Buffer.from(RULES)).slice(0, 6);
  assert.equal(shown(draft)[0], `write .sops.yaml (${hash}): user eve; eve is called eva`);
  assert.equal(draft.changes.length, 2);
  assert.match(Buffer.from(await draft.ground.read(".sops.yaml")).toString(), /&eva /);
});

test("what is taken back within one draft is no change", async () => {
  const draft = draftOf({ ...links("vars/c/d/users/ada") });
  await draft.editConfig(".sops.yaml", [{ kind: "add-anchor", anchor: "eve", text: next.recipient }], "in");
  await draft.editConfig(".sops.yaml", [{ kind: "remove-key", id: next.recipient }], "out");
  await draft.link("vars/a/b", { kind: "users", name: "ada" }, "in");
  await draft.remove(LINK, "out");
  await draft.remove("vars/c/d/users/ada", "out");
  await draft.link("vars/c/d", { kind: "users", name: "ada" }, "in");
  await draft.linkText("vars/c/d/users/ada", linkTo("vars/c/d/users/ada", "sops/users/ada").link, "again");
  await draft.remove("vars/nowhere", "was not there");
  assert.deepEqual(shown(draft), []);
});

test("a link that leads elsewhere is laid anew, and everything below a folder goes", async () => {
  const draft = draftOf({
    [LINK]: linkTo(LINK, "sops/users/bob"),
    ...keyFile("users", "bob", bob),
    "sops/users/bobby/x": "",
  });
  await draft.link("vars/a/b", { kind: "users", name: "ada" }, "right");
  await draft.removeAll("sops/users/bob", "bob goes");
  assert.deepEqual(
    shown(draft).map((line) => line.replace(/\(.*\)/, "()")),
    [`link ${LINK} (): right`, "remove sops/users/bob/key.json (): bob goes"],
  );
  assert.match(draft.changes[0]?.change.expect ?? "", /^link:.*bob$/);
});

test("a path that leads out is refused", async () => {
  const draft = draftOf();
  for (const path of ["../x", "/etc/x", ".git/config", "a/../../x"]) {
    await assert.rejects(draft.write(path, Buffer.from("x"), ""), /./, path);
  }
});

test("a file is never put in the place of a link", async () => {
  const rules = "rules.yaml";
  const draft = draftOf({ [rules]: RULES, ".sops.yaml": { link: rules } });
  const edit = draft.write(".sops.yaml", Buffer.from("new"), "edit");
  await assert.rejects(edit, { code: "E_IN_THE_WAY", location: { file: ".sops.yaml" } });
  assert.deepEqual(draft.changes, []);
});
