import assert from "node:assert/strict";
import { test } from "node:test";
import { makeAgeKey } from "../../../src/age/age-key.ts";
import { SecretsError } from "../../../src/errors.ts";
import { readRegistry } from "../../../src/fleet/clan/registry.ts";
import { PathIndex } from "../../../src/fleet/path-index.ts";
import { mergeBook } from "../../../src/fleet/services/book.ts";
import { readServiceFiles } from "../../../src/fleet/services/definition-files.ts";
import type { Service } from "../../../src/fleet/services/service.ts";
import { type MemoryFiles, memoryGround } from "../memory-ground.ts";

const KEY = JSON.stringify([{ publickey: makeAgeKey().recipient, type: "age" }]);
const FLEET: MemoryFiles = {
  "sops/users/ada/key.json": KEY,
  "sops/users/bruno/key.json": KEY,
  "sops/machines/web01/key.json": KEY,
  "sops/machines/web02/key.json": KEY,
  "sops/machines/db01/key.json": KEY,
  "sops/groups/admins/users/ada": { link: "../../../users/ada" },
  "sops/groups/web/machines/web01": { link: "../../../machines/web01" },
  "sops/groups/web/machines/web02": { link: "../../../machines/web02" },
  "sops/groups/mixed/machines/db01": { link: "../../../machines/db01" },
  "sops/groups/mixed/users/bruno": { link: "../../../users/bruno" },
};

async function read(definitions: Readonly<Record<string, string | Uint8Array | { link: string }>>) {
  const files = Object.entries(definitions).map(([name, text]) => [`vars/services/${name}.yaml`, text] as const);
  const ground = memoryGround({ ...FLEET, ...Object.fromEntries(files) });
  return readServiceFiles(ground, await readRegistry(ground, new PathIndex(await ground.list())));
}

async function one(text: string): Promise<Service> {
  const { services, faults } = await read({ x: text });
  assert.deepEqual(
    faults.map(({ message }) => message),
    [],
  );
  const [service] = services;
  assert.ok(service);
  return service;
}

/** `line:column key message (hint)` */
async function faultsOf(text: string | Uint8Array): Promise<string[]> {
  const { services, faults } = await read({ x: text });
  assert.deepEqual(services, [], "what is wrong makes nothing");
  return faults.map(({ location, message, hint }) => {
    assert.equal(location?.file, "vars/services/x.yaml");
    const key = location.keyPath === undefined ? "" : `${location.keyPath.join("/")}: `;
    return `${location.line}:${location.column} ${key}${message}${hint === undefined ? "" : ` (${hint})`}`;
  });
}

test("one for each machine, or one for all of them", async () => {
  const own = await read({ token: "machines: [web02, web01]\nkind: random\n" });
  assert.deepEqual(
    own.services.map(({ address, machine, machines }) => [address, machine, machines]),
    [
      ["vars/web01/token", "web01", ["web01"]],
      ["vars/web02/token", "web02", ["web02"]],
    ],
  );
  const shared = await one("share: true\nmachines: all\nkind: random\n");
  assert.equal(shared.address, "vars/shared/x");
  assert.equal(shared.machine, undefined);
  assert.deepEqual(shared.machines, ["db01", "web01", "web02"]);
});

test("machines of a group have it, and people of a group read it; of a mixed one by name, unless all of it reads anyway", async () => {
  const readers = async (text: string) => (await one(text)).readers;
  assert.deepEqual(
    (await read({ x: "groups: [web]\nkind: random\n" })).services.map(({ machine }) => machine),
    ["web01", "web02"],
  );
  assert.equal((await read({ x: "groups: [web]\nkind: random\n" })).services[0]?.readers, undefined);
  assert.deepEqual(await readers("machines: [web01]\ngroups: [admins]\nkind: random\n"), ["groups/admins"]);
  assert.deepEqual(await readers("groups: [mixed]\nkind: random\n"), ["users/bruno"]);
  assert.deepEqual(await readers("share: true\ngroups: [mixed]\nkind: random\n"), ["groups/mixed"]);
  assert.deepEqual(await readers("share: true\ngroups: [mixed]\nkind: random\nfiles: { a: { deploy: false } }\n"), [
    "users/bruno",
  ]);
  assert.deepEqual(await readers("machines: [web01]\nreaders: [users/ada, groups/admins]\nkind: random\n"), [
    "groups/admins",
    "users/ada",
  ]);
});

