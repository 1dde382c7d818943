/** What `.sops.yaml` means, as tables: held against our reading in the unit tests, against sops itself in the interop ones. */

export const A = "age1apae8hqf0y748ukhqv265y2nzsn6j0pwgxmr669rk8feekrlrcgqx9lthc";
export const B = "age14gfzmkrjkac23wh4n9sjf3dl4wzhgnrurpkpxknga46ywhyfafwqpkm67d";
export const C = "age1e9yjp2frh7gypht86n7fxk085twd5fd34hu8a936ad8w8rp3944qlzku92";
export const SSH = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO+DUmrtoweXxBXbhVzUU3Gq/fEY+BElmIHsfq6QQvgq";
const FP = "405FA820D1B6A4C2E5F60718293A4B5C6D7E8F90";

export const rules = (...lines: string[]) => `creation_rules:\n${lines.map((line) => `  ${line}\n`).join("")}`;

/** Which rule decides: the line of it. */
export const MATCHES: readonly (readonly [title: string, yaml: string, path: string, line: number | undefined])[] = [
  ["the first that matches", rules(`- path_regex: b`, `  age: ${A}`, `- path_regex: a`, `  age: ${A}`), "ab.yaml", 2],
  ["unanchored", rules("- path_regex: users", `  age: ${A}`), "deep/users/x.yaml", 2],
  ["anchored", rules("- path_regex: ^users/", `  age: ${A}`), "deep/users/x.yaml", undefined],
  ["the end anchored", rules("- path_regex: \\.yaml$", `  age: ${A}`), "x.yaml.bak", undefined],
  ["no path_regex", rules(`- age: ${A}`), "anything", 2],
  ["an empty path_regex", rules('- path_regex: ""', `  age: ${A}`), "anything", 2],
  ["a rule of old sops is without a path", rules("- filename_regex: nothing", `  age: ${A}`), "x", 2],
  ["no rule", "creation_rules: []", "x", undefined],
  ["no rules", `keys: [${A}]`, "x", undefined],
  ["null", "creation_rules:", "x", undefined],
  ["an empty file", "", "x", undefined],
  ["case counts", rules("- path_regex: ^A$", `  age: ${A}`), "a", undefined],
  ["Go syntax", rules("- path_regex: (?i)^[[:alpha:]]+\\z", `  age: ${A}`), "Abc", 2],
  ["a number as an expression", rules("- path_regex: 5", `  age: ${A}`), "5", 2],
  ["an alias as an expression", `x: &p ^a$\n${rules("- path_regex: *p", `  age: ${A}`)}`, "a", 3],
];

