import assert from "node:assert/strict";
import { test } from "node:test";
import { CATALOGUE } from "../../../src/actions/check/catalogue.ts";
import { checkFleet } from "../../../src/actions/check.ts";
import { loadFleet } from "../../../src/fleet/fleet.ts";
import { memoryGround, unpackFixture } from "../../fleet/memory-ground.ts";
import { type Changes, changed, findingsOf, SAMPLE, textOf } from "./sample-files.ts";

const ADA = "secrets/users/ada.sops.yaml";
const TOKEN = "vars/per-machine/web01/acme/dns-token";
const RULES = textOf(".sops.yaml");
const keyOf = (name: string) => new RegExp(`&${name} (age1\\S+)`).exec(RULES)?.[1] ?? "";
const OTHER = "age146tazqu9th2vfm6k2hqdr8080zphg79x35n8a6j2gjunq30t6vrsrmh4lx";
const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq";

test("the sample fleet has one finding, the one that was put there", async () => {
  const report = await checkFleet(await loadFleet(memoryGround(changed({}))));
  assert.deepEqual(report.documents, { vars: 25, files: 5 });
  assert.deepEqual(report.findings, [
    {
      code: "reader-drift",
      severity: "error",
      path: "secrets/services/mailer.env",
      message: "db01 should read it and cannot",
      fix: "sops updatekeys secrets/services/mailer.env",
      missing: [{ recipient: keyOf("db01"), name: "db01" }],
    },
  ]);
});

test("the fleet that clan wrote has none", async () => {
  const report = await checkFleet(await loadFleet(memoryGround(unpackFixture("golden/clan/sops-repo.tgz"))));
  assert.deepEqual(report, { schemaVersion: 1, documents: { vars: 9, files: 0 }, findings: [] });
});