test("files of a kind: its own, a lone one of any name, by output; attributes as clan has them by default", async () => {
  const names = async (text: string) =>
    (await one(`machines: [web01]\n${text}`)).files.map(({ name, output }) => [name, output]);
  assert.deepEqual(await names("kind: ssh-key\n"), [
    ["ssh.id", "private"],
    ["ssh.id.pub", "public"],
  ]);
  assert.deepEqual(await names("kind: random\nfiles: { token: }\n"), [["token", "value"]]);
  assert.deepEqual(
    await names("kind: ssh-key\nfiles:\n  keys/deep/id: { output: private }\n  id.pub: { output: public }\n"),
    [
      ["id.pub", "public"],
      ["keys/deep/id", "private"],
    ],
  );
  const { files } = await one(
    'machines: [web01]\nkind: ssh-key\nfiles:\n  ssh.id: { owner: git, group: git, mode: "0440", neededFor: users, restartUnits: [a.service] }\n  ssh.id.pub: {}\n',
  );
  assert.deepEqual(files, [
    {
      name: "ssh.id",
      secret: true,
      deploy: true,
      owner: "git",
      group: "git",
      mode: "0440",
      neededFor: "users",
      restartUnits: ["a.service"],
      output: "private",
    },
    {
      name: "ssh.id.pub",
      secret: false,
      deploy: true,
      owner: "root",
      group: "root",
      mode: "0400",
      neededFor: "services",
      restartUnits: [],
      output: "public",
    },
  ]);
});

test("a prompt that persists is a file; without anything else it is the whole service", async () => {
  const { maker, files, prompts } = await one(
    "machines: [web01]\nprompts:\n  psk: { type: hidden, persist: true }\n  note: {}\n",
  );
  assert.deepEqual(maker, { kind: "prompts" });
  assert.deepEqual(
    files.map(({ name, secret }) => [name, secret]),
    [["psk", true]],
  );
  assert.deepEqual(prompts, [
    { name: "psk", type: "hidden", description: "psk", persist: true },
    { name: "note", type: "line", description: "note", persist: false },
  ]);
});

test("options have their standard values, so that another standard is another definition", async () => {
  const { maker } = await one("machines: [web01]\nkind: password\noptions: { length: 20 }\n");
  assert.deepEqual(maker, { kind: "built-in", name: "password", options: { length: 20, alphabet: "alphanumeric" } });
});

test("the hash of a validation is clan's", async () => {
  const hash = async (validation: string) =>
    (await one(`machines: [web01]\nkind: random\nvalidation: ${validation}\n`)).validation;
  // As clan wrote them.
  assert.equal(await hash("1"), "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");
  assert.match((await hash("v1")) ?? "", /^161078e4[0-9a-f]+94af13$/);
  assert.equal((await hash('"1"')) === (await hash("1")), false);
  assert.equal(await hash("{ b: 1, a: [] }").catch(() => "refused"), "refused");
  assert.equal(await hash("{ b: 1, a: x }"), await hash("{ a: x, b: 1 }"));
  assert.equal(await hash("~"), undefined);
});

