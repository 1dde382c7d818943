/** The right way for each value, and the lists that follow whatever is done afterwards. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { checkRenewals } from "../../../src/actions/check/renewals.ts";
import { planRename } from "../../../src/actions/principal/rename-principal.ts";
import type { AccessPlan } from "../../../src/actions/rekey/access-plan.ts";
import { policyEdit } from "../../../src/actions/rekey/access-plan.ts";
import { planAccess } from "../../../src/actions/rekey/plan-access.ts";
import { readChecklists } from "../../../src/actions/renew/checklist.ts";
import { valuesAt } from "../../../src/actions/renew/choose-values.ts";
import { planRenew, prepareRenew } from "../../../src/actions/renew/plan-renew.ts";
import { viewRenew } from "../../../src/actions/renew/renew-view.ts";
import { planRemove } from "../../../src/actions/rm.ts";
import type { Answers } from "../../../src/actions/service/questions.ts";
import type { Workshop } from "../../../src/actions/service/run-services.ts";
import { planSet } from "../../../src/actions/set.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";
import { sealed, workplaceOf } from "../in-memory.ts";
import { ADA, applied, BRUNO, FLEET, generateIn, toyShop, valueIn } from "./../service/small-fleet.ts";
import { aBook, aFile, aService } from "./../service/some-services.ts";

const ADMINS = ["groups/admins"];
const LIST = "sops/renewals/2026-03-01-asked-for.yaml";
const CONFIG = `creation_rules:\n  - path_regex: ^secrets/\n    age: ${ADA.recipient},${BRUNO.recipient}\n`;

const CA = aService("vars/shared/ca", { readers: ADMINS });
const TLS = aService("vars/web01/tls", { dependencies: ["ca"], readers: ADMINS });
const LOGIN = aService("vars/web01/login", {
  maker: { kind: "prompts" },
  files: [aFile("password")],
  prompts: [{ name: "password", type: "hidden", description: "", persist: true }],
  readers: ADMINS,
});
const TOKEN = aService("vars/web01/token", {
  maker: { kind: "built-in", name: "external", options: {} },
  readers: ADMINS,
});
const SERVICES = [CA, TLS, LOGIN, TOKEN];

async function someFleet(): Promise<MemoryFiles> {
  const answers = new Map([["vars/web01/login/password", "first"]]);
  const { files } = await generateIn(FLEET, aBook(...SERVICES), {}, { answers });
  const mail = await sealed("yaml", "user: me\npassword: onetwo\n", [[ADA, BRUNO]]);
  const token = (await setIn(files, "vars/web01/token/key", "t1")).files;
  return { ...token, ".sops.yaml": CONFIG, "secrets/mail.yaml": mail };
}

async function setIn(files: MemoryFiles, address: string, text: string) {
  const plan = await planSet(
    await workplaceOf(files, ADA),
    address,
    { bytes: Buffer.from(text), type: "str" },
    { readers: ADMINS },
  );
  return { plan, files: plan === undefined ? files : applied(files, plan) };
}

async function renewIn(
  files: MemoryFiles,
  addresses: readonly string[],
  {
    services = SERVICES,
    answers = new Map(),
    shop = freshShop(),
  }: { services?: readonly Service[]; answers?: Answers; shop?: Workshop } = {},
): Promise<{ plan: AccessPlan; files: MemoryFiles; ways: Record<string, string>; runs: readonly string[] }> {
  const workplace = await workplaceOf(files, ADA);
  const task = await prepareRenew(workplace, aBook(...services), await valuesAt(workplace, addresses));
  const { values, runs } = viewRenew(task);
  const plan = await planRenew(workplace, task, answers, async () => shop);
  return {
    plan,
    files: applied(files, plan),
    ways: Object.fromEntries(values.map(({ address, how }) => [address, how])),
    runs,
  };
}

/** Addresses on the lists; and what check says of them. */
async function listed(files: MemoryFiles): Promise<{ entries: string[]; findings: string[] }> {
  const ground = memoryGround(files);
  const { lists } = await readChecklists(ground);
  const findings = await checkRenewals(await loadFleet(ground));
  return {
    entries: lists.flatMap(({ entries }) => entries.map(({ address }) => address)),
    findings: findings.map(({ message, fix }) => `${message.split(";")[0]} → ${fix}`),
  };
}

const SAME = (address: string) =>
  `${address} has had no new value → secrets edit ${address.includes("#") ? `'${address}'` : address}`;

