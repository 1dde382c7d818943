/** Values that come in: what is new, what is the same, what differs, who reads it, and what follows for services. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readDump } from "../../../src/actions/service/export-values.ts";
import { readGraph } from "../../../src/actions/service/graph.ts";
import { valuesOfDump } from "../../../src/actions/service/incoming-values.ts";
import { planImport } from "../../../src/actions/service/plan-import.ts";
import { SecretsError } from "../../../src/errors.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import type { MemoryFiles } from "../../fleet/memory-ground.ts";
import { keyJson, sealed, workplaceOf } from "../in-memory.ts";
import { ADA, applied, BRUNO, dueIn, FLEET, generateIn, linksIn, valueIn, WEB01, WEB02 } from "./small-fleet.ts";
import { aBook, aFile, aService } from "./some-services.ts";

const HASH = "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b";
const ADMINS = ["groups/admins"];

type Dump = Readonly<Record<string, string | Uint8Array>>;

interface Options {
  readonly replace?: boolean;
  readonly readers?: readonly string[];
  readonly services?: readonly Service[];
}

async function importInto(files: MemoryFiles, dump: Dump, { replace = false, readers, services = [] }: Options = {}) {
  const incoming = valuesOfDump(Object.entries(dump).map(([path, text]) => ({ path, bytes: Buffer.from(text) })));
  const plan = await planImport(await workplaceOf(files, ADA), incoming, {
    replace,
    from: "dump",
    graph: readGraph(services).graph,
    ...(readers === undefined ? {} : { readers }),
  });
  return { plan, files: applied(files, plan) };
}

async function refusal(attempt: Promise<unknown>): Promise<SecretsError> {
  const error = await attempt.then(
    () => assert.fail("it was not refused"),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof SecretsError, String(error));
  return error;
}

const key = (name: string) => `sops/machines/${name}/key.json`;

test("what one fleet exports, another one with other people and keys imports, and exports the same", async () => {
  const ca = aService("vars/shared/ca", { files: [aFile("key"), aFile("crt", { secret: false })], readers: ADMINS });
  const tls = aService("vars/web01/tls", { validation: HASH, dependencies: ["ca"], readers: ADMINS });
  const services = [ca, tls];
  const here = (await generateIn(FLEET, aBook(...services))).files;
  const { values, hashes } = await readDump(await workplaceOf(here, ADA), []);
  const dump = Object.fromEntries([...values, ...hashes].map(({ path, bytes }) => [path, bytes]));
  assert.deepEqual(Object.keys(dump).sort(), [
    "per-machine/web01/tls/.validation-hash",
    "per-machine/web01/tls/key",
    "shared/ca/crt",
    "shared/ca/key",
  ]);
  // The same names, other keys: nothing of the first fleet opens what lies in the second.
  const there: MemoryFiles = { ...FLEET, [key("web01")]: keyJson(WEB02), [key("web02")]: keyJson(WEB01) };
  const { plan, files } = await importInto(there, dump, { services });
  assert.equal(plan.summary, "import 3 values from dump");
  assert.deepEqual(plan.warnings, []);
  assert.deepEqual(plan.sealedTo.map(({ name }) => name).sort(), ["ada", "bruno", "web01", "web02"]);
  for (const address of ["vars/shared/ca/key", "vars/web01/tls/key"]) {
    assert.equal(await valueIn(files, address, BRUNO), await valueIn(here, address, ADA));
    assert.equal(await valueIn(files, address, WEB02), await valueIn(here, address, WEB01));
  }
  assert.deepEqual(files["vars/shared/ca/crt/value"], here["vars/shared/ca/crt/value"]);
  assert.equal(String(files["vars/per-machine/web01/tls/.validation-hash"]), HASH);
  assert.deepEqual(await dueIn(files, aBook(...services)), [], "generate finds nothing to do");
  const again = await readDump(await workplaceOf(files, BRUNO), []);
  assert.deepEqual(
    again.values.map(({ path, bytes }) => [path, Buffer.from(bytes)]),
    values.map(({ path, bytes }) => [path, Buffer.from(bytes)]),
  );
  const twice = await importInto(files, dump, { services });
  assert.deepEqual([twice.plan.changes, twice.plan.summary], [[], "every value of dump is here already"]);
});

test("all machines that are not here are named at once, before anything is opened", async () => {
  const error = await refusal(
    importInto(FLEET, { "per-machine/db01/a/b": "x", "per-machine/web01/a/b": "x", "per-machine/mail/a/b": "x" }),
  );
  assert.equal(error.code, "E_IMPORT_MACHINE");
  assert.match(error.message, /^2 machines/);
  assert.match(error.hint ?? "", /^db01\nmail\n/);
  // One that a definition names is known, and still needs a key to read a secret.
  const db = aService("vars/db01/a", { files: [aFile("b")], readers: ADMINS });
  assert.equal(
    (await refusal(importInto(FLEET, { "per-machine/db01/a/b": "x" }, { services: [db] }))).code,
    "E_READER_UNKNOWN",
  );
  const open = aService("vars/db01/a", { files: [aFile("b", { secret: false })] });
  const { files } = await importInto(FLEET, { "per-machine/db01/a/b": "x" }, { services: [open] });
  assert.equal(String(files["vars/per-machine/db01/a/b/value"]), "x");
});

test("what is here and differs is refused, all of it named, unless it is to be replaced: then under a new data key", async () => {
  const made = (
    await importInto(
      FLEET,
      { "per-machine/web01/a/b": "1", "per-machine/web01/a/c": "2" },
      { readers: ["groups/admins", "machines/web01"] },
    )
  ).files;
  const dump = { "per-machine/web01/a/b": "1", "per-machine/web01/a/c": "other", "per-machine/web01/a/d": "new" };
  const error = await refusal(importInto(made, dump));
  assert.equal(error.code, "E_IMPORT_DIFFERS");
  assert.match(error.hint ?? "", /^vars\/web01\/a\/c\n/);
  const { plan, files } = await importInto(made, dump, { replace: true });
  assert.equal(plan.summary, "import 2 values from dump (1 is the same already)");
  assert.deepEqual(
    plan.documents.map(({ address, dataKey, newValue, added }) => [address, dataKey, newValue, added.length > 0]),
    [
      ["vars/web01/a/c", "new", true, false],
      ["vars/web01/a/d", "new", true, true],
    ],
  );
  assert.equal(files["vars/per-machine/web01/a/b/secret"], made["vars/per-machine/web01/a/b/secret"]);
  for (const who of [ADA, BRUNO, WEB01]) assert.equal(await valueIn(files, "vars/web01/a/c", who), "other");
});

test("what cannot be opened here is never written over", async () => {
  const secret = await sealed("binary", "theirs", [[BRUNO]]);
  const files = {
    ...FLEET,
    "vars/per-machine/web01/a/b/secret": secret,
    "vars/per-machine/web01/a/b/users/bruno": { link: "../../../../../../sops/users/bruno" },
  };
  assert.equal(
    (await refusal(importInto(files, { "per-machine/web01/a/b": "x" }, { replace: true }))).code,
    "E_NO_IDENTITY",
  );
});

test("who reads what is new: whom you name, else the definition, else as the secrets beside it; never nobody", async () => {
  const dump = { "per-machine/web01/a/b": "x" };
  const defined = aService("vars/web01/a", { files: [aFile("b", { deploy: false })], readers: ADMINS });
  const folder = "vars/per-machine/web01/a/b";
  const links = async (options: Options) =>
    Object.keys(linksIn((await importInto(FLEET, dump, options)).files, folder));
  assert.deepEqual(await links({ services: [defined] }), ["groups/admins"]);
  assert.deepEqual(await links({ services: [defined], readers: ["users/bruno"] }), ["users/bruno"]);
  assert.deepEqual(await links({}), ["machines/web01", "users/ada"]);
  assert.equal((await refusal(importInto(FLEET, dump, { readers: ["machines/web01"] }))).code, "E_NO_PERSON");
  assert.equal((await refusal(importInto(FLEET, dump, { readers: ["users/eve"] }))).code, "E_READER_UNKNOWN");
  assert.equal((await refusal(importInto(FLEET, { "shared/a/b": "x" }))).code, "E_READERS_UNKNOWN");
});

test("a clear value that is declared secret leaves no clear copy; a secret stays one whatever is declared", async () => {
  const open = aService("vars/web01/a", { files: [aFile("b", { secret: false })], readers: ADMINS });
  const dump = { "per-machine/web01/a/b": "x" };
  const clear = (await importInto(FLEET, dump, { services: [open] })).files;
  assert.equal(String(clear["vars/per-machine/web01/a/b/value"]), "x");
  const closed = { ...open, files: [aFile("b")] };
  const hidden = (await importInto(clear, dump, { services: [closed] })).files;
  assert.equal(hidden["vars/per-machine/web01/a/b/value"], undefined);
  assert.equal(await valueIn(hidden, "vars/web01/a/b", WEB01), "x");
  const still = await importInto(hidden, { "per-machine/web01/a/b": "y" }, { services: [open], replace: true });
  assert.equal(await valueIn(still.files, "vars/web01/a/b"), "y");
  // Of what nobody has defined nothing is known: it becomes a secret, and that is told.
  const unknown = await importInto(FLEET, dump);
  assert.deepEqual(unknown.plan.warnings, [
    "1 value has no known definition here: it becomes a secret, which its machine reads too unless you name readers with --for",
  ]);
});

test("without a hash of its own a service that is whole is valid as its definition says; what reads it is told", async () => {
  const ca = aService("vars/shared/ca", { readers: ADMINS, validation: HASH });
  const tls = aService("vars/web01/tls", { dependencies: ["ca"], readers: ADMINS });
  const services = [ca, tls];
  const made = (await generateIn(FLEET, aBook(...services))).files;
  const { plan, files } = await importInto(made, { "shared/ca/key": "mine" }, { services, replace: true });
  assert.equal(String(files["vars/shared/ca/.validation-hash"]), HASH);
  assert.deepEqual(plan.next, ["secrets generate"]);
  assert.deepEqual(await dueIn(files, aBook(...services)), ["vars/web01/tls"]);
  // A hash of another service says nothing of this one.
  const both = {
    "shared/ca/key": "mine",
    "per-machine/web01/tls/key": "t",
    "per-machine/web01/tls/.validation-hash": "0".repeat(64),
  };
  const { files: mixed } = await importInto(FLEET, both, { services });
  assert.equal(String(mixed["vars/shared/ca/.validation-hash"]), HASH);
  assert.equal(String(mixed["vars/per-machine/web01/tls/.validation-hash"]), "0".repeat(64));
});
