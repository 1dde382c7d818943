import assert from "node:assert/strict";
import { test } from "node:test";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { contentHash } from "../../../src/repo/change.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { next, other, RULES } from "../planned.ts";

test("an edit expects the very text that it was made of, whoever else changes the file meanwhile", async () => {
  const ground = memoryGround({ ".sops.yaml": RULES });
  let reads = 0;
  // Another run puts its own change in place after the first look.
  const moving = {
    ...ground,
    read: async (path: string) =>
      path === ".sops.yaml" && reads++ > 0 ? Buffer.from(`${RULES}# somebody else\n`) : ground.read(path),
  };
  const draft = new PolicyDraft(moving);
  await draft.editConfig(".sops.yaml", [{ kind: "add-anchor", anchor: "eve", text: next.recipient }], "one");
  await draft.editConfig(".sops.yaml", [{ kind: "add-anchor", anchor: "mia", text: other.recipient }], "two");
  const [change] = draft.changes.map((one) => one.change);
  assert.equal(change?.expect, contentHash(Buffer.from(RULES)));
  assert.ok(change?.kind === "write" && !Buffer.from(change.bytes).toString().includes("somebody else"));
});
