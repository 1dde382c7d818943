import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround, unpackFixture } from "../memory-ground.ts";

const files = unpackFixture("golden/clan/sops-repo.tgz");
const expected = JSON.parse(
  readFileSync(new URL("../../../fixtures/golden/clan/expect.json", import.meta.url), "utf8"),
) as {
  readonly secrets: Record<string, { readonly recipients: readonly string[]; readonly sources: readonly string[] }>;
  readonly public: Record<string, string>;
  readonly symlinks: Record<string, string>;
};

test("the fleet that clan wrote: every reader, why they read, and no drift", async () => {
  const fleet = await loadFleet(memoryGround(files));
  assert.deepEqual(fleet.anomalies, []);
  const found = fleet.documents.map(({ path, readers, policy }) => [
    path.replace(/\/secret$/, ""),
    {
      recipients: readers.map(({ id }) => id).sort(),
      policy: policy.readers.map(({ id }) => id).sort(),
      sources: [...new Set(policy.readers.flatMap(({ reasons }) => reasons.map(sourceOf)))].sort(),
    },
  ]);
  const wanted = Object.entries(expected.secrets).map(([path, { recipients, sources }]) => [
    path,
    { recipients, policy: recipients, sources },
  ]);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(wanted));
  for (const document of fleet.documents) {
    assert.deepEqual([document.missing, document.extra, document.policy.complete], [[], [], true], document.path);
    assert.deepEqual(document.clear, []);
    assert.ok(document.readers.every(({ name }) => name !== undefined));
  }
});

test("public values are listed apart from secrets", async () => {
  const fleet = await loadFleet(memoryGround(files));
  assert.deepEqual(
    fleet.publicValues.map(({ path, besideSecret }) => [path, besideSecret]),
    Object.keys(expected.public).map((path) => [path, false]),
  );
});

test("addresses are short, and the same for every spelling", async () => {
  const fleet = await loadFleet(memoryGround(files));
  assert.deepEqual(
    fleet.documents.map(({ address }) => address),
    [
      "sops/secrets/legacy",
      "sops/secrets/m1-age.key",
      "sops/secrets/m2-age.key",
      "vars/m1/dep/bin",
      "vars/m1/dep/derived",
      "vars/m1/user-password/pw",
      "vars/m1/user-password/pw-hash",
      "vars/shared/shared-gen/ca.key",
      "vars/shared/shared-gen/token",
    ],
  );
});

test("the order of the list changes nothing", async () => {
  const inOrder = await loadFleet(memoryGround(files));
  const reversed = await loadFleet(memoryGround(files, (list) => list.reverse()));
  const { ground: _, principals: a, rules: _a, ...one } = inOrder;
  const { ground: __, principals: b, rules: _b, ...other } = reversed;
  assert.deepEqual(one, other);
  assert.deepEqual(a.all, b.all);
});

/** `groups/admins/users/bob` → `users/bob` */
function sourceOf(reason: string): string {
  return reason.split("/").slice(-2).join("/");
}