/** The keys of the only rule, group by group. */
export const KEYS: readonly (readonly [title: string, yaml: string, groups: readonly (readonly string[])[]])[] = [
  ["one", rules(`- age: ${A}`), [[A]]],
  ["a comma string", rules(`- age: ${A}, ${B},,`), [[A, B]]],
  ["a folded comma string", rules("- age: >-", `    ${A},`, `    ${B}`), [[A, B]]],
  ["a list", rules(`- age: [${A}, ${B}]`), [[A, B]]],
  ["age before pgp, whatever the file's order", rules(`- pgp: ${FP}`, `  age: ${A}`), [[A, FP]]],
  [
    "a fingerprint with blanks and small letters",
    rules(`- pgp: "${FP.toLowerCase().replace(/(.{4})/g, "$1 ")}"`),
    [[FP]],
  ],
  ["an SSH key with a comment", rules(`- age: ${SSH} ada@desk`), [[SSH]]],
  ["an alias to a key", `keys:\n  - &a ${A}\n${rules("- age: *a")}`, [[A]]],
  ["an alias to a list", `keys: &all\n  - ${A}\n  - ${B}\n${rules("- age: *all")}`, [[A, B]]],
  ["the same key twice", rules(`- age: ${A},${A}`), [[A]]],
  ["key_groups", rules("- key_groups:", `  - age: [${A}]`, `    pgp: [${FP}]`), [[A, FP]]],
  ["every dash starts a group", rules("- key_groups:", `  - age: [${A}]`, `  - age: [${B}]`), [[A], [B]]],
  ["key_groups win over flat keys", rules(`- age: ${C}`, "  key_groups:", `  - age: [${A}]`), [[A]]],
  ["empty key_groups do not", rules(`- age: ${C}`, "  key_groups: []"), [[C]]],
  [
    "merge: merged keys first, each once",
    rules("- key_groups:", `  - age: [${A}, ${C}]`, "    merge:", `    - age: [${B}]`, `    - age: [${A}]`),
    [[B, A, C]],
  ],
  [
    "merge within merge",
    rules("- key_groups:", "  - merge:", "    - merge:", `      - age: [${A}]`, `      age: [${B}]`),
    [[A, B]],
  ],
  ["an alias to a group", `g: &g {age: [${A}]}\n${rules("- key_groups: [*g]")}`, [[A]]],
  ["a merge key of YAML", `base: &base\n  age: ${A}\n${rules("- <<: *base", "  path_regex: x")}`, [[A]]],
  ["what the map says itself wins", `base: &base\n  age: ${A}\n${rules("- <<: *base", `  age: ${B}`)}`, [[B]]],
  ["an ARN with a role", rules("- kms: arn:aws:kms:eu:1:key/2+arn:aws:iam::1:role/r"), [["arn:aws:kms:eu:1:key/2"]]],
  [
    "a KMS key in a group",
    rules("- key_groups:", "  - kms:", "    - arn: arn:aws:kms:eu:1:key/2", "      role: r"),
    [["arn:aws:kms:eu:1:key/2"]],
  ],
  ["a vault", rules("- hc_vault_transit_uri: https://v:8200/v1/t/keys/k"), [["https://v:8200/v1/t/keys/k"]]],
  [
    "azure in a group",
    rules("- key_groups:", "  - azure_keyvault:", "    - {vaultUrl: 'https://v', key: k, version: '1'}"),
    [["https://v/keys/k/1"]],
  ],
];

/** What sops refuses, and where we say so. */
export const FAULTS: readonly (readonly [title: string, yaml: string, code: "config" | "rule", line: number])[] = [
  ["not a map", "- a", "config", 1],
  ["rules that are a map", "creation_rules: {a: b}", "config", 1],
  ["a rule that is text", rules("- text"), "config", 2],
  ["a path_regex that is a list", rules(`- path_regex: [a]`, `  age: ${A}`), "config", 2],
  ["key_groups that are a map", rules("- key_groups: {age: [x]}"), "config", 2],
  ["a group's age that is text", rules("- key_groups:", `  - age: ${A}`), "config", 3],
  ["a key in a group that is a list", rules("- key_groups:", `  - age: [[${A}]]`), "config", 3],
  ["a key twice in one map", rules(`- age: ${A}`, `  age: ${B}`), "config", 3],
  ["an alias before its anchor", `${rules("- age: *a")}keys: [&a ${A}]`, "config", 2],
  ["a list within a list", rules(`- age: [[${A}]]`), "rule", 2],
  ["a group without keys", rules("- key_groups:", "  - age: []"), "rule", 2],
  ["a rule without keys", rules("- path_regex: x"), "rule", 2],
  ["two selectors", rules(`- age: ${A}`, "  encrypted_regex: a", "  unencrypted_suffix: b"), "rule", 2],
  ["a recipient with a typing error", rules(`- age: ${A.slice(0, -1)}q`), "rule", 2],
  ["a private key", rules("- age: AGE-SECRET-KEY-1QQQQQQ"), "rule", 2],
  ["a PGP key by its owner's name", rules("- pgp: ada@example.org"), "rule", 2],
  ["a threshold that is text", rules(`- age: ${A}`, "  shamir_threshold: two"), "config", 2],
  ["broken YAML", "creation_rules:\n  - {", "config", 2],
  ["a tab", "creation_rules:\n\t- a: b", "config", 2],
  ["deep nesting", `a: ${"[".repeat(100_000)}`, "config", 1],
  ["deep blocks", Array.from({ length: 500 }, (_, i) => `${" ".repeat(i)}a:`).join("\n"), "config", 67],
  ["a control character", "a: \x07", "config", 1],
  ["NUL", "a: \0", "config", 1],
  ["too large", `# ${"x".repeat(1024 * 1024)}`, "config", 1],
];
