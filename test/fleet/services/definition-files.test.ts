import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, one, read } from "./definitions.ts";

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

test("a definition that is a link is not followed", async () => {
  const { services, faults } = await read({ a: "machines: [web01]\nkind: random\n", b: { link: "a.yaml" } });
  assert.equal(services.length, 1);
  assert.deepEqual(
    faults.map(({ message }) => message),
    ["a definition is a file, and this is a link"],
  );
});

test("a file that is no text for every reader is refused, wherever the odd bytes stand", async () => {
  const sound = "machines: [web01]\nkind: random\n# ";
  const odd = [
    Buffer.from(`${sound}\xff\n`, "latin1"),
    Buffer.from(sound, "utf16le"),
    `${sound}\u0007`,
    `${sound}\u2028`,
  ];
  for (const text of odd) assert.equal((await faultsOf(text)).length, 1);
  assert.equal((await read({ x: `\ufeff${sound}` })).services.length, 1, "a byte order mark is none of them");
});

test("a hostile definition costs little and is refused", async () => {
  const bomb = `a: &a [x, x, x, x, x, x, x, x]\n${"bcdefgh"
    .split("")
    .map((key, i) => `${key}: &${key} [${Array(8).fill(`*${"abcdefg"[i]}`).join(", ")}]`)
    .join("\n")}\n`;
  const hostile = [
    bomb,
    "[".repeat(100_000),
    "- ".repeat(100_000),
    "? ".repeat(100_000),
    `x: ${"y".repeat(300_000)}`,
    `x: "${"\\\n".repeat(60_000)}`,
    "a: b\n\u0007",
    `machines: [${"a,".repeat(30_000)}]`,
  ];
  for (const text of hostile) {
    const start = performance.now();
    assert.equal((await faultsOf(text)).length, 1, text.slice(0, 20));
    assert.ok(performance.now() - start < 2000, text.slice(0, 20));
  }
  const { faults } = await read({
    x: "__proto__: { secret: true }\nmachines: [web01]\nkind: random\nconstructor: 1\n",
  });
  assert.equal(faults.length, 2);
});

test("of a file with hundreds of faults the first are told, and no time goes into what may have been meant by the others", async () => {
  const names = Array.from({ length: 9000 }, (_, i) => `unknown-machine-${i}`).join(", ");
  const start = performance.now();
  const faults = await faultsOf(`machines: [${names}]\nkind: random\n`);
  assert.ok(performance.now() - start < 2000);
  assert.equal(faults.length, 51);
  assert.match(faults[50] ?? "", /more faults than are told/);
});

test("one service has one file, and a file a name that can be one", async () => {
  const text = "machines: [web01]\nkind: random\n";
  const twice = await read({ "a.yaml": text, "a.yml": text.replace("web01", "web02") });
  assert.deepEqual(
    twice.faults.map(({ message, hint, location }) => [message, hint, location?.file]),
    [["the service a is defined in two files", "the other one is vars/services/a.yaml", "vars/services/a.yml"]],
  );
  assert.deepEqual(
    twice.services.map(({ address }) => address),
    ["vars/web01/a"],
  );
  const twins = await read({ "mail.yaml": text, "Mail.yaml": text, "gru\u0308n.yaml": text, "gr\u00fcn.yaml": text });
  assert.deepEqual(
    twins.faults.map(({ message, location }) => [message, location?.file]),
    [
      ['the services "gru\u0308n" and "gr\u00fcn" would be one folder on a Mac', "vars/services/gr\u00fcn.yaml"],
      ['the services "Mail" and "mail" would be one folder on a Mac', "vars/services/mail.yaml"],
    ],
  );
  assert.equal(twins.services.length, 2);
  for (const name of [".hidden", "-rf", "a#b", "a\nb", "a\u202eb"]) {
    const { services, faults } = await read({ [`${name}.yaml`]: text });
    assert.deepEqual(
      [services.length, faults.map(({ message }) => message)],
      [0, ["the name of this file is no name of a service"]],
    );
  }
});

test("what lies beside definitions is none: a schema, a folder, notes", async () => {
  assert.deepEqual(await read({ ".schema.json": "{}", "README.md": "# x", "deep/x.yaml": "kind: random\n" }), {
    services: [],
    faults: [],
  });
});

test("a fleet without machines may say what all of them will have, and people may have a service alone", async () => {
  assert.deepEqual(await read({ x: "machines: [web01]\nkind: random\n" }).then(({ faults }) => faults), []);
  const { machines, readers } = await one("share: true\ngroups: [admins]\nkind: x509-ca\n");
  assert.deepEqual([machines, readers], [[], ["groups/admins"]]);
});
