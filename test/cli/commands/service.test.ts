/** `service` as a person types it. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const CA = "share: true\nmachines: all\nkind: x509-ca\n";
const TLS = "machines: [web01, db01]\nkind: x509-cert\noptions: { ca: ca }\ndependencies: [ca]\n";

async function fleetWith(t: TestContext, definitions: Readonly<Record<string, string>>): Promise<Sample> {
  const fleet = await sampleFleet(t);
  await mkdir(join(fleet.root, "vars/services"), { recursive: true });
  for (const [name, text] of Object.entries(definitions)) await write(fleet, name, text);
  return fleet;
}

const write = ({ root }: Sample, name: string, text: string) =>
  writeFile(join(root, `vars/services/${name}.yaml`), text);

async function service(fleet: Sample, ...argv: string[]) {
  const { code, stdout, stderr } = await fleet.secrets(["service", ...argv]);
  return { code, out: stdout.toString(), err: stderr };
}

test("ls: what each is made by, where it is defined, and how it stands; reasons below what is half there", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS, token: "machines: [web01]\nkind: external\nfiles: { a: }\n" });
  assert.equal((await fleet.secrets(["generate", "--yes", "--service", "vars/web01/tls"])).code, 0);
  await rm(join(fleet.root, "vars/per-machine/web01/tls/tls.crt"), { recursive: true });
  const { code, out } = await service(fleet, "ls");
  assert.equal(code, 0);
  assert.deepEqual(out.split("\n"), [
    "vars/db01/tls     current  x509-cert  vars/services/tls.yaml:1",
    "vars/shared/ca    current  x509-ca    vars/services/ca.yaml:1",
    "vars/web01/tls    missing  x509-cert  vars/services/tls.yaml:1",
    "  missing: tls.crt",
    "vars/web01/token  by hand  external   vars/services/token.yaml:1",
    "",
  ]);
});

test("ls of a fleet without services says how to begin", async (t) => {
  const { code, out, err } = await service(await sampleFleet(t), "ls");
  assert.deepEqual([code, out], [0, ""]);
  assert.match(err, /no service is defined here; next: secrets service new NAME --kind KIND/);
});

test("show: files, people, what it reads and who reads it, and what to do next", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS });
  const { out } = await service(fleet, "show", "ca");
  assert.deepEqual(out.split("\n"), [
    "vars/shared/ca",
    "made by      x509-ca",
    "defined in   vars/services/ca.yaml:1",
    "standing     missing: nothing of it is there",
    "machines     backup01, db01, studio, web01",
    "people       as of the secrets beside it",
    "is read by   vars/db01/tls, vars/web01/tls",
    "files        ca.crt  missing  public",
    "             ca.key  missing  secret, for people alone",
    "next: secrets generate --service vars/shared/ca",
    "",
  ]);
  assert.match((await service(fleet, "show", "vars/per-machine/web01/tls")).out, /^reads +vars\/shared\/ca$/m);
  const unclear = await service(fleet, "show", "tls");
  assert.match(unclear.err, /2 machines have a service tls of their own[\s\S]*vars\/db01\/tls, vars\/web01\/tls/);
  assert.match((await service(fleet, "show", "tsl")).err, /there is no service tsl [\s\S]*did you mean tls\?/);
  const prompts = "machines: [web01]\nprompts: { psk: { type: hidden, persist: true, description: Of the wifi } }\n";
  await write(fleet, "wifi", `readers: [users/ada]\n${prompts}`);
  const wifi = (await service(fleet, "show", "wifi")).out;
  assert.match(wifi, /^prompts +psk +hidden, kept +Of the wifi$/m);
  assert.match(wifi, /^people +users\/ada$/m);
});

test("what is sound is shown beside what is not; what is not is shown as its fault", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS, bad: "machines: [web01]\nkind: rendom\n" });
  const list = await service(fleet, "ls");
  assert.deepEqual([list.code, list.out.split("\n").length], [0, 4]);
  assert.match(list.err, /a definition is faulty, and not all services are here; next: secrets service check/);
  assert.equal((await service(fleet, "show", "ca")).code, 0);
  assert.match((await service(fleet, "show", "bad")).err, /E_DEFINITION[\s\S]*bad\.yaml:2:7 key kind/);
});

test("check: every fault of every definition, once, at its place; then exit 1", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS });
  assert.deepEqual(await service(fleet, "check").then(({ code, err }) => [code, err]), [0, "sound: 3 services\n"]);
  await write(fleet, "ca", "share: true\nmachines: all\nkind: x509-ca\noption: {}\nfile: {}\n");
  await write(fleet, "loop", "machines: [web01]\nkind: copy\noptions: { from: pool/a }\ndependencies: [pool]\n");
  await write(fleet, "pool", "machines: [web01]\nkind: copy\noptions: { from: loop/a }\ndependencies: [loop]\n");
  await write(fleet, "lost", "machines: [web01, db01]\nkind: random\ndependencies: [lop]\n");
  const { code, out, err } = await service(fleet, "check");
  assert.equal(code, 1);
  assert.deepEqual(out.match(/^ {2}at .*/gm), [
    "  at vars/services/ca.yaml:4:1 key option",
    "  at vars/services/ca.yaml:5:1 key file",
    "  at vars/services/lost.yaml:1 key dependencies/lop",
    "  at vars/services/loop.yaml:1",
  ]);
  // That tls misses ca follows from what is told of ca.
  assert.match(out, /in a cycle: vars\/web01\/loop → vars\/web01\/pool → vars\/web01\/loop/);
  assert.match(err, /6 services, 4 faults/);
  const { faults } = JSON.parse((await service(fleet, "check", "--json")).out);
  assert.deepEqual(faults[0], {
    code: "E_DEFINITION",
    message: 'there is no "option" here',
    file: "vars/services/ca.yaml",
    line: 4,
    column: 1,
    keyPath: ["option"],
    hint: "did you mean options?",
  });
  const findings = JSON.parse((await fleet.secrets(["check", "--json", "vars/services"])).stdout.toString()).findings;
  assert.deepEqual(
    findings.map(({ code, path, line }: Record<string, unknown>) => [code, path, line]),
    [
      ["service-definition", "vars/services/ca.yaml", 4],
      ["service-definition", "vars/services/ca.yaml", 5],
      ["service-definition", "vars/services/loop.yaml", 1],
      ["service-definition", "vars/services/lost.yaml", 1],
    ],
  );
});

