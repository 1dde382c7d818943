/** Edits that would leave less than is needed, or that cannot be made without touching what is not meant. */
import type { ConfigEdit } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { A, B, C, rules, SSH } from "../rule-cases.ts";

type Refusal = readonly [title: string, yaml: string, edits: readonly ConfigEdit[], line: number, code?: string];

const FP = "405FA820D1B6A4C2E5F60718293A4B5C6D7E8F90";
const one = rules(`- age: ${A}`);
const remove: ConfigEdit = { kind: "remove-key", id: A };
const grant = (rule: number, anchor?: string): ConfigEdit => ({
  kind: "grant",
  rule,
  keys: [{ text: C, ...(anchor === undefined ? {} : { anchor }) }],
});
const revoke = (rule: number): ConfigEdit => ({ kind: "revoke", rule, ids: [A] });
const split = (rule: number): ConfigEdit => ({ kind: "split-rule", rule, pathRegex: "^x$" });
const beside = (anchor: string): ConfigEdit => ({ kind: "add-beside", id: A, text: C, anchor });

export const REFUSALS: readonly Refusal[] = [
  ["remove: the only key of a rule", rules(`- age: ${B}`, `- age: ${A}`), [remove], 3],
  ["remove: the only key of a group", rules("- key_groups:", `  - age: [${A}]`, `  - age: [${B}]`), [remove], 2],
  ["remove: the only key of a list in use", `t: &t\n  - ${A}\n${rules("- age: *t", `  pgp: ${FP}`)}`, [remove], 1],
  [
    "remove: the only key of what others merge",
    `b: &b\n  age: ${A}\n${rules("- <<: *b", `  pgp: ${FP}`)}`,
    [remove],
    1,
  ],
  ["remove: all that the file says", `keys:\n  - &a ${A}\n`, [remove], 1],
  [
    "remove: within brackets, with another's comment between",
    rules("- age: [", `    ${B}, # b`, `    ${C}, ${A} ]`, `- age: [${B}, # b`, `    ${A}]`),
    [remove],
    6,
  ],
  [
    "remove: the only key that a published file is encrypted to",
    `destination_rules:\n  - path_regex: x\n    recreation_rule:\n      age: ${A}\n${rules(`- age: ${B}`)}`,
    [remove],
    4,
  ],
  ["remove: spelled with escapes", rules(`- age: "${B},\\x61${A.slice(1)}"`), [remove], 2],
  ["remove: hidden by escapes", rules(`- age: "${B}\\x2c${A}"`), [remove], 2],
  ["revoke: the only key", one, [revoke(2)], 2],
  ["revoke: the only member of a shared list", `t: &t [${A}]\n${rules("- age: *t", "- age: *t")}`, [revoke(3)], 3],
  ["revoke: a list that this rule defines for others", rules(`- age: &t [${A}, ${B}]`, "- age: *t"), [revoke(2)], 2],
  ["revoke: by a merge key", `b: &b\n  age: ${A},${B}\n${rules("- <<: *b")}`, [revoke(4)], 4],
  [
    "revoke: from groups that others share",
    `g: &g\n  - age: [${A}, ${B}]\n${rules("- key_groups: *g")}`,
    [revoke(4)],
    4,
  ],
  [
    "revoke: from a group that others share",
    `g: &g\n  age: [${A}, ${B}]\n${rules("- key_groups: [*g]")}`,
    [revoke(4)],
    4,
  ],
  [
    "revoke: from a rule that others merge",
    rules("- &r", "  path_regex: a", `  age: ${A},${B}`, "- <<: *r", "  path_regex: b"),
    [revoke(3)],
    5,
  ],
  ["grant: to a rule with several groups", rules("- key_groups:", `  - age: [${A}]`, `  - age: [${B}]`), [grant(2)], 2],
  ["grant: by an anchor that is not there", one, [grant(2, "c")], 2],
  ["grant: by an anchor of another key", `keys: [&c ${B}]\n${one}`, [grant(3, "c")], 3],
  ["grant: by an anchor further down", `${one}keys: [&c ${C}]\n`, [grant(2, "c")], 2],
  ["grant: by an anchor of several keys", `c: &c ${C},${B}\n${one}`, [grant(3, "c")], 3],
  ["grant: into a list that others use", rules(`- age: &t [${A}]`, "- age: *t"), [grant(2)], 3],
  ["grant: into a text that others use", rules(`- age: &t ${A}`, "- age: *t"), [grant(2)], 2],
  ["grant: to what comes by a merge key", `b: &b\n  age: ${A}\n${rules("- <<: *b")}`, [grant(4)], 4],
  [
    "grant: to groups that come by a merge key",
    `b: &b\n  key_groups: [{age: [${A}]}]\n${rules("- <<: *b")}`,
    [grant(4)],
    4,
  ],
  ["grant: to groups that others share", `g: &g\n  - age: [${A}]\n${rules("- key_groups: *g")}`, [grant(4)], 4],
  ["grant: a rule that is not there", one, [grant(3)], 3],
  ["grant: two rules on one line", `creation_rules: [{age: ${A}}, {age: ${B}}]\n`, [grant(1)], 1],
  ["grant: a rule that is an alias", `r: &r {age: ${A}}\n${rules("- *r")}`, [grant(1)], 1],
  [
    "grant: a private key",
    one,
    [{ kind: "grant", rule: 2, keys: [{ text: "AGE-SECRET-KEY-1QQQQQQ" }] }],
    undefined as never,
    "E_RECIPIENT",
  ],
  ["grant: a key with a comma", one, [{ kind: "grant", rule: 2, keys: [{ text: `${SSH} ada,bob` }] }], 1],
  ["replace: by a key of another type", one, [{ kind: "replace-key", id: A, text: FP }], 1],
  ["beside: a name that is taken", `keys:\n  - &a ${A}\n  - &b ${B}\n${rules("- age: *a")}`, [beside("b")], 3],
  ["beside: a name that is none", `keys: [&a ${A}]\n${rules("- age: *a")}`, [beside("a b")], 1],
  ["beside: an entry that is taken", `a: &a ${A}\nb: &c ${B}\n${rules("- age: *a")}`, [beside("b")], 1],
  ["anchor: a name that is taken", `keys:\n  - &a ${A}\n`, [{ kind: "add-anchor", anchor: "a", text: C }], 2],
  ["anchor: no place for it", `${one}keys: [&b ${B}]\n`, [{ kind: "add-anchor", anchor: "c", text: C }], 3],
  ["anchor: all in braces", `{creation_rules: [{age: ${A}}]}\n`, [{ kind: "add-anchor", anchor: "c", text: C }], 1],
  ["rename: a name that is not there", one, [{ kind: "rename-anchor", from: "a", to: "b" }], 1],
  ["rename: a name that is taken", `keys: [&a ${A}, &b ${B}]\n`, [{ kind: "rename-anchor", from: "a", to: "b" }], 1],
  ["split: in brackets", `creation_rules: [{age: ${A}}]\n`, [split(1)], 1],
  ["split: a rule that defines a list", rules(`- age: &t [${A}, ${B}]`, "- age: *t"), [split(2)], 2],
  ["split: a comment that would end", one, [{ ...split(2), comment: "a\u2028b" } as ConfigEdit], 1],
  ["add: no keys", one, [{ kind: "add-rule", pathRegex: "x", keys: [] }], 1],
  [
    "add: before a rule that is not there",
    one,
    [{ kind: "add-rule", pathRegex: "x", keys: [{ text: A }], before: 9 }],
    9,
  ],
  [
    "add: in brackets",
    `creation_rules: [{age: ${A}}]\n`,
    [{ kind: "add-rule", pathRegex: "x", keys: [{ text: A }] }],
    1,
  ],
  ["a second document", `${one}---\n${one}`, [remove], 3],
  ["a question mark before a key", `? creation_rules\n:\n  - age: ${A},${B}\n`, [remove], 1],
  ["a file that cannot be read", "creation_rules: {a: b}", [remove], 1],
  ["broken YAML", "creation_rules:\n  - {", [remove], 2],
];
