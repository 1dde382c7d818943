import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CATALOGUE } from "../../../src/actions/check/catalogue.ts";
import { checkFleet } from "../../../src/actions/check.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround, unpackFixture } from "../../fleet/memory-ground.ts";
import { CASES } from "./cases.ts";
import { changed, findingsOf, SAMPLE, textOf } from "./sample-files.ts";

const TOKEN = "vars/per-machine/web01/acme/dns-token";

test("the sample fleet has one finding, the one that was put there", async () => {
  const report = await checkFleet(await loadFleet(memoryGround(changed({}))));
  assert.deepEqual(report.documents, { vars: 25, files: 5 });
  assert.deepEqual(report.findings, [
    {
      code: "reader-drift",
      severity: "error",
      path: "secrets/services/mailer.env",
      message: "db01 should read it and cannot",
      fix: "secrets sync secrets/services/mailer.env",
      missing: [{ recipient: /&db01 (age1\S+)/.exec(textOf(".sops.yaml"))?.[1], name: "db01" }],
    },
  ]);
});

test("the fleet that clan wrote has none", async () => {
  const report = await checkFleet(await loadFleet(memoryGround(unpackFixture("golden/clan/sops-repo.tgz"))));
  assert.deepEqual(report, { schemaVersion: 1, documents: { vars: 9, files: 0 }, findings: [] });
});

for (const [what, changes, ...expected] of CASES) {
  test(what, async () => {
    const findings = await findingsOf(changes);
    assert.deepEqual(
      findings.map(({ code, path }) => `${path} ${code}`),
      expected.map(([code, path]) => `${path} ${code}`).sort(),
    );
    for (const [code, path, message] of expected) {
      assert.match(findings.find((one) => one.code === code && one.path === path)?.message ?? "", message);
    }
    assert.doesNotMatch(JSON.stringify(findings), /hunter2/, "a finding never holds a value");
  });
}

test("every code has a case here, but those that need a key, a file that cannot be read, or Nix", () => {
  const tried = new Set<string>(CASES.flatMap(([, , ...expected]) => expected.map(([code]) => code)));
  const nix = ["machine-unregistered", "machine-keyless", "machine-without-module", "machine-namespace", "nix-unsure"];
  const elsewhere = ["mac", "cannot-open", "machine-key", "name", "unreadable", ...nix];
  assert.deepEqual(
    Object.keys(CATALOGUE).filter((code) => !tried.has(code) && !elsewhere.includes(code)),
    [],
  );
});

test("a name that no address can hold is told", async () => {
  const findings = await findingsOf({ "sops/users/-rf/key.json": textOf("sops/users/ada/key.json") });
  assert.ok(findings.some(({ code }) => code === "name"));
});

test("the order in which files are listed does not show", async () => {
  const files = changed({ [`${TOKEN}/value`]: "x", [`${TOKEN}/users/loop`]: { link: "loop" } });
  const report = await checkFleet(await loadFleet(memoryGround(files)));
  const count = Object.keys(files).length;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(), { minLength: count, maxLength: count }), async (weights) => {
      const shuffled = memoryGround(files, (list) =>
        list
          .map((one, i) => ({ one, weight: weights[i] ?? 0 }))
          .sort((a, b) => a.weight - b.weight)
          .map(({ one }) => one),
      );
      assert.deepEqual(await checkFleet(await loadFleet(shuffled)), report);
    }),
    { numRuns: 5 },
  );
});

test("paths narrow the findings to what is at or below them", async () => {
  const fleet = await loadFleet(memoryGround(changed({ [`${TOKEN}/value`]: "x" })));
  const under = async (...paths: string[]) => (await checkFleet(fleet, { paths })).findings.map(({ path }) => path);
  assert.deepEqual(await under("secrets"), [SAMPLE.drift.path]);
  assert.deepEqual(await under(`${TOKEN}/value`, "secrets/"), [SAMPLE.drift.path, `${TOKEN}/value`]);
  assert.deepEqual(await under("", "secrets/users"), [SAMPLE.drift.path, `${TOKEN}/value`], "the root is everything");
  assert.deepEqual(await under("vars/web01/acme"), [`${TOKEN}/value`], "an address will do");
  for (const nothing of ["secret", "secrets/user", "vars/web01/acm", ".."]) {
    await assert.rejects(under(nothing), { code: "E_NOT_FOUND" }, "what is not there is not clean");
  }
});

test("a fix can be pasted into a shell whatever the file is called", async () => {
  const path = "secrets/services/$(id) 'x'.json";
  const [finding] = await findingsOf({ [path]: "{}" });
  assert.equal(finding?.fix, "sops encrypt -i 'secrets/services/$(id) '\\''x'\\''.json'");
});
