/** Edits of `.sops.yaml` in the layouts that people write, and the lines that each changes. */
import type { ConfigEdit } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { A, B, C, SSH } from "../rule-cases.ts";

const FP = "405FA820D1B6A4C2E5F60718293A4B5C6D7E8F90";
const FP2 = "1111111111111111111111111111111111111111";

type Case = readonly [title: string, yaml: string, edits: readonly ConfigEdit[], diff: readonly string[]];

const lines = (...all: string[]) => all.map((line) => `${line}\n`).join("");

/** What the manuals of sops and sops-nix show. */
const USUAL = lines(
  "# Keys of the fleet.",
  "keys:",
  `  - &admin_ada ${FP} # on her card`,
  `  - &admin_bob ${A}`,
  "  # Machines.",
  `  - &server_web ${B}`,
  "creation_rules:",
  "  # For everybody.",
  "  - path_regex: secrets/[^/]+\\.(yaml|json)$",
  "    key_groups:",
  "      - pgp:",
  "          - *admin_ada # she keeps it",
  "        age:",
  "          - *admin_bob",
  "          # the web server",
  "          - *server_web",
  "",
  "  - path_regex: secrets/web/[^/]+$",
  "    key_groups:",
  "      - age: [*admin_bob, *server_web]",
);

const FOLDED = lines(
  "creation_rules:",
  "  - path_regex: a",
  "    age: >-",
  `      ${A},`,
  `      ${B}`,
  "    encrypted_regex: ^data$",
  "  - path_regex: b",
  `    age: "${A}, ${B}" # both`,
  "  - path_regex: c",
  `    age: ${A}`,
  `    pgp: '${FP}'`,
);

const SHARED = lines(
  "keys:",
  `  - &ada ${A}`,
  `  - &bob ${B}`,
  "  - &admins",
  "    - *ada",
  "    - *bob",
  "creation_rules:",
  "  - path_regex: a",
  "    key_groups:",
  "      - age: *admins # all of them",
  "  - path_regex: b",
  "    age: *admins",
);

const MULTILINE_FLOW = lines(
  "creation_rules:",
  "  - path_regex: a",
  "    age: [",
  `      ${A}, # ada`,
  `      ${B} # bob`,
  "    ]",
  "  - path_regex: b",
  "    age: [",
  `      ${A},`,
  `      ${B},`,
  "    ]",
);

const INNER = lines(
  "creation_rules:",
  "- path_regex: a",
  "  key_groups:",
  "  - age:",
  `    - &ada ${A} # hers`,
  `    - &bob ${B}`,
  "- path_regex: b",
  "  key_groups:",
  "  - age:",
  "    - *ada",
  "- path_regex: c",
  "  age: *ada",
);

const NESTED_SHELVES = lines(
  "keys:",
  "  - &users:",
  `    - &ada ${A}`,
  "  - &hosts:",
  `    - &web ${B}`,
  "creation_rules:",
  "  - path_regex: a",
  "    key_groups:",
  "    - age:",
  "      - *ada",
  "      - *web",
);

const MAP_SHELF = lines(
  "keys:",
  "  users:",
  `    ada: &ada ${A}`,
  "  hosts:",
  `    web: &host_web "${B}"`,
  "creation_rules:",
  "  - age: *ada",
);

const SPELLINGS = lines(
  "keys:",
  `  - &ada "${FP.toLowerCase()
    .replace(/(.{4})/g, "$1 ")
    .trim()}"`,
  `  - &bob ${SSH} bob@desk`,
  "creation_rules:",
  "  - pgp:",
  `      - ${FP}`,
  "    age:",
  `      - ${SSH}`,
  `      - ${B}`,
);

const replace = (id: string, text: string): ConfigEdit => ({ kind: "replace-key", id, text });
const beside = (id: string, text: string, anchor: string): ConfigEdit => ({ kind: "add-beside", id, text, anchor });
const remove = (id: string): ConfigEdit => ({ kind: "remove-key", id });
const anchor = (name: string, text: string): ConfigEdit => ({ kind: "add-anchor", anchor: name, text });
const revoke = (rule: number, ...ids: string[]): ConfigEdit => ({ kind: "revoke", rule, ids });
const grant = (rule: number, text: string, name?: string): ConfigEdit => ({
  kind: "grant",
  rule,
  keys: [{ text, ...(name === undefined ? {} : { anchor: name }) }],
});

