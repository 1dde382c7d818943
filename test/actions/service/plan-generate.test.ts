import assert from "node:assert/strict";
import { test } from "node:test";
import { policyEdit } from "../../../src/actions/rekey/access-plan.ts";
import { planAccess } from "../../../src/actions/rekey/plan-access.ts";
import { RECORD } from "../../../src/actions/service/folders.ts";
import { planGenerate, prepareGenerate } from "../../../src/actions/service/plan-generate.ts";
import { planSet } from "../../../src/actions/set.ts";
import type { Sealer } from "../../../src/age/sealer.ts";
import { SecretsError } from "../../../src/errors.ts";
import type { ServicePrompt } from "../../../src/fleet/services/service.ts";
import { workplaceOf } from "../in-memory.ts";
import {
  ADA,
  applied,
  BRUNO,
  dueIn,
  FLEET,
  generateIn,
  linksIn,
  toyShop,
  valueIn,
  WEB01,
  WEB02,
} from "./small-fleet.ts";
import { aBook, aFile, aService } from "./some-services.ts";

const CA = aService("vars/shared/ca", {
  files: [aFile("ca.crt", { secret: false }), aFile("ca.key", { deploy: false })],
  readers: ["groups/admins"],
});
const TLS = aService("vars/web01/tls", { dependencies: ["ca"], readers: ["groups/admins"] });
const BOOK = aBook(CA, TLS);

const prompt = (name: string, rest: Partial<ServicePrompt> = {}): ServicePrompt => ({
  name,
  type: "line",
  description: name,
  persist: false,
  ...rest,
});

test("what is made lies where clan looks for it, is sealed to whom it should be, and is then current", async () => {
  const { files, plan, ran } = await generateIn(FLEET, BOOK);
  assert.deepEqual(ran, ["vars/shared/ca", "vars/web01/tls"]);
  assert.equal(plan.summary, "generate 2 services");
  assert.deepEqual(linksIn(files, "vars/shared/ca/ca.key"), { "groups/admins": "../../../../../sops/groups/admins" });
  assert.deepEqual(linksIn(files, "vars/per-machine/web01/tls/key"), {
    "groups/admins": "../../../../../../sops/groups/admins",
    "machines/web01": "../../../../../../sops/machines/web01",
  });
  assert.equal(typeof files["vars/shared/ca/ca.crt/value"], "object");
  const key = await valueIn(files, "vars/web01/tls/key");
  assert.equal(key, await valueIn(files, "vars/web01/tls/key", WEB01));
  assert.equal(key, await valueIn(files, "vars/web01/tls/key", BRUNO));
  await assert.rejects(valueIn(files, "vars/web01/tls/key", WEB02), /E_NO_IDENTITY|is for/);
  await assert.rejects(valueIn(files, "vars/shared/ca/ca.key", WEB01), /is for/);
  assert.deepEqual(await dueIn(files, BOOK), []);
  const again = await generateIn(files, BOOK);
  assert.deepEqual(again.plan.changes, []);
});

test("what is made anew is sealed to whom its new links say: there is nothing left to bring in line", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const changed = aBook(
    aService("vars/shared/ca", { files: CA.files, readers: ["users/bruno", "users/ada"], machines: ["web02"] }),
    aService("vars/web01/tls", {
      files: [aFile("key", { deploy: false })],
      dependencies: ["ca"],
      readers: ["users/ada"],
    }),
  );
  const again = await generateIn(files, changed, { regenerate: true });
  for (const after of [files, again.files]) {
    const synced = await planAccess(await workplaceOf(after, ADA), policyEdit({ summary: "" }), { sync: () => true });
    assert.deepEqual(synced.changes, []);
  }
  await assert.rejects(valueIn(again.files, "vars/web01/tls/key", WEB01), /is for/);
});

test("a plan of what is made tells documents as documents, new, with a new data key, by the names of their readers", async () => {
  const { plan } = await generateIn(FLEET, BOOK);
  assert.deepEqual(
    plan.documents.map(({ address, added, dataKey, newValue }) => [
      address,
      added.map(({ name }) => name).sort(),
      dataKey,
      newValue,
    ]),
    [
      ["vars/web01/tls/key", ["ada", "bruno", "web01"], "new", true],
      ["vars/shared/ca/ca.key", ["ada", "bruno"], "new", true],
    ],
  );
  assert.ok(plan.policy.every(({ change }) => !change.path.endsWith("/secret")));
  assert.deepEqual(plan.sealedTo.map(({ name }) => name).sort(), ["ada", "bruno", "web01"]);
});

test("a file that is missing makes its service run, and what reads it", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const { "vars/shared/ca/ca.crt/value": _, ...without } = files;
  assert.deepEqual(await dueIn(without, BOOK), ["vars/shared/ca", "vars/web01/tls"]);
  const { "vars/per-machine/web01/tls/key/secret": __, ...leaf } = files;
  assert.deepEqual(await dueIn(leaf, BOOK), ["vars/web01/tls"]);
});

