import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openTrust, type TrustPlace } from "../../../src/actions/trust/trust.ts";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { SecretsError } from "../../../src/errors.ts";
import { type Fleet, loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround } from "../../fleet/memory-ground.ts";
import { sealed } from "../in-memory.ts";

const NOW = new Date("2026-03-01T12:00:00Z");
const LATER = new Date("2026-04-01T12:00:00Z");
const [ada, bob] = [makeAgeKey(), makeAgeKey()];
const eve = { type: "age", id: makeAgeKey().recipient, name: "eve" } as const;
const keyOf = ({ recipient }: { recipient: string }) => ({ type: "age", id: recipient }) as const;

async function fleetOfAda(): Promise<Fleet> {
  return loadFleet(
    memoryGround({
      ".sops.yaml": `keys:\n  - &ada ${ada.recipient}\ncreation_rules:\n  - age: [*ada]\n`,
      "a.yaml": await sealed("yaml", "a: 1\n", [[ada]]),
    }),
  );
}

function memoryPlace(content?: string): TrustPlace & { content: string | undefined; writes: number } {
  const place = {
    content,
    writes: 0,
    load: () => (place.content === undefined ? undefined : Buffer.from(place.content)),
    update: async (change: (now: Uint8Array | undefined) => Uint8Array) => {
      place.content = Buffer.from(change(place.load())).toString();
      place.writes++;
    },
  };
  return place;
}

describe("openTrust", () => {
  it("takes a baseline once, and keeps it", async () => {
    const place = memoryPlace();
    const fleet = await fleetOfAda();
    const trust = await openTrust(place, fleet, NOW);
    const approval = { type: "age", id: ada.recipient, name: "ada", since: NOW.toISOString(), how: "baseline" };
    assert.deepEqual(trust.approvals, [approval]);
    assert.deepEqual(JSON.parse(place.content ?? ""), { version: 1, approvals: [approval] });
    assert.deepEqual((await openTrust(place, fleet, LATER)).approvals, [approval]);
    assert.equal(place.writes, 1);
  });

  it("takes no second one when everything was forgotten", async () => {
    const place = memoryPlace();
    const fleet = await fleetOfAda();
    const trust = await openTrust(place, fleet, NOW);
    assert.equal((await trust.forget([keyOf(ada), eve]))[0]?.name, "ada");
    assert.equal(trust.isApproved(keyOf(ada)), false);
    assert.deepEqual((await openTrust(place, fleet, LATER)).approvals, []);
  });

  it("approves a key, under whatever name, and by type", async () => {
    const trust = await openTrust(memoryPlace(), await fleetOfAda(), NOW);
    await trust.accept([eve], "accepted", LATER);
    await trust.accept([eve, { ...keyOf(ada), name: "eve" }, { ...keyOf(bob), name: "ada" }], "stated", NOW);
    assert.deepEqual(
      trust.approvals.map(({ name, id, since, how }) => [name, id, since, how]),
      [
        ["ada", ada.recipient, NOW.toISOString(), "baseline"],
        ["ada", bob.recipient, NOW.toISOString(), "stated"],
        ["eve", eve.id, LATER.toISOString(), "accepted"],
      ].sort(([a, b], [c, d]) => (`${a}\0${b}` < `${c}\0${d}` ? -1 : 1)),
    );
    assert.equal(trust.isApproved({ type: "pgp", id: eve.id }), false);
  });

  it("lets what another run decided meanwhile stand", async () => {
    const place = memoryPlace();
    const fleet = await fleetOfAda();
    const [one, other] = [await openTrust(place, fleet, NOW), await openTrust(place, fleet, NOW)];
    await one.accept([eve], "accepted", NOW);
    await other.forget([keyOf(ada)]);
    await one.accept([keyOf(bob)], "stated", NOW);
    const ids = (await openTrust(place, fleet, NOW)).approvals.map(({ id }) => id);
    assert.deepEqual(ids.sort(), [eve.id, bob.recipient].sort());
    assert.equal(one.isApproved(keyOf(ada)), false);
  });

  it("takes damage for an error, never for an empty list", async () => {
    const fleet = await fleetOfAda();
    const entry = { type: "age", id: "x", since: "2026", how: "stated" };
    const broken = [
      "",
      "{}",
      "null",
      "[]",
      '{"version":1}',
      '{"version":1,"approvals":{}}',
      '{"version":"1","approvals":[]}',
      ...[
        null,
        "x",
        { ...entry, id: 1 },
        { ...entry, type: "rot13" },
        { ...entry, how: "__proto__" },
        { ...entry, name: 1 },
      ].map((approval) => JSON.stringify({ version: 1, approvals: [approval] })),
      '{"version":1,"approvals":[',
    ];
    for (const content of broken) {
      const place = memoryPlace(content);
      await assert.rejects(openTrust(place, fleet, NOW), { code: "E_TRUST", hint: /trust\.json/ }, content);
      assert.equal(place.content, content);
    }
    const newer = openTrust(memoryPlace('{"version":2,"approvals":[]}'), fleet, NOW);
    await assert.rejects(newer, { code: "E_TRUST", message: /newer version/ });
  });

  it("can be looked at where nothing can be written, and approves nothing there", async () => {
    const place: TrustPlace = {
      load: () => undefined,
      update: async () => {
        throw new SecretsError("E_READ_ONLY", "no");
      },
    };
    const trust = await openTrust(place, await fleetOfAda(), NOW);
    assert.equal(trust.isApproved(keyOf(ada)), true);
    await assert.rejects(trust.accept([eve], "accepted", NOW), { code: "E_READ_ONLY" });
    assert.equal(trust.isApproved(eve), false);
  });

  it("tells of any other fault when the baseline is kept", async () => {
    const update = async () => {
      throw new SecretsError("E_TRUST", "somebody else wrote nonsense");
    };
    await assert.rejects(openTrust({ load: () => undefined, update }, await fleetOfAda(), NOW), { code: "E_TRUST" });
  });
});
