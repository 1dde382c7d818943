/** The sample fleet with one thing wrong in it, and what `check` says of that. */
import { type Changes, textOf } from "./sample-files.ts";

const ADA = "secrets/users/ada.sops.yaml";
const TOKEN = "vars/per-machine/web01/acme/dns-token";
const LIST = "sops/renewals/2026-03-01-bruno.yaml";
const RULES = textOf(".sops.yaml");
const keyOf = (name: string) => new RegExp(`&${name} (age1\\S+)`).exec(RULES)?.[1] ?? "";
const OTHER = "age146tazqu9th2vfm6k2hqdr8080zphg79x35n8a6j2gjunq30t6vrsrmh4lx";
const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq";

/** What is done to the fleet, and the findings that it has then: code, path, and a piece of the message. */
export const CASES: readonly (readonly [
  what: string,
  changes: Changes,
  ...findings: (readonly [string, string, RegExp])[],
])[] = [
  [
    "a value waits for a new one",
    {
      [LIST]: `version: 1\nreason: r\nsince: s\nvalues:\n  vars/web01/acme/gone: ${"0".repeat(64)} ${"0".repeat(16)} 7 -\n`,
    },
    ["renewal-open", LIST, /^vars\/web01\/acme\/gone is not there any more; on the list since s: r$/],
  ],
  [
    "a list of renewals is none",
    { [LIST]: "values: everything\n" },
    ["renewal-list", LIST, /^this list of renewals cannot be read: version is missing/],
  ],
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
    "a last rule for everything takes files all over the repository",
    {
      ".github/workflows/ci.yaml": "on: push\n",
      ".github/workflows/cd.yaml": "on: push\n",
      "kubernetes/a.yaml": "kind: A\n",
      "kubernetes/b.yaml": "kind: B\n",
      ".sops.yaml": `${RULES}\n  - path_regex: .*\\.yaml$\n    key_groups:\n      - age:\n          - *ada\n`,
    },
    ["maybe-not-encrypted", ".sops.yaml", /covers 4 files in clear all over the repository/],
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
  [
    "a document is cut off before its metadata",
    { [ADA]: textOf(ADA).slice(0, 700) },
    ["document", ADA, /sealed values/],
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
  [
    "a definition of a service that cannot be used, and one that reads what nothing makes",
    {
      "vars/services/token.yaml": "machines: [web01]\nkind: rendom\n",
      "vars/services/tls.yaml": "machines: [web01, db01]\nkind: random\ndependencies: [ca, token]\n",
    },
    ["service-definition", "vars/services/token.yaml", /^kind: kind has to be one of .*; did you mean random\?$/],
    [
      "service-definition",
      "vars/services/tls.yaml",
      /^dependencies\/ca: vars\/db01\/tls depends on ca, and there is no/,
    ],
  ],
  [
    "a definition that reads what may be in the flake, under a rule for all YAML: nothing is wrong with either",
    {
      "flake.nix": "{ outputs = _: { }; }",
      "vars/services/tls.yaml": "machines: [web01]\nkind: random\ndependencies: [ca]\n",
      "vars/services/.schema.json": "{}",
      "vars/services/index.json": "{}",
      ".sops.yaml": `${RULES}  - path_regex: ^vars/.*\\.(yaml|json)$\n    age: ${keyOf("ada")}\n`,
    },
    ["rule-unused", ".sops.yaml", /./],
  ],
];