test("what is due elsewhere is left alone, and what is needed for it is made", async () => {
  const other = aService("vars/web02/other");
  const book = aBook(CA, TLS, other);
  assert.deepEqual(await dueIn(FLEET, book, { services: ["tls"] }), ["vars/shared/ca", "vars/web01/tls"]);
  assert.deepEqual(await dueIn(FLEET, book, { services: ["vars/web02/other"] }), ["vars/web02/other"]);
  assert.deepEqual(await dueIn(FLEET, book, { machines: ["web02"], services: ["other"] }), ["vars/web02/other"]);
  await assert.rejects(dueIn(FLEET, book, { services: ["tlss"] }), (error: unknown) => {
    return error instanceof SecretsError && error.code === "E_NO_SERVICE" && error.hint === "did you mean tls?";
  });
  await assert.rejects(dueIn(FLEET, book, { machines: ["web03"] }), /no service is defined for a machine web03/);
});

test("regenerating gives new values to what was named and to what is made of it, and to nothing else", async () => {
  const other = aService("vars/web02/other");
  const book = aBook(CA, TLS, other);
  const { files } = await generateIn(FLEET, book);
  const second = await generateIn(files, book, { services: ["ca"], regenerate: true });
  assert.deepEqual(second.ran, ["vars/shared/ca", "vars/web01/tls"]);
  assert.notEqual(await valueIn(second.files, "vars/web01/tls/key"), await valueIn(files, "vars/web01/tls/key"));
  assert.deepEqual(
    second.files["vars/per-machine/web02/other/key/secret"],
    files["vars/per-machine/web02/other/key/secret"],
  );
  // Only the dependant.
  const third = await generateIn(second.files, book, { services: ["tls"], regenerate: true });
  assert.deepEqual(third.ran, ["vars/web01/tls"]);
  assert.equal(
    await valueIn(third.files, "vars/shared/ca/ca.key"),
    await valueIn(second.files, "vars/shared/ca/ca.key"),
  );
});

test("a changed definition is stale; one that only says who reads it is not", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const script = { kind: "script", script: "other", programs: [] } as const;
  assert.deepEqual(await dueIn(files, aBook(CA, { ...TLS, maker: script })), ["vars/web01/tls"]);
  assert.deepEqual(
    await dueIn(files, aBook(CA, { ...TLS, files: [aFile("key", { mode: "0440", owner: "nginx" })] })),
    [],
  );
});

test("a validation that is set, changed or taken away makes it run once", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  let now = files;
  for (const validation of ["a".repeat(64), "b".repeat(64), undefined]) {
    const book = aBook(CA, { ...TLS, validation });
    assert.deepEqual(await dueIn(now, book), ["vars/web01/tls"], `${validation}`);
    now = (await generateIn(now, book)).files;
    const hash = now["vars/per-machine/web01/tls/.validation-hash"];
    assert.equal(hash === undefined ? undefined : Buffer.from(hash as Uint8Array).toString(), validation);
    assert.deepEqual(await dueIn(now, book), []);
  }
});

test("a dependency with another value makes what reads it stale; another data key of the same value does not", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const workplace = await workplaceOf(files, ADA);
  const rotated = applied(
    files,
    await planAccess(workplace, policyEdit({ summary: "" }), { freshDataKey: () => true }),
  );
  assert.notDeepEqual(rotated["vars/shared/ca/ca.key/secret"], files["vars/shared/ca/ca.key/secret"]);
  assert.deepEqual(await dueIn(rotated, BOOK), []);
  const value = { bytes: Buffer.from("by hand"), type: "str" } as const;
  const plan = await planSet(await workplaceOf(rotated, ADA), "vars/shared/ca/ca.key", value);
  assert.ok(plan);
  assert.deepEqual(await dueIn(applied(rotated, plan), BOOK), ["vars/web01/tls"]);
});

test("a value that was put in place of a made one is kept: nothing is known of what it was made of", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const value = { bytes: Buffer.from("by hand"), type: "str" } as const;
  const plan = await planSet(await workplaceOf(files, ADA), "vars/web01/tls/key", value);
  assert.ok(plan);
  const script = { kind: "script", script: "other", programs: [] } as const;
  assert.deepEqual(await dueIn(applied(files, plan), aBook(CA, { ...TLS, maker: script })), []);
});

test("a fleet that clan made has no records, and nothing to do", async () => {
  const { files } = await generateIn(FLEET, BOOK);
  const clans = Object.fromEntries(Object.entries(files).filter(([path]) => !path.endsWith(RECORD)));
  assert.deepEqual(await dueIn(clans, BOOK), []);
  assert.deepEqual((await generateIn(clans, BOOK)).plan.changes, []);
});