export const CASES: readonly Case[] = [
  ["replace: an anchor", USUAL, [replace(A, C)], [`-  - &admin_bob ${A}`, `+  - &admin_bob ${C}`]],
  [
    "replace: a fingerprint, whose comment stays",
    USUAL,
    [replace(FP, FP.replaceAll("4", "5"))],
    [`-  - &admin_ada ${FP} # on her card`, `+  - &admin_ada ${FP.replaceAll("4", "5")} # on her card`],
  ],
  [
    "replace: a fingerprint that would read as a number gets quotes",
    USUAL,
    [replace(FP, FP2)],
    [`-  - &admin_ada ${FP} # on her card`, `+  - &admin_ada "${FP2}" # on her card`],
  ],
  [
    "replace: folded, quoted and plain texts",
    FOLDED,
    [replace(A, C)],
    [
      `-      ${A},`,
      `+      ${C},`,
      `-    age: "${A}, ${B}" # both`,
      `+    age: "${C}, ${B}" # both`,
      `-    age: ${A}`,
      `+    age: ${C}`,
    ],
  ],
  [
    "replace: with an SSH key and its comment",
    FOLDED,
    [replace(B, `${SSH} bob@desk`)],
    [
      `-      ${B}`,
      `+      ${SSH} bob@desk`,
      `-    age: "${A}, ${B}" # both`,
      `+    age: "${A}, ${SSH} bob@desk" # both`,
    ],
  ],
  [
    "replace: every spelling of a fingerprint",
    SPELLINGS,
    [replace(FP, `${FP.slice(1)}A`)],
    [
      `-  - &ada "${FP.toLowerCase()
        .replace(/(.{4})/g, "$1 ")
        .trim()}"`,
      `+  - &ada "${FP.slice(1)}A"`,
      `-      - ${FP}`,
      `+      - ${FP.slice(1)}A`,
    ],
  ],
  [
    "replace: an SSH key with and without comment",
    SPELLINGS,
    [replace(SSH, C)],
    [`-  - &bob ${SSH} bob@desk`, `+  - &bob ${C}`, `-      - ${SSH}`, `+      - ${C}`],
  ],
  [
    "replace: not what only looks like the key",
    lines("creation_rules:", "  - path_regex: DEADBEEF", "    pgp: DEADBEEF"),
    [replace("DEADBEEF", FP)],
    ["-    pgp: DEADBEEF", `+    pgp: ${FP}`],
  ],
  [
    "replace: what a published file is encrypted to",
    lines("destination_rules:", "  - recreation_rule:", `      age: ${A}`),
    [replace(A, C)],
    [`-      age: ${A}`, `+      age: ${C}`],
  ],
  ["replace: a key that is not there", USUAL, [replace(C, B)], []],
  [
    "replace: in brackets over lines",
    MULTILINE_FLOW,
    [replace(A, C)],
    [`-      ${A}, # ada`, `+      ${C}, # ada`, `-      ${A},`, `+      ${C},`],
  ],

  [
    "beside: an anchor and its aliases",
    USUAL,
    [beside(B, C, "server_web_new")],
    [
      `+  - &server_web_new ${C}`,
      "+          - *server_web_new",
      "-      - age: [*admin_bob, *server_web]",
      "+      - age: [*admin_bob, *server_web, *server_web_new]",
    ],
  ],
  [
    "beside: behind a line with a comment",
    USUAL,
    [beside(FP, FP2, "admin_ada_new")],
    [`+  - &admin_ada_new "${FP2}"`, "+          - *admin_ada_new"],
  ],
  [
    "beside: folded, quoted and plain texts",
    FOLDED,
    [beside(A, C, "unused")],
    [
      `+      ${C},`,
      `-    age: "${A}, ${B}" # both`,
      `+    age: "${A}, ${C}, ${B}" # both`,
      `-    age: ${A}`,
      `+    age: ${A},${C}`,
    ],
  ],
  [
    "beside: in a list with an anchor, and nothing more in the rules that mean it",
    SHARED,
    [beside(A, C, "ada_new")],
    [`+  - &ada_new ${C}`, "+    - *ada_new"],
  ],
  [
    "beside: in brackets over lines",
    MULTILINE_FLOW,
    [beside(B, C, "unused")],
    [`-      ${B} # bob`, `+      ${B}, # bob`, `+      ${C}`, `+      ${C},`],
  ],
  [
    "beside: defined inside a rule, and alone in a field",
    INNER,
    [beside(A, C, "ada_new")],
    [`+    - &ada_new ${C}`, "+    - *ada_new", "-  age: *ada", "+  age: [*ada, *ada_new]"],
  ],
  ["beside: a key that is there already", lines("creation_rules:", `  - age: [${A}, ${C}]`), [beside(A, C, "x")], []],
  [
    "beside: in a map of names",
    MAP_SHELF,
    [beside(A, C, "ada_new")],
    [`+    ada_new: &ada_new ${C}`, "-  - age: *ada", "+  - age: [*ada, *ada_new]"],
  ],

  [
    "remove: the anchor, aliases, and the comments on their lines",
    USUAL,
    [remove(FP)],
    [
      `-  - &admin_ada ${FP} # on her card`,
      "-      - pgp:",
      "-          - *admin_ada # she keeps it",
      "-        age:",
      "+      - age:",
    ],
  ],
  [
    "remove: comments on other lines stay",
    USUAL,
    [remove(B)],
    [
      `-  - &server_web ${B}`,
      "-          - *server_web",
      "-      - age: [*admin_bob, *server_web]",
      "+      - age: [*admin_bob]",
    ],
  ],
  [
    "remove: from texts, whose other keys stay, and a field that had it alone",
    FOLDED,
    [remove(A)],
    [`-      ${A},`, `-    age: "${A}, ${B}" # both`, `+    age: "${B}" # both`, `-    age: ${A}`],
  ],
  ["remove: from a list with an anchor", SHARED, [remove(B)], [`-  - &bob ${B}`, "-    - *bob"]],
  [
    "remove: from brackets over lines",
    MULTILINE_FLOW,
    [remove(B)],
    [`-      ${A}, # ada`, `-      ${B} # bob`, `+      ${A} # ada`, `-      ${B},`],
  ],
  [
    "remove: from nested lists, of which one is empty then",
    NESTED_SHELVES,
    [remove(B)],
    ["-  - &hosts:", `-    - &web ${B}`, "-      - *web"],
  ],
  [
    "remove: a list of keys that is empty then",
    lines("keys:", `  - &a ${A}`, "creation_rules:", `  - age: ${B}`),
    [remove(A)],
    ["-keys:", `-  - &a ${A}`],
  ],

  [
    "remove: from a merged group, which goes, and with it the merge",
    lines("creation_rules:", "  - key_groups:", "    - merge:", `      - age: [${B}]`, `      age: [${A}]`),
    [remove(B)],
    ["-    - merge:", `-      - age: [${B}]`, `-      age: [${A}]`, `+    - age: [${A}]`],
  ],
  ["anchor: behind those of its kind", USUAL, [anchor("server_db", C)], [`+  - &server_db ${C}`]],
  ["anchor: in the nested list of its kind", NESTED_SHELVES, [anchor("eve", C)], [`+    - &eve ${C}`]],
  ["anchor: in a map of names", MAP_SHELF, [anchor("host_db", C)], [`+    host_db: &host_db ${C}`]],
  ["anchor: not into a list that rules use", SHARED, [anchor("eve", C)], [`+  - &eve ${C}`]],
  [
    "anchor: a new list behind the comment on top",
    `# Of the fleet.\n# Ask ada.\n\n# Rules.\n${FOLDED}`,
    [anchor("eve", C)],
    ["+keys:", `+  - &eve ${C}`],
  ],
  [
    "anchor: a new list behind the document's marker",
    `---\n${FOLDED}`,
    [anchor("eve", C)],
    ["+keys:", `+  - &eve ${C}`],
  ],
  ["anchor: a new list in place of rules that define anchors", INNER, [anchor("eve", C)], ["+keys:", `+  - &eve ${C}`]],
  [
    "anchor: a new list, because rules use the only one",
    lines("admins: &admins", `  - &ada ${A}`, "creation_rules:", "  - age: *admins"),
    [anchor("eve", C)],
    ["+keys:", `+  - &eve ${C}`],
  ],
  ["anchor: an empty file", "", [anchor("eve", C)], ["+keys:", `+  - &eve ${C}`]],

  [
    "rename: the anchor and all aliases",
    SHARED,
    [{ kind: "rename-anchor", from: "admins", to: "root" }],
    [
      "-  - &admins",
      "+  - &root",
      "-      - age: *admins # all of them",
      "+      - age: *root # all of them",
      "-    age: *admins",
      "+    age: *root",
    ],
  ],

  ["grant: an item", USUAL, [grant(9, C)], [`+          - ${C}`]],
  [
    "grant: by an anchor that came just before",
    USUAL,
    [anchor("eve", C), grant(9, C, "eve")],
    [`+  - &eve ${C}`, "+          - *eve"],
  ],
  ["grant: in brackets", USUAL, [grant(18, FP, "admin_ada")], ["+        pgp:", "+          - *admin_ada"]],
  [
    "grant: to a field that other rules share",
    SHARED,
    [grant(8, C)],
    [
      "-      - age: *admins # all of them",
      "+      - age: # all of them",
      "+          - *ada",
      "+          - *bob",
      `+          - ${C}`,
    ],
  ],
  [
    "grant: to a flat field that other rules share, by names",
    SHARED,
    [anchor("eve", C), grant(11, C, "eve")],
    [`+  - &eve ${C}`, "-    age: *admins", "+    age: [*ada, *bob, *eve]"],
  ],
  ["grant: folded", FOLDED, [grant(2, C)], [`-      ${B}`, `+      ${B},`, `+      ${C}`]],
  ["grant: quoted", FOLDED, [grant(7, C)], [`-    age: "${A}, ${B}" # both`, `+    age: "${A}, ${B}, ${C}" # both`]],
  ["grant: alone in a field of its own", FOLDED, [grant(7, FP)], [`+    pgp: ${FP}`]],
  [
    "grant: several",
    FOLDED,
    [{ kind: "grant", rule: 2, keys: [{ text: FP }, { text: C }, { text: A }] }],
    [`-      ${B}`, `+      ${B},`, `+      ${C}`, `+    pgp: ${FP}`],
  ],
  [
    "grant: one key twice",
    MULTILINE_FLOW,
    [{ kind: "grant", rule: 7, keys: [{ text: C }, { text: C }] }],
    [`+      ${C},`],
  ],
  ["grant: a key that the rule has", FOLDED, [grant(2, A)], []],
  [
    "grant: in brackets over lines",
    MULTILINE_FLOW,
    [grant(2, C), grant(7, C)],
    [`-      ${B} # bob`, `+      ${B}, # bob`, `+      ${C}`, `+      ${C},`],
  ],
  [
    "grant: in braces",
    `creation_rules: [{path_regex: a, age: ${A}}]\n`,
    [grant(1, `${B}`)],
    [`-creation_rules: [{path_regex: a, age: ${A}}]`, `+creation_rules: [{path_regex: a, age: '${A},${B}'}]`],
  ],

  ["revoke: an item", USUAL, [revoke(9, B)], ["-          - *server_web"]],
  [
    "revoke: a field",
    USUAL,
    [revoke(9, FP)],
    ["-      - pgp:", "-          - *admin_ada # she keeps it", "-        age:", "+      - age:"],
  ],
  [
    "revoke: in brackets",
    USUAL,
    [revoke(18, A)],
    ["-      - age: [*admin_bob, *server_web]", "+      - age: [*server_web]"],
  ],
  ["revoke: a key that is not there", USUAL, [revoke(9, C)], []],
  ["revoke: folded", FOLDED, [revoke(2, B)], [`-      ${A},`, `-      ${B}`, `+      ${A}`]],
  ["revoke: the last but a fingerprint", FOLDED, [revoke(9, A)], [`-    age: ${A}`]],
  [
    "revoke: out of a shared list, which stays as it is",
    SHARED,
    [revoke(8, A), revoke(11, B)],
    [
      "-      - age: *admins # all of them",
      "+      - age: [*bob] # all of them",
      "-    age: *admins",
      "+    age: [*ada]",
    ],
  ],
  [
    "revoke: where the anchor is defined, which moves on",
    INNER,
    [revoke(2, A)],
    [`-    - &ada ${A} # hers`, "-    - *ada", `+    - &ada ${A}`],
  ],
  ["revoke: where an anchor is defined that nobody else uses", INNER, [revoke(2, B)], [`-    - &bob ${B}`]],

  [
    "split: a rule with a comment and blank lines",
    USUAL,
    [{ kind: "split-rule", rule: 18, pathRegex: "^secrets/web/one$", comment: "One apart." }],
    [
      "+  # One apart.",
      "+  - path_regex: ^secrets/web/one$",
      "+    key_groups:",
      "+      - age: [*admin_bob, *server_web]",
      "+",
    ],
  ],
  [
    "split: above the comment of the rule",
    USUAL,
    [{ kind: "split-rule", rule: 9, pathRegex: "^a$" }, revoke(9, B)],
    [
      "+  - path_regex: ^a$",
      "+    key_groups:",
      "+      - pgp:",
      "+          - *admin_ada # she keeps it",
      "+        age:",
      "+          - *admin_bob",
      "+          # the web server",
      "+          - *server_web",
      "+",
      "-          - *server_web",
    ],
  ],
  [
    "split: a rule that catches all",
    MAP_SHELF,
    [{ kind: "split-rule", rule: 7, pathRegex: "^it's: #1$" }],
    ["+  - path_regex: '^it''s: #1$'", "+    age: *ada"],
  ],
  [
    "split: a rule that defines anchors",
    INNER,
    [{ kind: "split-rule", rule: 2, pathRegex: "^x$" }],
    [
      "-- path_regex: a",
      "+- path_regex: ^x$",
      "+- path_regex: a",
      "+  key_groups:",
      "+  - age:",
      "+    - *ada # hers",
      "+    - *bob",
    ],
  ],
  [
    "split: a rule in braces",
    `creation_rules:\n  - {age: ${A}}\n`,
    [{ kind: "split-rule", rule: 2, pathRegex: "^x$" }],
    [`+  - {path_regex: ^x$, age: ${A}}`],
  ],

  [
    "add: last, like its neighbour",
    USUAL,
    [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: A, anchor: "admin_bob" }, { text: FP }] }],
    [
      "+",
      "+  - path_regex: ^x$",
      "+    key_groups:",
      "+      - age:",
      "+          - *admin_bob",
      "+        pgp:",
      `+          - ${FP}`,
    ],
  ],
  [
    "add: flat, before another",
    FOLDED,
    [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: A }, { text: C }], before: 7 }],
    ["+  - path_regex: ^x$", `+    age: ${A},${C}`],
  ],
  [
    "add: flat lists",
    MULTILINE_FLOW,
    [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: A }] }],
    ["+  - path_regex: ^x$", "+    age:", `+      - ${A}`],
  ],
  [
    "add: the first rule",
    lines("keys:", `  - &a ${A}`),
    [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: A, anchor: "a" }] }],
    ["+creation_rules:", "+  - path_regex: ^x$", "+    key_groups:", "+      - age:", "+          - *a"],
  ],
  [
    "add: the first rule of an empty list",
    "creation_rules: [] # none yet\n",
    [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: A }] }],
    [
      "-creation_rules: [] # none yet",
      "+creation_rules: # none yet",
      "+  - path_regex: ^x$",
      "+    key_groups:",
      "+      - age:",
      `+          - ${A}`,
    ],
  ],
];