test("new: a definition that is sound, with a schema beside it; what Nix reads as well; undo takes them back", async (t) => {
  const fleet = await sampleFleet(t);
  const dry = await service(fleet, "new", "host-key", "--kind", "ssh-key", "--machine", "web01", "--dry-run");
  assert.match(
    dry.out,
    /^# yaml-language-server: \$schema=\.schema\.json\n[\s\S]*^machines: \[web01\]\nkind: ssh-key /m,
  );
  assert.equal(await fleet.git("status", "--porcelain"), "");
  const { code, err } = await service(fleet, "new", "host-key", "--kind", "ssh-key", "--machine", "web01");
  assert.equal(code, 0, err);
  assert.match(err, /next: secrets generate --service host-key\n$/);
  assert.equal(await fleet.read("vars/services/host-key.yaml"), dry.out);
  const ours = await readFile(new URL("../../../schemas/service.schema.json", import.meta.url), "utf8");
  assert.equal(await fleet.read("vars/services/.schema.json"), ours);
  assert.equal((await service(fleet, "check")).code, 0);
  assert.equal((await service(fleet, "new", "token", "--script", "--share", "--group", "admins")).code, 0);
  assert.equal((await fleet.secrets(["undo", "--yes"])).code, 0);
  assert.equal(
    await fleet.git("status", "--porcelain", "-uall"),
    "?? vars/services/.schema.json\n?? vars/services/host-key.yaml\n?? vars/services/index.json\n",
  );
});

/** Whether the Nix modules would take the definitions as they are: `generate` has nothing to put right in their index. */
async function isIndexed(fleet: Sample): Promise<boolean> {
  const { stdout, stderr } = await fleet.secrets(["generate", "--dry-run", "--json"]);
  const { links } = JSON.parse(stdout.toString() || assert.fail(stderr)) as { links: readonly { path: string }[] };
  return !links.some(({ path }) => path === "vars/services/index.json");
}