/** No value comes twice, as it is with scripts that are worth their name. */
function freshShop() {
  return toyShop({ runScript: async ({ outputs }) => new Map(outputs.map((name) => [name, randomBytes(16)])) });
}

test("a service makes it, a prompt asks for it, or it goes on a list; dependants are made anew", async () => {
  const before = await someFleet();
  const all = ["vars/shared/ca", "vars/web01/login", "vars/web01/token", "secrets/mail.yaml#password"];
  const answers = new Map([["vars/web01/login/password", "second"]]);
  const { plan, files, ways, runs } = await renewIn(before, all, { answers });
  assert.deepEqual(ways, {
    "secrets/mail.yaml#password": "by hand",
    "vars/shared/ca/key": "regenerate",
    "vars/web01/login/password": "ask",
    "vars/web01/token/key": "by hand",
  });
  assert.deepEqual(runs, ["vars/shared/ca", "vars/web01/login", "vars/web01/tls"]);
  assert.equal(plan.summary, "renew 2 values, and list 2 to renew by hand");
  assert.deepEqual(plan.next.slice(0, 2), [
    "secrets edit secrets/mail.yaml#password",
    "secrets edit vars/web01/token/key",
  ]);
  for (const address of ["vars/shared/ca/key", "vars/web01/tls/key"]) {
    assert.notEqual(await valueIn(files, address), await valueIn(before, address));
  }
  assert.equal(await valueIn(files, "vars/web01/login/password"), "second");
  assert.equal(await valueIn(files, "vars/web01/token/key"), "t1");
  const open = ["secrets/mail.yaml#password", "vars/web01/token/key"];
  assert.deepEqual(await listed(files), { entries: open, findings: open.map(SAME) });
  const again = await renewIn(files, open);
  assert.deepEqual(again.plan.changes, [], "each value is on one list");
});

test("set, edit and rm take a value off its list, and nothing else does; the last one takes the list along", async () => {
  const open = ["secrets/mail.yaml", "vars/web01/token/key"];
  let { files } = await renewIn(await someFleet(), open);
  const start = ["secrets/mail.yaml#password", "secrets/mail.yaml#user", "vars/web01/token/key"];
  assert.deepEqual((await listed(files)).entries, start);
  files = (await setIn(files, "secrets/mail.yaml#other", "new key")).files;
  assert.deepEqual((await listed(files)).entries, start);
  files = (await setIn(files, "secrets/mail.yaml#password", "twoone")).files;
  assert.deepEqual((await listed(files)).entries, start.slice(1));
  files = applied(files, await planRemove(await workplaceOf(files, ADA), "secrets/mail.yaml#user"));
  assert.deepEqual((await listed(files)).entries, start.slice(2));
  files = (await setIn(files, "vars/web01/token/key", "t2")).files;
  assert.deepEqual(await listed(files), { entries: [], findings: [] });
  assert.equal(files[LIST], undefined);
});

test("a new data key is no new value: the list follows it, and what is set after that still counts", async () => {
  let { files } = await renewIn(await someFleet(), ["secrets/mail.yaml", "vars/web01/token/key"]);
  const before = await listed(files);
  for (let round = 0; round < 2; round++) {
    const plan = await planAccess(await workplaceOf(files, BRUNO), policyEdit({ summary: "" }), {
      freshDataKey: () => true,
    });
    files = applied(files, plan);
    assert.deepEqual(await listed(files), before);
  }
  files = (await setIn(files, "vars/web01/token/key", "t2")).files;
  assert.deepEqual((await listed(files)).entries, ["secrets/mail.yaml#password", "secrets/mail.yaml#user"]);
});