const WRONG: readonly (readonly [what: string, text: string, faults: readonly string[]])[] = [
  [
    "nothing",
    "",
    ["1:1 : a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "a list",
    "- a\n",
    ["1:1 : a definition is a map: kind, machines, files, … (secrets service new writes one to begin with)"],
  ],
  [
    "an unknown key",
    "machines: [web01]\nkind: random\nfile: {}\n",
    ['3:1 file: there is no "file" here (did you mean files?)'],
  ],
  [
    "an unknown attribute",
    "machines: [web01]\nkind: random\nfiles:\n  a: { onwer: x }\n",
    ['4:8 files/a/onwer: there is no "onwer" here (did you mean owner?)'],
  ],
  [
    "an unknown option",
    "machines: [web01]\nkind: random\noptions: { size: 3 }\n",
    ['3:12 options/size: there is no "size" here (known here: bytes, encoding)'],
  ],
  [
    "an option out of bounds",
    "machines: [web01]\nkind: random\noptions: { bytes: 0 }\n",
    ["3:19 options/bytes: bytes has to be a whole number from 1 to 65536"],
  ],
  [
    "a number in quotes",
    "machines: [web01]\nkind: random\noptions: { bytes: '3' }\n",
    ["3:19 options/bytes: bytes has to be a whole number from 1 to 65536"],
  ],
  [
    "an unknown choice",
    "machines: [web01]\nkind: random\noptions: { encoding: hexx }\n",
    ["3:22 options/encoding: encoding has to be one of raw, hex, base64, base64url, uuid (did you mean hex?)"],
  ],
  [
    "a kind and a script",
    "machines: [web01]\nkind: random\nscript: true\nfiles: { a: }\n",
    ["2:7 kind: a service has a kind or a script, not both"],
  ],
  [
    "neither",
    "machines: [web01]\nfiles: { a: }\n",
    ["1:1 kind: nothing says how it is made: a kind, a script, or a prompt that persists"],
  ],
  [
    "no machine",
    "kind: random\n",
    [
      "1:1 machines: nothing says which machines have this service (machines: [NAME, …], machines: all, or groups: [NAME])",
    ],
  ],
  [
    "an unknown machine",
    "machines: [web01, web03]\nkind: random\n",
    ['1:19 machines: there is no machine "web03" (did you mean web01 or web02?)'],
  ],
  [
    "an unknown group",
    "groups: [admin]\nkind: random\n",
    ['1:10 groups: there is no group "admin" (did you mean admins?)'],
  ],
  [
    "a reader of no kind",
    "machines: [web01]\nreaders: [ada]\nkind: random\n",
    ["2:11 readers: a reader is users/NAME or groups/NAME"],
  ],
  [
    "a mode that YAML takes for a number",
    "machines: [web01]\nkind: random\nfiles: { a: { mode: 440 } }\n",
    ['3:21 files/a/mode: mode has to be four octal digits in quotes (for example: mode: "0440")'],
  ],
  [
    "a public file that is not deployed",
    "machines: [web01]\nkind: random\nfiles: { a: { secret: false, deploy: false } }\n",
    ["3:38 files/a/deploy: a public file lies in the repository in clear: deploy says nothing of it"],
  ],
  [
    "an output that nothing takes",
    "machines: [web01]\nkind: ssh-key\nfiles: { a: { output: private } }\n",
    ["3:8 files: no file takes the public that the kind ssh-key makes (files: { ssh.id.pub: { output: public } })"],
  ],
  [
    "an unknown output",
    "machines: [web01]\nkind: random\nfiles: { a: { output: valeu } }\n",
    ["3:23 files/a/output: output has to be one of value (did you mean value?)"],
  ],
  [
    "a certificate without its authority",
    "machines: [web01]\nkind: x509-cert\noptions: { ca: ca }\n",
    ["1:1 dependencies: ca has to be among the dependencies (dependencies: [ca])"],
  ],
  [
    "a certificate that says of none",
    "machines: [web01]\nkind: x509-cert\n",
    ["1:1 options: the kind x509-cert needs the option ca: the service that signs; has to be among the dependencies"],
  ],
  [
    "a service that reads itself",
    "machines: [web01]\nkind: random\ndependencies: [x]\n",
    ["3:15 dependencies: a service does not depend on itself"],
  ],
  [
    "a file that leaves its folder",
    "machines: [web01]\nkind: random\nfiles: { ../../x: }\n",
    [
      "3:10 files/../../x: this is no name of a file: parts between slashes, none of them empty, . or .., or with a - in front",
      "3:8 files: no file takes the value that the kind random makes (files: { random: { output: value } })",
    ],
  ],
  ["a key twice", "machines: [web01]\nkind: random\nkind: password\n", ['3:1 "kind" stands here twice']],
  ["an alias", "machines: &m [web01]\nkind: random\n", ["1:14 a definition has no anchors and aliases: write it out"]],
  ["a tag", "machines: [web01]\nkind: !!binary random\n", ["2:16 a definition has no tags"]],
  [
    "two documents",
    "machines: [web01]\nkind: random\n---\na: b\n",
    ["undefined:undefined a definition is one document: take the --- out"],
  ],
  [
    "an argument instead of a program",
    "machines: [web01]\nscript: true\nruntimeInputs: ['-x']\nfiles: { a: }\n",
    ['3:16 runtimeInputs: "-x" is no name of a program'],
  ],
];
for (const [what, text, faults] of WRONG) {
  test(`told at its place: ${what}`, async () => assert.deepEqual(await faultsOf(text), faults));
}

test("all faults of all files are told, and sound files are read beside them", async () => {
  const { services, faults } = await read({
    a: "machines: [web01]\nkind: random\n",
    b: "machines: [web09]\nkind: rndom\nowner: x\n",
    c: { link: "a.yaml" },
    d: Buffer.from([0xff, 0xfe]),
  });
  assert.deepEqual(
    services.map(({ address }) => address),
    ["vars/web01/a"],
  );
  assert.deepEqual(
    faults.map(({ location }) => location?.file),
    [
      "vars/services/b.yaml",
      "vars/services/b.yaml",
      "vars/services/b.yaml",
      "vars/services/c.yaml",
      "vars/services/d.yaml",
    ],
  );
});

test("a hostile definition costs little and is refused", async () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${"bcdefgh"
    .split("")
    .map((key, i) => `${key}: &${key} [${Array(8).fill(`*${"abcdefg"[i]}`).join(", ")}]`)
    .join("\n")}\n`;
  for (const text of [bomb, "[".repeat(100_000), `x: ${"y".repeat(300_000)}`, "a: b\n\u0007"]) {
    const start = performance.now();
    assert.equal((await faultsOf(text)).length, 1);
    assert.ok(performance.now() - start < 2000);
  }
  const { faults } = await read({
    x: "__proto__: { secret: true }\nmachines: [web01]\nkind: random\nconstructor: 1\n",
  });
  assert.equal(faults.length, 2);
});

test("the same service in a file and in the flake is refused, with both places", async () => {
  const file = await one("machines: [web01]\nkind: random\n");
  const flake: Service = { ...file, origin: { kind: "flake" }, maker: { kind: "built-script" } };
  assert.throws(
    () => mergeBook([file], { services: [flake], without: undefined }),
    (error: unknown) =>
      error instanceof SecretsError &&
      error.code === "E_SERVICE_TWICE" &&
      error.message ===
        "vars/web01/x is defined twice: in vars/services/x.yaml and in the flake, as a generator of clan's",
  );
});