/** What is done to the fleet, and the findings that it has then: code, path, and a piece of the message. */
const CASES: readonly (readonly [
  what: string,
  changes: Changes,
  ...findings: (readonly [string, string, RegExp])[],
])[] = [
  [
    "a machine's link is gone: it can read and should not",
    { [`${TOKEN}/machines/web01`]: undefined },
    ["reader-drift", `${TOKEN}/secret`, /^web01 can read it and should not$/],
  ],
  [
    "a link more: the machine should read and cannot",
    { [`${TOKEN}/machines/db01`]: { link: "../../../../../../sops/machines/db01" } },
    ["reader-drift", `${TOKEN}/secret`, /^db01 should read it and cannot$/],
  ],
  [
    "a file that a rule covers lies in clear",
    { "secrets/services/new.json": '{"token": "x"}' },
    ["not-encrypted", "secrets/services/new.json", /\.sops\.yaml:\d+ covers it/],
  ],
  [
    "a rule covers a picture",
    { "secrets/services/logo.json/x.png": "PNG", ".sops.yaml": RULES.replace(".*\\.json$", ".*\\.(json|png)$") },
    ["maybe-not-encrypted", "secrets/services/logo.json/x.png", /matches it by accident/],
  ],
  [
    "a value was put in clear by hand",
    { [ADA]: textOf(ADA).replace(/user: ENC.*/, "user: hunter2") },
    ["clear-value", ADA, /^github\/user stands in clear; take it out/],
  ],
  [
    "a comment was put in clear by hand",
    { [ADA]: textOf(ADA).replace(/#ENC.*/, "# hunter2") },
    ["clear-comment", ADA, /^a comment in github stands in clear; take it out$/],
  ],
  ["a document is cut off", { [ADA]: textOf(ADA).slice(0, 700) }, ["document", ADA, /./]],
  [
    "a document nobody of the fleet can open",
    { [ADA]: textOf(ADA).replaceAll(/recipient: \S+/g, `recipient: ${SSH}`) },
    ["locked-out", ADA, /nobody of the fleet/],
    ["reader-drift", ADA, /ada, studio should read it and cannot; the unknown key ssh-ed25519 AA…6QQvgq can/],
  ],
  [
    "only a machine can open a document",
    {
      [ADA]: textOf(ADA).replaceAll(keyOf("ada"), keyOf("web01")),
      ".sops.yaml": RULES.replace(/(ada\\.sops\S+\n.*\n.*\n)( +- )\*ada/, "$1$2*web01"),
    },
    ["no-person", ADA, /no person can/],
  ],
  [
    "a rule that wants the key split",
    {
      ".sops.yaml": RULES.replace(
        /(bruno\\\.sops\S+\n.*\n)( +)- age:\n( +)- \*bruno\n/,
        "$1$2- age:\n$3- *bruno\n$2- age:\n$3- *bruno\n",
      ),
    },
    ["group-drift", "secrets/users/bruno.sops.yaml", /any reader opens it alone/],
  ],
  ["a document that no rule covers", { "other/a.yaml": textOf(ADA) }, ["no-rule", "other/a.yaml", /no rule/]],
  [
    "one name, two keys",
    { ".sops.yaml": RULES.replace(keyOf("chiara"), OTHER) },
    ["reader-drift", "secrets/users/chiara.sops.yaml", /^chiara should read it and cannot; chiara can/],
    ["tiers-disagree", "sops/users/chiara/key.json", /chiara has different keys/],
  ],
  [
    "one key, two names",
    { "sops/users/eve/key.json": textOf("sops/users/ada/key.json") },
    ["shared-key", "sops/users/ada/key.json", /^ada, eve have the same key/],
  ],
  [
    "a machine that only .sops.yaml knows",
    { ".sops.yaml": RULES.replace("  # machines\n", `  # machines\n  - &host_nas ${OTHER}\n`) },
    ["one-tier", ".sops.yaml", /nas is known to \.sops\.yaml only/],
  ],
  [
    "a machine with an ssh- recipient",
    { "sops/machines/nas/key.json": JSON.stringify([{ publickey: SSH, type: "age" }]) },
    ["one-tier", "sops/machines/nas/key.json", /nas is known to vars only/],
    ["ssh-machine", "sops/machines/nas/key.json", /sops-nix cannot open/],
  ],
  [
    "vars of a machine that nobody knows",
    { "vars/per-machine/gone/openssh/key.pub/value": "x" },
    ["machine-unknown", "vars/per-machine/gone", /the vars of gone, which is no machine in/],
  ],
  ["a clear value beside a secret", { [`${TOKEN}/value`]: "hunter2" }, ["value-beside-secret", `${TOKEN}/value`, /./]],
  [
    "a dangling link",
    { [`${TOKEN}/users/ghost`]: { link: "../../../../../../sops/users/ghost" } },
    ["link-dangling", `${TOKEN}/users/ghost`, /./],
  ],
  ["a link to itself", { [`${TOKEN}/users/loop`]: { link: "loop" } }, ["link-loop", `${TOKEN}/users/loop`, /./]],
  [
    "a link that is named after another",
    { [`${TOKEN}/machines/db01`]: { link: "../../../../../../sops/users/ada" } },
    ["link-misdirected", `${TOKEN}/machines/db01`, /./],
  ],
  [
    "a link out of the repository",
    { [`${TOKEN}/users/out`]: { link: "../../../../../../../../etc/passwd" } },
    ["link-escapes", `${TOKEN}/users/out`, /./],
  ],
  [
    "a file where a link should be",
    { [`${TOKEN}/users/chiara`]: "x" },
    ["link-expected", `${TOKEN}/users/chiara`, /./],
  ],
  [
    "a link where a key file should be",
    { "sops/users/eve/key.json": { link: "../ada/key.json" } },
    ["link-unexpected", "sops/users/eve/key.json", /./],
  ],
  [
    "readers of nothing",
    { "vars/per-machine/web01/failed/x/machines/web01": { link: "../../../../../../sops/machines/web01" } },
    ["links-without-secret", "vars/per-machine/web01/failed/x", /./],
  ],
  ["a key file that is none", { "sops/users/eve/key.json": "{" }, ["key-json", "sops/users/eve/key.json", /./]],
  ["a user without a key", { "sops/users/eve/note": "x" }, ["key-missing", "sops/users/eve", /./]],
  ["rules that are no YAML", { ".sops.yaml": "creation_rules: [" }, ["config", ".sops.yaml", /./]],
  [
    "an expression that Go refuses",
    { ".sops.yaml": RULES.replace("^secrets/services/.*\\.json$", "(?=x)") },
    ["rule", ".sops.yaml", /./],
  ],
  [
    "a rule behind one that matches all",
    { ".sops.yaml": `${RULES}  - age: ${keyOf("ada")}\n  - path_regex: ^late/\n    age: ${keyOf("ada")}\n` },
    ["rule-unreachable", ".sops.yaml", /can never decide: the one in line \d+/],
    ["rule-unused", ".sops.yaml", /./],
  ],
  [
    "an expression without ^ that decides in two folders",
    {
      ".sops.yaml": RULES.replace("^secrets/users/chiara\\.sops\\.yaml$", "users/chiara"),
      "old/users/chiara.sops.yaml": textOf("secrets/users/chiara.sops.yaml"),
    },
    ["rule-unanchored", ".sops.yaml", /decides documents in old\/, secrets\//],
  ],
  ["a secret of clan in clear", { [`${TOKEN}/secret`]: "hunter2" }, ["not-encrypted", `${TOKEN}/secret`, /./]],
];

for (const [what, changes, ...expected] of CASES) {
  test(what, async () => {
    const findings = await findingsOf(changes);
    for (const [code, path, message] of expected) {
      const found = findings.find((finding) => finding.code === code && finding.path === path);
      assert.ok(found, `${code} at ${path}, among ${JSON.stringify(findings.map((one) => [one.code, one.path]))}`);
      assert.match(found.message, message);
      assert.notEqual(found.fix, "");
    }
    // Nothing else but what follows from it: a file that cannot be read may leave others without readers.
    const told = new Set(expected.map(([code]) => code));
    const follows = new Set(["one-tier", "no-rule", "locked-out", "reader-drift", "rule-unused", "document"]);
    for (const { code, path } of findings)
      assert.ok(told.has(code as never) || follows.has(code), `${code} at ${path}`);
    assert.doesNotMatch(JSON.stringify(findings), /hunter2/, "a finding never holds a value");
  });
}

test("every code of the catalogue has a case here, but those that need a key and a file that cannot be read", () => {
  const tried = new Set<string>(CASES.flatMap(([, , ...expected]) => expected.map(([code]) => code)));
  const elsewhere = ["mac", "cannot-open", "machine-key", "name", "unreadable"];
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
  for (let turn = 0; turn < 3; turn++) {
    const shuffled = memoryGround(files, (list) =>
      list
        .map((one) => ({ one, at: Math.random() }))
        .sort((a, b) => a.at - b.at)
        .map(({ one }) => one),
    );
    assert.deepEqual(await checkFleet(await loadFleet(shuffled)), report);
  }
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
