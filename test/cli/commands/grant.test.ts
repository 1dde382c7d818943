/** `grant` and `revoke` as a person types them. What they plan is tried in test/actions/grant.test.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Sample, sampleFleet } from "../sample.ts";

const MONITORING = "secrets/services/monitoring.json";
const clean = async (fleet: Sample) => assert.equal(await fleet.git("status", "--porcelain"), "");

test("documents are named from where the person stands, and the line that says what was done names them", async (t) => {
  const fleet = await sampleFleet(t);
  const granted = await fleet.secrets(["grant", "web01", "monitoring.json", "--yes"], { cwd: "secrets/services" });
  assert.equal(granted.code, 0, granted.stderr);
  assert.match(granted.stderr, /^done: grant machines\/web01 secrets\/services\/monitoring\.json$/m);
  assert.equal(granted.stdout.toString(), "");
  const again = await fleet.secrets(["grant", "web01", MONITORING, "--yes"]);
  assert.deepEqual([again.code, again.stderr], [0, "machines/web01 reads it already; nothing to do\n"]);
  const revoked = await fleet.secrets(["revoke", "web01", MONITORING, "--yes"]);
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.match(revoked.stderr, /^done: revoke machines\/web01 from secrets\/services\/monitoring\.json$/m);
  assert.match(revoked.stderr, /^next: 2 values could be read before and are still the same/m);
  const never = await fleet.secrets(["revoke", "web01", MONITORING, "--yes"]);
  assert.deepEqual([never.code, never.stderr], [0, "machines/web01 does not read it; nothing to do\n"]);
});

test("--json is the plan and nothing else on stdout; it never holds a value", async (t) => {
  const fleet = await sampleFleet(t);
  const { code, stdout } = await fleet.secrets(["revoke", "backup01", MONITORING, "--yes", "--json"]);
  assert.equal(code, 0);
  const data = JSON.parse(stdout.toString());
  assert.deepEqual(
    [data.applied, data.exposed, data.documents.length],
    [true, [`${MONITORING}#webhook`, `${MONITORING}#pager/key`], 1],
  );
  assert.equal(data.documents[0].removed[0].name, "backup01");
  assert.ok(!stdout.includes("chat.example.org"));
});

test("a shared rule is asked about, and without a terminal the flags that would answer are named", async (t) => {
  const fleet = await sampleFleet(t);
  const made = await fleet.secrets(["set", "secrets/services/pager.json#key", "-"], { stdin: "value" });
  assert.equal(made.code, 0, made.stderr);
  await fleet.git("add", "--all");
  await fleet.git("commit", "--quiet", "-m", "Pager");
  const { code, stderr } = await fleet.secrets(["grant", "web01", MONITORING, "--yes"]);
  assert.equal(code, 3);
  assert.match(stderr, /E_RULE_SHARED/);
  assert.match(stderr, /this rule decides for 1 more than secrets\/services\/monitoring\.json/);
  assert.match(stderr, /--own-rule .*--whole-rule/);
  await clean(fleet);
  assert.equal((await fleet.secrets(["grant", "web01", MONITORING, "--own-rule", "--whole-rule", "-n"])).code, 3);
  const paths = async (flag: string) => {
    const outcome = await fleet.secrets(["grant", "web01", MONITORING, flag, "-n", "--json"]);
    return JSON.parse(outcome.stdout.toString()).documents.map(({ path }: { path: string }) => path);
  };
  assert.deepEqual(await paths("--own-rule"), [MONITORING]);
  assert.deepEqual(await paths("--whole-rule"), [MONITORING, "secrets/services/pager.json"]);
});

test("what cannot be done has its code and its exit code, and changes nothing", async (t) => {
  const fleet = await sampleFleet(t);
  for (const [argv, status, code] of [
    [["grant", "nobody", MONITORING], 2, "E_NOT_FOUND"],
    [["grant", "ada", "secrets/nowhere.yaml"], 2, "E_NOT_FOUND"],
    [["grant", "ada", `${MONITORING}#webhook`], 3, "E_ADDRESS"],
    [["grant", "ada\u001b[31m\n", MONITORING], 2, "E_NOT_FOUND"],
    [["grant", "ada"], 3, ""],
    [["revoke", "bruno", "vars/web01/acme/dns-token"], 2, "E_STILL_READS"],
    [["revoke", "groups/admins", "vars/web01/acme/dns-token"], 2, "E_LAST_PERSON"],
  ] as const) {
    const outcome = await fleet.secrets([...argv, "--yes"]);
    assert.equal(outcome.code, status, `${argv.join(" ")}: ${outcome.stderr}`);
    assert.ok(outcome.stderr.includes(code), outcome.stderr);
    assert.ok(!outcome.stderr.includes("\u001b"));
  }
  await clean(fleet);
});
