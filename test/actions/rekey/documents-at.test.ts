import assert from "node:assert/strict";
import { test } from "node:test";
import { documentsAt } from "../../../src/actions/rekey/documents-at.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";
import { ada, OWN, secretIn, smallFleet, TEAM, TEAM_TOO, TOKEN, WIFI } from "../planned.ts";

const HASH = "secrets/odd\\#name.yaml";

const fleet = (async () =>
  loadFleet(
    memoryGround({
      ...(await smallFleet()),
      "secrets/odd#name.yaml": await sealed("yaml", "x: 1", [[ada]]),
      ...(await secretIn("vars/per-export/site/x/y", [ada], ["users/ada"])),
      "vars/note.yaml": await sealed("yaml", "x: 1", [[ada]]),
    }),
  ))();

const at = async (...addresses: readonly string[]) =>
  (await documentsAt(await fleet, addresses)).map(({ address }) => address);

test("addresses name documents: each alone, all below a folder, all that a pattern fits, each once", async () => {
  const cases: readonly (readonly [addresses: readonly string[], found: readonly string[]])[] = [
    [[TOKEN], [TOKEN]],
    [["vars/per-machine/web/acme/token/secret"], [TOKEN]],
    [["vars/per-machine/web"], [TOKEN]],
    [["vars/web"], [TOKEN]],
    [["vars/web/"], [TOKEN]],
    [["secrets/team"], [TEAM, TEAM_TOO]],
    [
      [TEAM_TOO, "secrets/team", TEAM],
      [TEAM, TEAM_TOO],
    ],
    [["secrets/*.yaml"], [OWN, HASH, TEAM, TEAM_TOO]],
    [["*/b.yaml"], [TEAM_TOO]],
    [["vars/*/*/t*n"], [TOKEN]],
    [["*"], ["vars/per-export/site/x/y", TOKEN, WIFI, OWN, HASH, TEAM, TEAM_TOO, "./vars/note.yaml"]],
    [["secrets/team/a*a.yaml"], []],
    [["secrets/team/a.yaml*a.yaml"], []],
    [[HASH], [HASH]],
    [["./vars/note.yaml"], ["./vars/note.yaml"]],
    [["vars/note.yaml"], ["./vars/note.yaml"]],
  ];
  for (const [addresses, found] of cases) {
    if (found.length > 0) assert.deepEqual(await at(...addresses), found, addresses.join(" "));
    else await assert.rejects(at(...addresses), { code: "E_NOT_FOUND" }, addresses.join(" "));
  }
});

test("what names no document is no silent success", async () => {
  const nothing = ["secrets/none.yaml", "nowhere", "vars/nobody/*", "sops/users/ada", ".sops.yaml"];
  for (const address of nothing) await assert.rejects(at(TEAM, address), { code: "E_NOT_FOUND" }, address);
});

test("one value of a document has no readers of its own", async () => {
  await assert.rejects(at(`${TEAM}#token`), {
    code: "E_ADDRESS",
    kind: "usage",
    hint: `leave out what stands behind the #: ${TEAM}`,
  });
  await assert.rejects(at(`${HASH}#x`), { hint: `leave out what stands behind the #: ${HASH}` });
});

test("many stars over long addresses cost no time", async () => {
  const long = `secrets/${"a".repeat(3000)}.yaml`;
  const ground = memoryGround({ [long]: await sealed("yaml", "x: 1", [[ada]]) });
  const before = performance.now();
  await assert.rejects(documentsAt(await loadFleet(ground), [`${"*a".repeat(40)}*b`]), { code: "E_NOT_FOUND" });
  assert.ok(performance.now() - before < 2000);
});