test("new, edit: what Nix reads of definitions is written with them, once all of them are sound", async (t) => {
  const fleet = await sampleFleet(t);
  assert.equal((await service(fleet, "new", "a", "--kind", "random", "--machine", "web01")).code, 0);
  assert.ok(await isIndexed(fleet));
  await edit(fleet, "a", `printf 'machines: [web01]\nkind: random\nfiles: { value: { owner: nginx } }\n' > "$1"`);
  assert.ok(await isIndexed(fleet));
  const index = await fleet.read("vars/services/index.json");
  assert.match(index, /"owner": "nginx"/);
  // What another definition means is not known: Nix must not take this for all there is.
  await write(fleet, "bad", "kind: random\n");
  assert.equal((await service(fleet, "new", "b", "--kind", "random", "--machine", "web01")).code, 0);
  await edit(fleet, "a", `printf 'machines: [web01]\nkind: random\n' > "$1"`);
  assert.equal(await fleet.read("vars/services/index.json"), index);
  await edit(fleet, "bad", `echo "machines: [web01]" >> "$1"`);
  assert.ok(await isIndexed(fleet));
});

test("new: nothing is written for what is no service, or is one already", async (t) => {
  const fleet = await fleetWith(t, { ca: CA });
  const kind = ["--kind", "random"];
  const cases: readonly (readonly [argv: readonly string[], message: RegExp])[] = [
    [["ca", ...kind, "--machine", "web01"], /the service ca is defined already[\s\S]*secrets service edit ca/],
    [["x", ...kind, "--machine", "web1"], /there is no machine "web1"[\s\S]*did you mean web01\?/],
    [["x", ...kind, "--group", "admin"], /there is no group "admin"[\s\S]*did you mean admins\?/],
    [["x", ...kind], /nothing says which machines have this service[\s\S]*--machine NAME/],
    [["x", ...kind, "--script", "--machine", "web01"], /give one of --kind KIND and --script/],
    [["x", "--machine", "web01"], /give one of --kind KIND and --script/],
    [["x", "--kind", "rendom", "--machine", "web01"], /there is no kind rendom[\s\S]*did you mean random\?/],
    [["../x", ...kind, "--machine", "web01"], /is no name of a service/],
    [["a/b", ...kind, "--machine", "web01"], /is no name of a service/],
    [["x", ...kind, "--group", "admins"], /no machine has this service[\s\S]*share: true/],
  ];
  const before = await fleet.git("status", "--porcelain", "-uall");
  for (const [argv, message] of cases) {
    const { code, err } = await service(fleet, "new", ...argv);
    assert.equal(code, 3, err);
    assert.match(err, message);
  }
  assert.equal(await fleet.git("status", "--porcelain", "-uall"), before);
});

test("new: what the text still wants is said", async (t) => {
  const { code, err } = await service(await sampleFleet(t), "new", "tls", "--kind", "x509-cert", "--machine", "web01");
  assert.equal(code, 0);
  assert.match(err, /still wrong: vars\/web01\/tls depends on ca, and there is no service/);
  assert.doesNotMatch(err, /secrets generate/);
});

/** With a shell script as the editor; `$1` in it is the file. */
async function edit(fleet: Sample, name: string, script: string) {
  const editor = join(dirname(fleet.root), "editor.sh");
  await writeFile(editor, `#!/bin/sh\nset -e\n${script}\n`);
  await chmod(editor, 0o755);
  const { code, stderr } = await fleet.secrets(["service", "edit", name], { env: { SECRETS_EDITOR: editor } });
  return { code, err: stderr };
}

test("edit: by name, address or path; what is sound is written, the rest of the fleet stays as it is", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS, bad: "kind: random\n" });
  for (const [i, name] of ["ca", "vars/shared/ca", "vars/services/ca.yaml"].entries()) {
    const { code, err } = await edit(
      fleet,
      name,
      `sed -i '/^options/d' "$1"; echo "options: { days: ${i + 1} }" >> "$1"`,
    );
    assert.equal(code, 0, err);
    assert.match(err, /done: edit vars\/services\/ca\.yaml\nnext: secrets generate --dry-run\n$/);
    assert.equal(await fleet.read("vars/services/ca.yaml"), `${CA}options: { days: ${i + 1} }\n`);
  }
  // A definition that is wrong is what has to be edited.
  assert.equal((await edit(fleet, "bad", `echo "machines: [web01]" >> "$1"`)).code, 0);
});