test("a machine more in a shared service reads what is there, which keeps its value", async () => {
  const token = (...machines: string[]) => aService("vars/shared/token", { machines, readers: ["users/ada"] });
  const { files } = await generateIn(FLEET, aBook(token("web01")));
  const { files: after, ran, plan } = await generateIn(files, aBook(token("web01", "web02")));
  assert.deepEqual(ran, []);
  assert.equal(await valueIn(after, "vars/shared/token/key", WEB02), await valueIn(files, "vars/shared/token/key"));
  assert.equal(plan.documents[0]?.dataKey, "kept");
});

test("deploy that is switched off takes the machine's access, with a new data key", async () => {
  const { files } = await generateIn(FLEET, aBook(aService("vars/web01/x", { readers: ["users/ada"] })));
  const off = aService("vars/web01/x", { readers: ["users/ada"], files: [aFile("key", { deploy: false })] });
  const { files: after, ran, plan } = await generateIn(files, aBook(off));
  assert.deepEqual(ran, []);
  assert.deepEqual(linksIn(after, "vars/per-machine/web01/x/key"), { "users/ada": "../../../../../../sops/users/ada" });
  assert.equal(plan.documents[0]?.dataKey, "new");
  await assert.rejects(valueIn(after, "vars/web01/x/key", WEB01), /is for/);
});

test("a public file that becomes secret leaves no copy in clear; a secret does not become public by a word", async () => {
  const open = aService("vars/web01/x", { files: [aFile("key", { secret: false })], readers: ["users/ada"] });
  const closed = aService("vars/web01/x", { readers: ["users/ada"] });
  const { files } = await generateIn(FLEET, aBook(open));
  const { files: after } = await generateIn(files, aBook(closed));
  assert.equal(after["vars/per-machine/web01/x/key/value"], undefined);
  assert.ok(after["vars/per-machine/web01/x/key/secret"]);
  // clan leaves one, and is content with it.
  const left = { ...after, "vars/per-machine/web01/x/key/value": "in clear" };
  const mended = await generateIn(left, aBook(closed));
  assert.deepEqual(mended.ran, []);
  assert.deepEqual(mended.files, after);
  await assert.rejects(generateIn(after, aBook(open)), (error: unknown) => {
    return error instanceof SecretsError && error.code === "E_SECRET_TO_PUBLIC";
  });
});

test("a service that becomes shared is made anew, and its old copies go", async () => {
  const own = ["web01", "web02"].map((name) => aService(`vars/${name}/x`, { readers: ["users/ada"] }));
  const { files } = await generateIn(FLEET, aBook(...own));
  const shared = aService("vars/shared/x", { readers: ["users/ada"] });
  const { files: after } = await generateIn(files, aBook(shared));
  assert.deepEqual(
    Object.keys(after).filter((path) => path.startsWith("vars/per-machine/")),
    [],
  );
  const back = await generateIn(after, aBook(...own));
  assert.deepEqual(
    Object.keys(back.files).filter((path) => path.startsWith("vars/shared/")),
    [],
  );
});

test("answers belong to a service on a machine; what is kept is not asked for again", async () => {
  const wifi = (name: string) =>
    aService(`vars/${name}/wifi`, {
      maker: { kind: "prompts" },
      files: [aFile("psk")],
      prompts: [prompt("psk", { type: "hidden", persist: true })],
      readers: ["users/ada"],
    });
  const book = aBook(wifi("web01"), wifi("web02"));
  const answers = new Map([
    ["vars/web01/wifi/psk", "first"],
    ["vars/web02/wifi/psk", ""],
  ]);
  const { files, task } = await generateIn(FLEET, book, {}, { answers });
  assert.deepEqual(
    task.questions.map(({ address }) => address),
    [...answers.keys()],
  );
  assert.equal(await valueIn(files, "vars/web01/wifi/psk"), "first");
  assert.equal(await valueIn(files, "vars/web02/wifi/psk"), "");
  assert.deepEqual(await dueIn(files, book), []);
  const kept = await generateIn(
    files,
    book,
    { regenerate: true },
    { answers: new Map([["vars/web01/wifi/psk", null]]) },
  );
  assert.deepEqual(
    kept.task.questions.map(({ kept }) => kept),
    [true, true],
  );
  assert.equal(await valueIn(kept.files, "vars/web01/wifi/psk"), "first");
});

