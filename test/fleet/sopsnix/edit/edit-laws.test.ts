import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { SecretsError } from "../../../../src/errors.ts";
import { parseConfig } from "../../../../src/fleet/sopsnix/config.ts";
import { type ConfigEdit, editConfig } from "../../../../src/fleet/sopsnix/edit/edit-config.ts";
import { type AnyConfig, type AnyKey, anyConfig, KEYS, NEW_AGE, NEW_PGP } from "./any-config.ts";

// Configurations drawn step by step cannot be shrunk in bounded time.
const options = { numRuns: Number(process.env["RUNS"] ?? 60), endOnFailure: true };

/** Undefined for an edit that is refused. */
function edit(yaml: string, edits: readonly ConfigEdit[]): string | undefined {
  try {
    return Buffer.from(editConfig(Buffer.from(yaml), ".sops.yaml", edits)).toString();
  } catch (error) {
    if (error instanceof SecretsError && error.code === "E_CONFIG_EDIT") return undefined;
    throw error;
  }
}

/** Path and sorted ids of every rule. */
function meaning(yaml: string) {
  const { config, anomalies } = parseConfig(Buffer.from(yaml), ".sops.yaml");
  assert.deepEqual(anomalies, []);
  return config.rules?.map(({ pathRegex, keyGroups, selector, macOnlyEncrypted }) => ({
    pathRegex,
    groups: keyGroups.map((group) => group.map(({ id }) => id).sort()),
    selector,
    macOnlyEncrypted,
  }));
}

type Rules = NonNullable<ReturnType<typeof meaning>>;

const newOf = ({ type }: AnyKey) => (type === "age" ? NEW_AGE : NEW_PGP);
const groupsOf = (rules: Rules, change: (group: string[], index: number) => string[]): Rules =>
  rules.map((rule, index) => ({ ...rule, groups: rule.groups.map((group) => change(group, index).sort()) }));
const comments = (yaml: string) => yaml.match(/^\uFEFF?[ -]*# about/gm)?.length;
const fields = (yaml: string) => yaml.match(/^\uFEFF?[ -]*(keys|team|age|pgp):/gm)?.length ?? 0;
const isEmpty = (rules: Rules) => rules.some(({ groups }) => groups.some((group) => group.length === 0));

interface Law {
  readonly edits: readonly ConfigEdit[];
  /** Undefined: has to be refused. */
  readonly expected: Rules | undefined;
}

type Lawmaker = (config: AnyConfig, key: AnyKey, rules: Rules, at: number) => Law;

const LAWS: Readonly<Record<string, Lawmaker>> = {
  "replace-key": (_, key, rules) => ({
    edits: [{ kind: "replace-key", id: key.id, text: newOf(key).text }],
    expected: groupsOf(rules, (group) => group.map((id) => (id === key.id ? newOf(key).id : id))),
  }),
  "add-beside": (_, key, rules) => ({
    edits: [{ kind: "add-beside", id: key.id, text: newOf(key).text, anchor: "next_new" }],
    expected: groupsOf(rules, (group) => (group.includes(key.id) ? [...group, newOf(key).id] : group)),
  }),
  "remove-key": ({ team }, key, rules) => {
    const left = groupsOf(rules, (group) => group.filter((id) => id !== key.id));
    const isNothing = isEmpty(left) || (team.length === 1 && team[0] === key.id);
    return { edits: [{ kind: "remove-key", id: key.id }], expected: isNothing ? undefined : left };
  },
  "a whole rotation": (_, key, rules) => ({
    edits: [
      { kind: "add-beside", id: key.id, text: newOf(key).text, anchor: "next_new" },
      { kind: "remove-key", id: key.id },
    ],
    expected: groupsOf(rules, (group) => group.map((id) => (id === key.id ? newOf(key).id : id))),
  }),
  "add-anchor": (_, key, rules) => ({
    edits: [{ kind: "add-anchor", anchor: "next", text: newOf(key).text }],
    expected: rules,
  }),
  "grant by anchor": ({ rules: stated }, key, rules, at) => ({
    edits: [
      { kind: "add-anchor", anchor: "next", text: newOf(key).text },
      { kind: "grant", rule: stated[at]?.line ?? 0, keys: [{ text: newOf(key).text, anchor: "next" }] },
    ],
    expected:
      rules[at]?.groups.length !== 1
        ? undefined
        : groupsOf(rules, (group, index) => (index === at ? [...group, newOf(key).id] : group)),
  }),
  grant: ({ rules: stated }, key, rules, at) => ({
    edits: [{ kind: "grant", rule: stated[at]?.line ?? 0, keys: [{ text: key.text }] }],
    expected: rules[at]?.groups.some((group) => group.includes(key.id))
      ? rules
      : rules[at]?.groups.length !== 1
        ? undefined
        : groupsOf(rules, (group, index) => (index === at ? [...group, key.id] : group)),
  }),
  revoke: ({ rules: stated }, key, rules, at) => {
    const left = groupsOf(rules, (group, index) => (index === at ? group.filter((id) => id !== key.id) : group));
    return {
      edits: [{ kind: "revoke", rule: stated[at]?.line ?? 0, ids: [key.id] }],
      expected: isEmpty(left) ? undefined : left,
    };
  },
  "split-rule": ({ rules: stated }, _, rules, at) => ({
    edits: [{ kind: "split-rule", rule: stated[at]?.line ?? 0, pathRegex: "^it's: [#1]$" }],
    expected: rules.toSpliced(at, 0, { ...(rules[at] as Rules[number]), pathRegex: "^it's: [#1]$" }),
  }),
  "add-rule": ({ rules: stated }, key, rules, at) => ({
    edits: [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: key.text }], before: stated[at]?.line ?? 0 }],
    expected: rules.toSpliced(at, 0, {
      pathRegex: "^x$",
      groups: [[key.id]],
      selector: undefined,
      macOnlyEncrypted: false,
    }),
  }),
  "add-rule, last": (_, key, rules) => ({
    edits: [{ kind: "add-rule", pathRegex: "^x$", keys: [{ text: key.text }, { text: newOf(key).text }] }],
    expected: [
      ...rules,
      { pathRegex: "^x$", groups: [[key.id, newOf(key).id].sort()], selector: undefined, macOnlyEncrypted: false },
    ],
  }),
};