test("edit: a text with faults comes back with them in it, and is kept when it is given up; nothing is written", async (t) => {
  const fleet = await fleetWith(t, { ca: CA });
  const seen = join(dirname(fleet.root), "seen");
  const wrong = `cp "$1" ${seen}; echo "machine: [web01]" >> "$1"; echo "x: 1" >> "$1"`;
  const { code, err } = await edit(fleet, "ca", `if grep -q x: "$1"; then cp "$1" ${seen}; else ${wrong}; fi`);
  assert.notEqual(code, 0);
  assert.match(err, /there is no "machine" here[\s\S]*did you mean machines\?[\s\S]*your text is kept/);
  assert.match(
    await readFile(seen, "utf8"),
    /^#!! .*there is no "machine" here[\s\S]*^#!! there is no "x" here$[\s\S]*^x: 1$/m,
  );
  assert.equal(await fleet.read("vars/services/ca.yaml"), CA);
  const kept = /your text is kept [^:]*: (\S+)/.exec(err)?.[1] ?? "";
  assert.equal(await readFile(kept, "utf8"), `${CA}machine: [web01]\nx: 1\n`);
  await rm(dirname(dirname(kept)), { recursive: true });
});

test("edit: a cycle that the text closes is a fault of it, wherever the cycle is told; what others miss then is a note", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS, a: "machines: [web01]\nkind: random\ndependencies: [z]\n" });
  await write(fleet, "z", "machines: [web01]\nkind: random\n");
  const closed = await edit(fleet, "z", `grep -q depend "$1" || echo "dependencies: [a]" >> "$1"`);
  assert.match(closed.err, /in a cycle: vars\/web01\/a → vars\/web01\/z → vars\/web01\/a/);
  assert.equal(await fleet.read("vars/services/z.yaml"), "machines: [web01]\nkind: random\n");
  const { code, err } = await edit(fleet, "ca", `printf 'machines: [studio]\\nkind: x509-ca\\n' > "$1"`);
  assert.equal(code, 0);
  assert.match(err, /note: another definition does not fit to it any more\nnext: secrets service check/);
});

test("edit: an editor that fails, empties or removes its file changes nothing; nor does a name that is none", async (t) => {
  const fleet = await fleetWith(t, { ca: CA });
  await symlink("ca.yaml", join(fleet.root, "vars/services/link.yaml"));
  const cases: readonly (readonly [name: string, script: string, code: number, message: RegExp])[] = [
    ["ca", "exit 1", 2, /E_EDITOR_FAILED/],
    [
      "ca",
      `: > "$1"`,
      0,
      /the text was empty; nothing was saved; to remove the definition: git rm vars\/services\/ca\.yaml/,
    ],
    ["ca", `rm "$1"`, 0, /removed its file/],
    ["ca", "true", 2, /E_EDITOR_RETURNED/],
    ["cb", "exit 1", 3, /there is no service cb[\s\S]*did you mean ca\?/],
    ["../ca", "exit 1", 3, /there is no service \.\.\/ca/],
    ["link", "exit 1", 2, /E_/],
  ];
  for (const [name, script, expected, message] of cases) {
    const { code, err } = await edit(fleet, name, script);
    assert.match(err, message);
    assert.equal(code, expected, err);
    assert.equal(await fleet.read("vars/services/ca.yaml"), CA);
  }
});

test("names of services are completed, faulty ones as well, and nothing is said", async (t) => {
  const fleet = await fleetWith(t, { ca: CA, tls: TLS, token: "kind: no\n" });
  await writeFile(join(fleet.root, "flake.nix"), "{ outputs = _: { }; }\n");
  const complete = async (...words: string[]) => {
    const { stdout, stderr } = await fleet.secrets(["__complete", "--", ...words]);
    assert.equal(stderr, "");
    return stdout.toString().trim().split("\n").sort();
  };
  assert.deepEqual(await complete("service", "edit", "t"), ["tls", "token"]);
  assert.deepEqual(await complete("service", "show", "vars/"), ["vars/db01/tls", "vars/shared/ca", "vars/web01/tls"]);
  assert.deepEqual(await complete("generate", "--service", "c"), ["ca"]);
  assert.deepEqual(await complete("service", "new", "x", "--kind", "x509"), ["x509-ca", "x509-cert"]);
});
