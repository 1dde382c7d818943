/** The workflows under `examples/ci/`, step by step as a runner does them, and the scripts of their README. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { MACHINES, PEOPLE } from "../../src/actions/demo/sample-fleet.ts";
import { documentsOf, openedWith } from "./ci-examples/opened.ts";
import { actionOf } from "./ci-examples/runner.ts";
import { addCi, makeOld, type SharedFleet, sharedFleet } from "./ci-examples/shared-fleet.ts";
import { onlyJob, readExample, readWorkflow, shellOf } from "./ci-examples/workflow.ts";

const FORGES = ["github", "forgejo"] as const;
const JOBS = ["check.yml", "rotate-data-keys.yml"];
const README = { github: "### GitHub", forgejo: "### Forgejo and Gitea" } as const;

for (const forge of FORGES) {
  test(`${forge}: a workflow may do what it has to and no more`, () => {
    assert.deepEqual(readdirSync(new URL(`../../examples/ci/${forge}/`, import.meta.url)).sort(), JOBS);
    for (const file of JOBS) {
      const workflow = readWorkflow(`${forge}/${file}`);
      const { permissions, steps } = onlyJob(workflow);
      const scheduled = file === "rotate-data-keys.yml";
      assert.deepEqual(
        Object.keys(workflow.on),
        scheduled ? ["schedule", "workflow_dispatch"] : ["push", "pull_request"],
      );
      assert.deepEqual(workflow.permissions, scheduled ? {} : { contents: "read" });
      assert.deepEqual(permissions, scheduled ? { contents: "write" } : undefined);
      assert.equal(workflow.concurrency["cancel-in-progress"], !scheduled);
      for (const step of steps) {
        if ("uses" in step) {
          actionOf(step);
          continue;
        }
        // What a runner puts into a script is run, whoever wrote it.
        assert.ok(!step.run.includes("${{"), step.name);
        assert.ok(!step.run.includes("pull_request"), step.name);
        const needsKey = /secrets rotate/.test(step.run);
        assert.deepEqual(step.env, needsKey ? { SOPS_AGE_KEY: "${{ secrets.SOPS_AGE_KEY }}" } : undefined, step.name);
      }
    }
  });

  test(`${forge}: what is installed is what npm pack makes`, () => {
    const { name, version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    for (const file of [`${forge}/check.yml`, `${forge}/rotate-data-keys.yml`, "README.md"]) {
      const packed = [...readExample(file).matchAll(/tools\/[\w.-]+\.tgz/g)].map(String);
      assert.deepEqual([...new Set(packed)], [`tools/${name}-${version}.tgz`], file);
    }
  });

  test(`${forge}: the check passes on a clean fleet, and fails with an annotation on one with drift`, async (t) => {
    const fleet = await sharedFleet(t);
    const clean = await fleet.job(`${forge}/check.yml`);
    assert.equal(clean.code, 0, clean.log);
    assert.doesNotMatch(clean.log, /^::(error|warning)/m);
    await addDrift(fleet);
    const { code, failed, log } = await fleet.job(`${forge}/check.yml`);
    assert.equal(code, 1, log);
    assert.equal(failed, "Is every reader the one that should read?");
    assert.match(
      log,
      /^::error file=secrets\/users\/ada\.sops\.yaml,title=reader-drift::bruno should read it and cannot/m,
    );
  });

  test(`${forge}: the scheduled job pushes one commit with new data keys, and later nothing`, async (t) => {
    const fleet = await sharedFleet(t);
    const ci = await addCi(fleet);
    await makeOld(fleet, 100);
    const value = await getAsAda(fleet);
    const readers = await readersOf(fleet, ci);
    const before = await Promise.all(readers.map((reader) => openedWith(fleet.root, reader)));
    const start = await fleet.head();
    const { code, log } = await fleet.job(`${forge}/rotate-data-keys.yml`, ci);
    assert.equal(code, 0, log);
    assert.ok(!log.includes("AGE-SECRET-KEY"), "an identity is in the log");
    await fleet.git("pull", "--quiet", "--ff-only");
    assert.equal(await fleet.git("rev-list", "--count", `${start}..HEAD`), "1\n");
    const changed = (await fleet.git("diff", "--name-only", start, "HEAD")).trimEnd().split("\n");
    assert.deepEqual(changed.sort(), documentsOf(fleet.root));
    assert.equal(await fleet.git("diff", "--summary", start, "HEAD"), "", "a mode or a kind of file has changed");
    const after = await Promise.all(readers.map((reader) => openedWith(fleet.root, reader)));
    for (const [index, opened] of before.entries()) {
      assert.ok(opened.size > 0);
      assert.deepEqual([...(after[index]?.keys() ?? [])], [...opened.keys()]);
      for (const [path, { plain, dataKey }] of opened) {
        const now = after[index]?.get(path);
        assert.ok(now?.plain === plain, `${path} holds something else`);
        assert.ok(now?.dataKey !== dataKey, `${path} has its old data key`);
      }
    }
    assert.equal(await getAsAda(fleet), value);
    const again = await fleet.job(`${forge}/rotate-data-keys.yml`, ci);
    assert.equal(again.code, 0, again.log);
    assert.match(again.log, /nothing to do/);
    assert.equal(await fleet.head(), (await fleet.git("rev-parse", "HEAD")).trim());
  });

  test(`${forge}: without the secret the scheduled job fails and names it`, async (t) => {
    const fleet = await sharedFleet(t);
    const start = await fleet.head();
    const { code, failed, log } = await fleet.job(`${forge}/rotate-data-keys.yml`);
    assert.notEqual(code, 0);
    assert.equal(failed, "Make new data keys");
    assert.match(log, /SOPS_AGE_KEY: is not there: add the identity of ci to the secrets of this repository/);
    assert.equal(await fleet.head(), start);
  });

  test(`${forge}: the scheduled job changes nothing when there is a document that ci cannot open`, async (t) => {
    const fleet = await sharedFleet(t);
    const ci = await addCi(fleet);
    const revoked = await fleet.shell("secrets revoke ci secrets/users/bruno.sops.yaml --yes --commit");
    assert.equal(revoked.code, 0, revoked.log);
    await makeOld(fleet, 100);
    const start = await fleet.head();
    const { code, failed, log } = await fleet.job(`${forge}/rotate-data-keys.yml`, ci);
    assert.equal(code, 4, log);
    assert.equal(failed, "Make new data keys");
    assert.match(log, /secrets\/users\/bruno\.sops\.yaml/);
    assert.equal(await fleet.head(), start);
  });

  test(`${forge}: the key of CI is rotated as the README says`, async (t) => {
    const fleet = await sharedFleet(t);
    const old = await addCi(fleet);
    const before = await openedWith(fleet.root, old);
    assert.equal(before.size, documentsOf(fleet.root).length);
    const start = await fleet.head();
    const { code, log } = await fleet.shell(shellOf(README[forge]), {
      FORGE: "https://forge.example.org",
      FORGE_TOKEN: "a-token",
      REPOSITORY: "team/fleet",
    });
    assert.equal(code, 0, log);
    assert.ok(!log.includes("AGE-SECRET-KEY") && !log.includes("a-token"), "a secret is in the log");
    assert.deepEqual(await readdir(fleet.memory), [], "a key was left behind");
    const handed = forge === "github" ? await fleet.kept("gh") : await handedToForgejo(fleet);
    assert.notEqual(handed, old);
    assert.equal(await fleet.git("rev-list", "--count", `${start}..origin/main`), "2\n");
    assert.equal(await fleet.head(), (await fleet.git("rev-parse", "HEAD")).trim());
    assert.equal((await openedWith(fleet.root, old)).size, 0, "the old key opens something");
    const after = await openedWith(fleet.root, handed);
    assert.deepEqual(
      [...after].map(([path, { plain }]) => [path, plain]),
      [...before].map(([path, { plain }]) => [path, plain]),
    );
    const check = await fleet.job(`${forge}/check.yml`);
    assert.equal(check.code, 0, check.log);
  });
}

test("should handing over fail, the old key opens everything, and the rotation can begin anew", async (t) => {
  const fleet = await sharedFleet(t);
  const old = await addCi(fleet);
  const rotation = shellOf(README.github);
  const failed = await fleet.shell(`gh() { return 1; }\n${rotation}`);
  assert.equal(failed.code, 1, failed.log);
  assert.equal((await openedWith(fleet.root, old)).size, documentsOf(fleet.root).length);
  const [, added] = /^new key: (age1\w+)$/m.exec(failed.log) ?? [];
  const again = await fleet.shell(`secrets user rm-key ci ${added} --yes --commit && ${rotation}`);
  assert.equal(again.code, 0, again.log);
  assert.equal((await openedWith(fleet.root, await fleet.kept("gh"))).size, documentsOf(fleet.root).length);
});

async function addDrift(fleet: SharedFleet): Promise<void> {
  const rules = await fleet.read(".sops.yaml");
  await writeFile(join(fleet.root, ".sops.yaml"), rules.replace(/^( +)- \*studio\n/m, "$&$1- *bruno\n"));
  await fleet.git("commit", "--quiet", "--all", "--message", "Let bruno read what is ada's");
  await fleet.git("push", "--quiet");
}

/** The identities of CI, of each person, and of each machine. */
async function readersOf({ root, keyOf }: SharedFleet, ci: string): Promise<string[]> {
  const people = await Promise.all(PEOPLE.map((person) => readFile(keyOf(person), "utf8")));
  const sealed = [...(await openedWith(root, ci))].filter(([path]) => path.endsWith("-age.key/secret"));
  assert.equal(sealed.length, MACHINES.length);
  return [ci, ...people, ...sealed.map(([, { plain }]) => plain)];
}

async function getAsAda({ secrets }: SharedFleet): Promise<string> {
  const { code, stdout, stderr } = await secrets(["get", "vars/web01/acme/dns-token"]);
  assert.equal(code, 0, stderr);
  return stdout.toString("utf8");
}

async function handedToForgejo({ kept }: SharedFleet): Promise<string> {
  const lines = (await kept("curl")).split("\n");
  const body = lines[lines.indexOf("--data-binary") + 1] ?? "";
  assert.ok(lines.includes("Authorization: token a-token"));
  assert.equal(lines[lines.indexOf("--request") + 1], "PUT");
  assert.ok(lines.includes("https://forge.example.org/api/v1/repos/team/fleet/actions/secrets/SOPS_AGE_KEY"));
  return JSON.parse(body).data;
}