for (const [title, lawmaker] of Object.entries(LAWS)) {
  test(`${title}: any configuration means what it should then, or the edit is refused where it must be`, () => {
    fc.assert(
      fc.property(anyConfig(), fc.constantFrom(...KEYS), fc.nat(2), (config, key, number) => {
        const rules = meaning(config.yaml);
        assert.deepEqual(
          rules?.map(({ pathRegex, groups }) => ({ pathRegex, groups })),
          config.rules.map(({ pathRegex, groups }) => ({
            pathRegex,
            groups: groups.map((group) => [...group].sort()),
          })),
        );
        if (rules === undefined) return;
        const { edits, expected } = lawmaker(config, key, rules, number % rules.length);
        const result = edit(config.yaml, edits);
        assert.deepEqual(result === undefined ? undefined : meaning(result), expected);
        if (result === undefined) return;
        assert.equal(result.startsWith("\uFEFF"), config.yaml.startsWith("\uFEFF"));
        assert.equal(result.endsWith("\n"), config.yaml.endsWith("\n"));
        assert.equal(/[^\r]\n/.test(result), /[^\r]\n/.test(config.yaml) || !config.yaml.includes("\n"));
        // Comments on lines of their own survive, but for those inside of a field that is gone.
        const isWhole = fields(result) >= fields(config.yaml);
        if (isWhole && !title.startsWith("split")) assert.deepEqual(comments(result), comments(config.yaml));
      }),
      options,
    );
  });
}

test("a replaced key replaced back leaves the very bytes", () => {
  fc.assert(
    fc.property(anyConfig(), fc.constantFrom(...KEYS), ({ yaml }, key) => {
      const next = newOf(key);
      const there: ConfigEdit = { kind: "replace-key", id: key.id, text: next.text };
      assert.equal(edit(yaml, [there, { kind: "replace-key", id: next.id, text: key.text }]), yaml);
    }),
    options,
  );
});

test("a key added beside another and removed again leaves the very bytes", () => {
  fc.assert(
    fc.property(anyConfig(true), fc.constantFrom(...KEYS), ({ yaml }, key) => {
      const next = newOf(key);
      const there: ConfigEdit = { kind: "add-beside", id: key.id, text: next.text, anchor: "next_new" };
      assert.equal(edit(yaml, [there, { kind: "remove-key", id: next.id }]), yaml);
    }),
    options,
  );
});

test("a renamed anchor renamed back leaves the very bytes, and means the same key in between", () => {
  fc.assert(
    fc.property(anyConfig(), fc.nat(9), ({ yaml, anchors }, number) => {
      const from = [...anchors.keys()][number % anchors.size] ?? "";
      fc.pre(anchors.size > 0);
      const there: ConfigEdit = { kind: "rename-anchor", from, to: "renamed" };
      const result = edit(yaml, [there]);
      assert.deepEqual(result === undefined ? undefined : meaning(result), meaning(yaml));
      assert.equal(edit(yaml, [there, { kind: "rename-anchor", from: "renamed", to: from }]), yaml);
    }),
    options,
  );
});
