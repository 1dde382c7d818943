import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { one, read } from "./definitions.ts";

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
    'machines: [web01]\nkind: ssh-key\nfiles:\n  ssh.id: { owner: git, group: git, mode: "0440", neededFor: activation, restartUnits: [a.service] }\n  ssh.id.pub: {}\n',
  );
  assert.deepEqual(files, [
    {
      name: "ssh.id",
      secret: true,
      deploy: true,
      owner: "git",
      group: "git",
      mode: "0440",
      neededFor: "activation",
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
    "machines: [web01]\nprompts:\n  psk: { type: hidden, persist: true }\n  note: { persist: true }\nfiles: { note: { secret: false } }\n",
  );
  assert.deepEqual(maker, { kind: "prompts" });
  assert.deepEqual(
    files.map(({ name, secret }) => [name, secret]),
    [
      ["note", false],
      ["psk", true],
    ],
  );
  assert.deepEqual(prompts, [
    { name: "psk", type: "hidden", description: "psk", persist: true },
    { name: "note", type: "line", description: "note", persist: true },
  ]);
});

test("options have their standard values, so that another standard is another definition", async () => {
  const { maker } = await one("machines: [web01]\nkind: password\noptions: { length: 20 }\n");
  assert.deepEqual(maker, { kind: "built-in", name: "password", options: { length: 20, alphabet: "alphanumeric" } });
});

test("a shared service has no machine in its standard values", async () => {
  const options = async (text: string) => {
    const { maker } = await one(`machines: [web01, web02]\n${text}`);
    return maker.kind === "built-in" ? maker.options : undefined;
  };
  assert.equal((await options("share: true\nkind: ssh-key\n"))?.["comment"], "{service}");
  const named = "share: true\nkind: x509-cert\ndependencies: [ca]\noptions: { ca: ca, names: [a.example] }\n";
  assert.equal((await options(named))?.["commonName"], "{service}");
});

test("a prompt beside what is made: kept in its own file, or read by the kind or the script", async () => {
  const sound = [
    "kind: random\nprompts: { note: { persist: true } }\nfiles: { token: {}, note: {} }\n",
    "kind: password-hash\nprompts: { password: { type: hidden } }\n",
    "script: exit 0\nprompts: { a: { type: multiline-hidden } }\nfiles: { b: {} }\n",
  ];
  const outputs = async (text: string) =>
    (await one(`machines: [web01]\n${text}`)).files.map(({ name, output }) => [name, output]);
  assert.deepEqual(await Promise.all(sound.map(outputs)), [
    [
      ["note", undefined],
      ["token", "value"],
    ],
    [
      ["password", "password"],
      ["password-hash", "hash"],
    ],
    [["b", undefined]],
  ]);
});

test("names that no path, no address and no command line can hold are refused, and odd ones that they can are taken", async () => {
  const sound = (name: string) =>
    read({ x: `machines: [web01]\nscript: exit 0\nfiles: { ${JSON.stringify(name)}: }\n` });
  for (const name of ["a", "a b", "ä/ö", ".hidden", "a..b", "...", "a:b", "😀", "a/.b"]) {
    assert.equal((await sound(name)).services[0]?.files[0]?.name, name);
  }
  for (const name of [
    "",
    ".",
    "..",
    "a/..",
    "../a",
    "a/",
    "/a",
    "a//b",
    "-a",
    "a/-b",
    "a#b",
    "a\\b",
    "a\nb",
    "a\u202eb",
    "a\u0085",
  ]) {
    assert.equal((await sound(name)).services.length, 0, name);
  }
  assert.equal((await sound("x".repeat(201))).services.length, 0);
});

test("whatever is written, what is wrong is told and nothing else happens", async () => {
  const word = fc.constantFrom(
    ...["machines", "kind", "files", "prompts", "options", "script", "random", "ssh-key", "web01", "all", "true", "1"],
    ...[
      "__proto__",
      "constructor",
      "~",
      "a",
      "output",
      "{",
      "}",
      "[",
      "]",
      ":",
      ": ",
      ", ",
      "\n",
      "\n  ",
      "- ",
      "? ",
      "'",
      '"',
    ],
    ...["&a ", "*a", "!!str ", "|\n", "#", "---", "<<", "%", "\t", "\r\n", "\ufeff"],
  );
  await fc.assert(
    fc.asyncProperty(fc.array(word, { maxLength: 30 }), async (words) => {
      const { services, faults } = await read({ x: words.join("") });
      assert.equal(services.length === 0, faults.length > 0);
    }),
    { numRuns: 500 },
  );
});