test("a service that only a person can supply is told, and so is what waits for it; the rest is made", async () => {
  const token = aService("vars/web01/token", {
    maker: { kind: "built-in", name: "external", options: {} },
    readers: ["users/ada"],
  });
  const uses = aService("vars/web01/uses", { dependencies: ["token"], readers: ["users/ada"] });
  const other = aService("vars/web01/other", { readers: ["users/ada"] });
  const { ran, plan, task } = await generateIn(FLEET, aBook(token, uses, other));
  assert.deepEqual(ran, ["vars/web01/other"]);
  assert.deepEqual(plan.next, ["secrets set vars/web01/token/key"]);
  assert.deepEqual(
    task.chosen.byHand.map(({ service, reasons }) => [service.address, ...reasons]),
    [
      ["vars/web01/token", "nothing of it is there"],
      ["vars/web01/uses", "waits for vars/web01/token"],
    ],
  );
});

test("a failing script changes nothing, and the others end before anybody is told", async () => {
  const book = aBook(...["a", "b", "c"].map((name) => aService(`vars/web01/${name}`, { readers: ["users/ada"] })));
  let running = 0;
  const shop = toyShop({
    runScript: async ({ name, outputs }) => {
      running++;
      try {
        if (name === "vars/web01/a") throw new SecretsError("E_SCRIPT", "it failed");
        await new Promise((resolve) => setTimeout(resolve, 20));
        return new Map(outputs.map((output) => [output, new Uint8Array()]));
      } finally {
        running--;
      }
    },
  });
  await assert.rejects(generateIn(FLEET, book, {}, { shop }), /it failed/);
  assert.equal(running, 0);
});

test("a machine without a key, and a secret that no person would read, are refused", async () => {
  const nowhere = aService("vars/web09/x", { readers: ["users/ada"] });
  await assert.rejects(generateIn(FLEET, aBook(nowhere)), /the machine web09 has no key here/);
  await assert.rejects(generateIn(FLEET, aBook(aService("vars/web01/x")), {}, { keys: [] }), /no person/);
  // With nothing else to go by, whoever makes it reads it.
  const { files } = await generateIn(FLEET, aBook(aService("vars/web01/x")));
  assert.ok(linksIn(files, "vars/per-machine/web01/x/key")["users/ada"]);
});

test("links that somebody made beside those of the definition stay", async () => {
  const x = aService("vars/web01/x", { readers: ["users/ada"] });
  const { files } = await generateIn(FLEET, aBook(x));
  const granted = {
    ...files,
    "vars/per-machine/web01/x/key/machines/web02": { link: "../../../../../../sops/machines/web02" },
  };
  const { files: after } = await generateIn(granted, aBook(x), { regenerate: true });
  assert.ok(await valueIn(after, "vars/web01/x/key", WEB02));
});

test("services that do not read each other run at the same time, no more than fit, and never before what they read", async () => {
  const names = ["a", "b", "c", "d"];
  const first = names.map((name) => aService(`vars/web01/${name}`, { readers: ["users/ada"] }));
  const second = names.map((name) =>
    aService(`vars/web02/${name}2`, { dependencies: ["all"], readers: ["users/ada"] }),
  );
  const all = aService("vars/shared/all", { readers: ["users/ada"] });
  const running = new Set<string>();
  let most = 0;
  const ended: string[] = [];
  const shop = toyShop({
    abreast: 3,
    runScript: async ({ name, outputs, inputs }) => {
      running.add(name);
      most = Math.max(most, running.size);
      if (name.endsWith("2")) assert.ok(ended.includes("vars/shared/all") && inputs.has("all/key"));
      await new Promise((resolve) => setTimeout(resolve, 5));
      running.delete(name);
      ended.push(name);
      return new Map(outputs.map((output) => [output, Buffer.from(name)]));
    },
  });
  const { files } = await generateIn(FLEET, aBook(...first, ...second, all), {}, { shop });
  assert.equal(most, 3);
  assert.equal(ended.length, 9);
  assert.equal(await valueIn(files, "vars/web02/d2/key"), "vars/web02/d2");
});

test("what seals is closed whatever happens: threads that wait would keep the program from ending", async () => {
  const fails = toyShop({ runScript: () => Promise.reject(new Error("it fails")) });
  // No machine of this name has a key: the plan is refused after everything was made.
  const stranger = aBook(aService("vars/web09/tls", { readers: ["groups/admins"] }));
  for (const [book, shop] of [
    [BOOK, toyShop()],
    [BOOK, fails],
    [stranger, toyShop()],
  ] as const) {
    const workplace = await workplaceOf(FLEET, ADA);
    const open = new Set<Sealer>();
    const openSealer = (expected: number): Sealer => {
      const sealer = workplace.openSealer(expected);
      const watched = { seal: sealer.seal.bind(sealer), close: async () => void open.delete(watched) };
      open.add(watched);
      return watched;
    };
    const task = await prepareGenerate(workplace, book, { machines: [], services: [], regenerate: false });
    await planGenerate({ ...workplace, openSealer }, task, new Map(), shop).catch(() => {});
    assert.equal(open.size, 0);
  }
});
