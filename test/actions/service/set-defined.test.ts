/** `set` on values of services that are defined, where clan does wrong: validation, empty values, clear copies. */
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { test } from "node:test";
import { readGraph } from "../../../src/actions/service/graph.ts";
import { planSet } from "../../../src/actions/set.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ADA, applied, BRUNO, dueIn, FLEET, generateIn, linksIn, valueIn, WEB01 } from "./small-fleet.ts";
import { aBook, aFile, aService } from "./some-services.ts";

const HASH = createHash("sha256").update("1").digest("hex");
const ADMINS = ["groups/admins"];

async function setIn(
  files: MemoryFiles,
  address: string,
  bytes: Uint8Array | string,
  services: readonly Service[],
  readers?: readonly string[],
) {
  const { graph } = readGraph(services);
  const plan = await planSet(
    await workplaceOf(files, ADA),
    address,
    { bytes: Buffer.from(bytes), type: "str" },
    { graph, ...(readers === undefined ? {} : { readers }) },
  );
  return { plan, files: plan === undefined ? files : applied(files, plan), next: plan?.next ?? [] };
}

test("a value set by hand leaves its service valid: nothing writes over it", async () => {
  const token = aService("vars/web01/api", {
    files: [aFile("id"), aFile("token")],
    validation: HASH,
    readers: ADMINS,
  });
  const first = await setIn(FLEET, "vars/web01/api/id", "me", [token]);
  assert.equal(first.files["vars/per-machine/web01/api/.validation-hash"], undefined, "not all of it is there");
  const both = await setIn(first.files, "vars/web01/api/token", "abc", [token]);
  assert.equal(String(both.files["vars/per-machine/web01/api/.validation-hash"]), HASH);
  assert.deepEqual(await dueIn(both.files, aBook(token)), []);
  // Another validation makes it invalid; the same value again says that it is right.
  const stricter = { ...token, validation: createHash("sha256").update("2").digest("hex") };
  assert.deepEqual(await dueIn(both.files, aBook(stricter)), ["vars/web01/api"]);
  const blessed = await setIn(both.files, "vars/web01/api/token", "abc", [stricter]);
  assert.match(blessed.plan?.summary ?? "", /already/);
  assert.deepEqual(await dueIn(blessed.files, aBook(stricter)), []);
  assert.equal((await setIn(blessed.files, "vars/web01/api/token", "abc", [stricter])).plan, undefined);
  // A validation that is gone takes its hash along.
  const none = await setIn(blessed.files, "vars/web01/api/token", "def", [{ ...token, validation: undefined }]);
  assert.equal(none.files["vars/per-machine/web01/api/.validation-hash"], undefined);
});

test("a new value of a defined service is read by whom its definition names", async () => {
  const shared = aService("vars/shared/wifi", {
    files: [aFile("psk"), aFile("note", { deploy: false })],
    readers: ADMINS,
  });
  const set = await setIn(FLEET, "vars/shared/wifi/psk", "x", [shared]);
  assert.deepEqual(linksIn(set.files, "vars/shared/wifi/psk"), {
    "groups/admins": "../../../../../sops/groups/admins",
    "machines/web01": "../../../../../sops/machines/web01",
    "machines/web02": "../../../../../sops/machines/web02",
  });
  for (const key of [ADA, BRUNO, WEB01]) assert.equal(await valueIn(set.files, "vars/shared/wifi/psk", key), "x");
  const note = await setIn(FLEET, "vars/shared/wifi/note", "x", [shared]);
  assert.deepEqual(Object.keys(linksIn(note.files, "vars/shared/wifi/note")), ["groups/admins"]);
  const named = await setIn(FLEET, "vars/shared/wifi/psk", "x", [shared], ["users/ada"]);
  assert.deepEqual(Object.keys(linksIn(named.files, "vars/shared/wifi/psk")), ["users/ada"]);
});

test("a value that everybody may know lies in clear; one that is a secret now leaves no clear copy", async () => {
  const open = aService("vars/web01/api", { files: [aFile("id", { secret: false })] });
  const clear = await setIn(FLEET, "vars/web01/api/id", "in the open", [open]);
  assert.equal(String(clear.files["vars/per-machine/web01/api/id/value"]), "in the open");
  for (const readers of [undefined, ["groups/admins", "machines/web01"]]) {
    const closed = aService("vars/web01/api", { files: [aFile("id")], readers: ADMINS });
    const hidden = await setIn(clear.files, "vars/web01/api/id", "in the open", [closed], readers);
    assert.equal(hidden.files["vars/per-machine/web01/api/id/value"], undefined);
    assert.equal(await valueIn(hidden.files, "vars/web01/api/id", WEB01), "in the open");
    assert.match(hidden.plan?.summary ?? "", /history still has/);
  }
});

test("empty values and all bytes are stored as they are", async () => {
  const service = aService("vars/web01/api", { files: [aFile("token")], readers: ADMINS });
  const bytes = Buffer.concat([Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => i)), randomBytes(16_384 - 256)]);
  const all = await setIn(FLEET, "vars/web01/api/token", bytes, [service]);
  assert.equal(await valueIn(all.files, "vars/web01/api/token"), bytes.toString("latin1"));
  const empty = await setIn(all.files, "vars/web01/api/token", "", [service]);
  assert.equal(await valueIn(empty.files, "vars/web01/api/token"), "");
  const fresh = await setIn(FLEET, "vars/web01/api/token", "", [service]);
  assert.equal(await valueIn(fresh.files, "vars/web01/api/token"), "");
  assert.deepEqual(await dueIn(fresh.files, aBook(service)), []);
});

test("what was made of the old value is told", async () => {
  const ca = aService("vars/shared/ca", { readers: ADMINS });
  const cert = aService("vars/web01/cert", { dependencies: ["ca"], readers: ADMINS });
  const made = (await generateIn(FLEET, aBook(ca, cert))).files;
  assert.deepEqual((await setIn(made, "vars/shared/ca/key", "new", [ca, cert])).next, ["secrets generate"]);
  assert.deepEqual((await setIn(made, "vars/web01/cert/key", "new", [ca, cert])).next, []);
  // What clan made has no record of what it was made of.
  const clans = { ...made };
  delete clans["vars/per-machine/web01/cert/.inputs.json"];
  assert.deepEqual((await setIn(clans, "vars/shared/ca/key", "new", [ca, cert])).next, [
    "secrets generate --regenerate --service vars/web01/cert",
  ]);
  assert.deepEqual(
    (await setIn(FLEET, "vars/shared/ca/key", "new", [ca, cert])).next,
    [],
    "nothing was made of it yet",
  );
});

test("without a definition nothing changes: no hash, readers as of the secrets beside it", async () => {
  const files = { ...FLEET, "vars/per-machine/web01/api/token/secret": await sealed("binary", "old", [[ADA]]) };
  const { files: after } = await setIn(files, "vars/web01/api/token", "new", []);
  assert.equal(await valueIn(after, "vars/web01/api/token"), "new");
  assert.deepEqual(Object.keys(after).sort(), Object.keys(files).sort());
});
