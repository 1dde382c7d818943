/** The commands that only look: status, ls, access, explain, doctor, completion. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { secrets, temporaryDirectory } from "../harness.ts";
import { sampleFleet } from "../sample.ts";

test("status says in five lines what is here and what to do next", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout } = await fleet.secrets([]);
  assert.equal(code, 0);
  assert.deepEqual(stdout.toString().trimEnd().split("\n"), [
    "documents  25 in vars, 5 in files, 8 public values",
    "principals 3 people, 4 machines, 1 group",
    "drift      1 document with other readers than policy names",
    "you        ada: your keys open 28 of 30 documents",
    "next       secrets check shows what is wrong and how to mend it",
  ]);
  const stranger = await fleet.secrets(["status", "--json"], { env: { SOPS_AGE_KEY_FILE: "" } });
  assert.deepEqual(JSON.parse(stranger.stdout.toString()).me, { names: [], identities: 0, opens: 0 });
});

test("ls names every secret of both tiers with its readers, without any key", async (t) => {
  const fleet = await sampleFleet(t);
  const { stdout } = await fleet.secrets(["ls", "--json"], { env: { SOPS_AGE_KEY_FILE: "" } });
  const { secrets: all } = JSON.parse(stdout.toString()) as {
    secrets: { address: string; kind: string; readers: string[] }[];
  };
  const find = (address: string) => all.find((secret) => secret.address === address);
  assert.deepEqual(find("secrets/users/ada.sops.yaml#github/token")?.readers, ["ada", "studio"]);
  assert.deepEqual(find("vars/web01/secureboot/keys/db/db.key")?.readers, ["ada", "bruno", "web01"]);
  assert.equal(find("vars/web01/wireguard/public-key")?.kind, "public");
  assert.deepEqual(find("sops/secrets/web01-age.key")?.readers, ["ada", "bruno"]);
  const some = await fleet.secrets(["ls", "WEB01*key"]);
  assert.ok(
    some.stdout
      .toString()
      .split("\n")
      .slice(0, -1)
      .every((line) => /web01.*key/.test(line)),
  );
});

test("access shows a matrix, a person's documents, and a document's readers", async (t) => {
  const fleet = await sampleFleet(t);
  const person = await fleet.secrets(["access", "chiara", "--json"]);
  assert.deepEqual(JSON.parse(person.stdout.toString()), {
    schemaVersion: 1,
    principals: [{ name: "chiara", kind: "user" }],
    documents: [{ address: "secrets/users/chiara.sops.yaml", path: "secrets/users/chiara.sops.yaml", access: ["yes"] }],
  });
  const document = await fleet.secrets(["access", "secrets/services/mailer.env"]);
  assert.match(document.stdout.toString(), /^- {2}db01/m, "db01 should read it and cannot");
  const matrix = await fleet.secrets(["access"]);
  assert.equal(
    matrix.stdout
      .toString()
      .split("\n")
      .filter((line) => / (vars|secrets|sops)\//.test(line)).length,
    30,
  );
  const nobody = await fleet.secrets(["access", "chira"]);
  assert.equal(nobody.code, 2);
  assert.match(nobody.stderr, /did you mean chiara/);
});

test("explain tells rule, links, readers, and a file that is not there yet", async (t) => {
  const fleet = await sampleFleet(t);
  const ruled = await fleet.secrets(["explain", "secrets/services/mailer.env"]);
  assert.match(ruled.stdout.toString(), /decided by the first rule that matches: \.sops\.yaml:\d+/);
  assert.match(ruled.stdout.toString(), /db01 +should, does not/);
  assert.match(ruled.stdout.toString(), /ada \(you\) +reads/);
  const linked = await fleet.secrets(["explain", "vars/web01/acme/dns-token"]);
  assert.match(linked.stdout.toString(), /bruno +reads .*groups\/admins/);
  const planned = await fleet.secrets(["explain", "secrets/services/new.json", "--json"]);
  assert.equal(JSON.parse(planned.stdout.toString()).state, "planned");
  assert.equal((await fleet.secrets(["explain", "nowhere"])).code, 2);
});

test("doctor tells where keys were looked for and what each opens, and hides the home in its JSON", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout } = await fleet.secrets(["doctor"]);
  assert.equal(code, 0);
  assert.match(stdout.toString(), /ok SOPS_AGE_KEY_FILE\n +age1\S+ ada, opens 28 of 30 documents/);
  assert.match(stdout.toString(), /scratch/);
  const outside = await secrets(["doctor", "--json"], { cwd: await temporaryDirectory(t) });
  assert.equal(outside.code, 0, outside.stderr);
  const report = JSON.parse(outside.stdout.toString());
  assert.equal(report.documents, undefined);
  assert.equal(report.checks.at(-1).state, "missing");
});

test("completion proposes commands, flags and addresses, one level at a time", async (t) => {
  const fleet = await sampleFleet(t);
  const propose = async (...words: string[]) =>
    (await fleet.secrets(["__complete", "--", ...words])).stdout.toString().split("\n").slice(0, -1);
  assert.deepEqual(await propose("ex"), ["explain", "export"]);
  assert.deepEqual(await propose("get", "vars/we"), ["vars/web01/"]);
  assert.deepEqual(await propose("get", "vars/web01/wireguard/"), [
    "vars/web01/wireguard/private-key",
    "vars/web01/wireguard/public-key",
  ]);
  assert.deepEqual(await propose("get", "secrets/users/ada.sops.yaml#git"), ["secrets/users/ada.sops.yaml#github/"]);
  for (const shell of ["bash", "zsh", "fish"]) {
    assert.match((await fleet.secrets(["completion", shell])).stdout.toString(), /__complete/);
  }
});

test("a place that is no fleet, an unknown command and a wrong flag are told apart", async (t) => {
  const cwd = await temporaryDirectory(t);
  const nowhere = await secrets(["ls"], { cwd });
  assert.equal(nowhere.code, 2);
  assert.match(nowhere.stderr, /E_NO_FLEET[\s\S]*secrets demo/);
  const command = await secrets(["chekc"], { cwd });
  assert.equal(command.code, 3);
  assert.match(command.stderr, /did you mean `?check/);
  const flag = await secrets(["ls", "--jsno"], { cwd });
  assert.equal(flag.code, 3);
  assert.match(flag.stderr, /--json/);
});

test("a directory that was removed under the person is told", async (t) => {
  const cwd = await temporaryDirectory(t);
  const { run } = await import("../../../src/repo/program.ts");
  const main = new URL("../../../src/cli/main.ts", import.meta.url).pathname;
  const script = `mkdir gone && cd gone && rmdir ../gone && exec "$0" "$1" ls`;
  const { code, stderr } = await run(["sh", "-c", script, process.execPath, main], { cwd });
  assert.equal(code, 2);
  assert.match(stderr, /E_NO_FLEET/);
});

test("a reader that closes its end early is no error", async (t) => {
  const fleet = await sampleFleet(t);
  const { run } = await import("../../../src/repo/program.ts");
  const main = new URL("../../../src/cli/main.ts", import.meta.url).pathname;
  const { stderr } = await run(["sh", "-c", `"$0" "$1" ls | head -n 1`, process.execPath, main], { cwd: fleet.root });
  assert.equal(stderr, "");
});