test("what was sealed anew elsewhere stays open until somebody says so; another length or the same data key proves it", async () => {
  const { files } = await renewIn(await someFleet(), ["secrets/mail.yaml"]);
  const elsewhere = async (text: string) =>
    listed({ ...files, "secrets/mail.yaml": await sealed("yaml", text, [[ADA, BRUNO]]) });
  const same = await elsewhere("user: me\npassword: onetwo\n");
  assert.match(
    same.findings.join("\n"),
    /password was sealed under another data key.*→ secrets renew --done 'secrets\/mail.yaml#password'/,
  );
  assert.equal((await elsewhere("user: me\npassword: twoone\n")).findings.length, 2);
  assert.equal((await elsewhere("user: me\npassword: longer than before\n")).findings.length, 1);
  const gone = await elsewhere("user: me\n");
  assert.match(gone.findings.join("\n"), /password is not there any more/);
  const left = { ...files, "secrets/mail.yaml": await sealed("yaml", "user: me\n", [[ADA, BRUNO]]) };
  const beside = (await setIn(left, "secrets/mail.yaml#x", "y")).files;
  assert.equal((await listed(beside)).entries.length, 2, "what is gone is not done by what comes next to it");
  assert.equal((await listed((await setIn(left, "secrets/mail.yaml#password", "z")).files)).entries.length, 2);
  // A value that is set next to it, by a later edit here, is not taken for it.
  const resealed = {
    ...files,
    "secrets/mail.yaml": await sealed("yaml", "user: me\npassword: onetwo\n", [[ADA, BRUNO]]),
  };
  assert.equal((await listed((await setIn(resealed, "secrets/mail.yaml#x", "y")).files)).entries.length, 2);
  assert.equal((await listed((await setIn(resealed, "secrets/mail.yaml#password", "z")).files)).entries.length, 1);
});

test("a service that makes the same value again has renewed nothing: it is told, and listed", async () => {
  const before = await someFleet();
  const old = Buffer.from(await valueIn(before, "vars/shared/ca/key"), "latin1");
  const shop = toyShop({ runScript: async ({ outputs }) => new Map(outputs.map((name) => [name, old])) });
  const { plan, files } = await renewIn(before, ["vars/shared/ca"], { shop });
  assert.equal(plan.summary, "list 1 value to renew by hand");
  assert.match(plan.warnings.join("\n"), /vars\/shared\/ca\/key came out as the same value again/);
  assert.deepEqual(await listed(files), { entries: ["vars/shared/ca/key"], findings: [SAME("vars/shared/ca/key")] });
  // An earlier answer that is kept is no new one either.
  const kept = await renewIn(before, ["vars/web01/login"], { answers: new Map([["vars/web01/login/password", null]]) });
  assert.deepEqual((await listed(kept.files)).entries, ["vars/web01/login/password"]);
  // Nor does a plain generate take it off, until it is another value.
  const again = await generateIn(
    files,
    aBook(...SERVICES),
    { services: ["ca"], regenerate: true },
    { shop: { ...shop, ran: [] } as ReturnType<typeof toyShop> },
  );
  assert.deepEqual((await listed(again.files)).entries, ["vars/shared/ca/key"]);
  const fresh = await generateIn(
    files,
    aBook(...SERVICES),
    { services: ["ca"], regenerate: true },
    { shop: freshShop() },
  );
  assert.deepEqual((await listed(fresh.files)).entries, []);
});

test("what lies elsewhere from now on stays on its list, under its new address", async () => {
  const { files } = await renewIn(await someFleet(), ["vars/web01/token/key", "secrets/mail.yaml#user"]);
  const plan = await planRename(await workplaceOf(files, ADA), "machine", "web01", "www");
  const after = applied(files, plan);
  const open = ["secrets/mail.yaml#user", "vars/www/token/key"];
  assert.deepEqual(await listed(after), { entries: open, findings: open.map(SAME) });
  // What goes for good with an access plan stays as well, until somebody says that it is done.
  const gone = await planAccess(
    await workplaceOf(files, ADA),
    policyEdit({
      summary: "",
      changes: (await planRemove(await workplaceOf(files, ADA), "vars/web01/token/key")).changes.filter(
        ({ change }) => !change.path.startsWith("sops/"),
      ),
    }),
  );
  assert.equal((await listed(applied(files, gone))).entries.length, 2);
});

test("a copy is made anew with what it is a copy of", async () => {
  const copy = aService("vars/web01/ca-copy", {
    maker: { kind: "built-in", name: "copy", options: { from: "ca/key" } },
    dependencies: ["ca"],
    readers: ADMINS,
  });
  const services = [...SERVICES, copy];
  const { files: made } = await generateIn(await someFleet(), aBook(...services), { services: ["ca-copy"] });
  const { files, runs } = await renewIn(made, ["vars/web01/ca-copy"], { services });
  assert.ok(runs.includes("vars/shared/ca"));
  assert.notEqual(await valueIn(files, "vars/web01/ca-copy/key"), await valueIn(made, "vars/web01/ca-copy/key"));
});

test("a list that cannot be read is an error of its own", async () => {
  const findings = await checkRenewals(await loadFleet(memoryGround({ ...FLEET, [LIST]: "values: 1\n" })));
  assert.deepEqual(
    findings.map(({ code, path }) => [code, path]),
    [["renewal-list", LIST]],
  );
});
