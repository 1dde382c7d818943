import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import { encodeBech32 } from "../../src/age/bech32.ts";
import { parseIdentities } from "../../src/age/identity.ts";

const fixtures = new URL("../../fixtures/", import.meta.url);
const read = (path: string) => readFileSync(new URL(path, fixtures), "utf8");
const secret = "AGE-SECRET-KEY-10M8MHTLG05A44ZNWZF24GU5MQXFHY0T58PZX4DQLJ3TW9P9KEGXQDUQYPA";
const recipient = "age1e9yjp2frh7gypht86n7fxk085twd5fd34hu8a936ad8w8rp3944qlzku92";
const plugin = encodeBech32("age-plugin-yubikey-", Buffer.alloc(9, 1)).toUpperCase();
const bare = encodeBech32("age-plugin-se-", Buffer.alloc(0)).toUpperCase();

for (const path of ["clan/keys/alice.txt", "clan/keys/m1.txt", "sops/keys/age1.txt", "sops/keys/age2.txt"]) {
  test(`reads ${path}`, async () => {
    const text = read(`golden/${path}`);
    const { identities, plugins, problems } = await parseIdentities(text, path);
    assert.deepEqual([identities.length, plugins.length, problems.length], [1, 0, 0]);
    const stated = /public key: (\S+)/.exec(text)?.[1];
    if (stated !== undefined) assert.deepEqual(identities[0]?.recipients, [stated]);
  });
}

test("a post-quantum key has the public half that age-keygen printed", async () => {
  const text = read("age/hybrid.txt");
  const [identity] = (await parseIdentities(text, "hybrid")).identities;
  assert.equal(identity?.kind, "hybrid");
  assert.deepEqual(identity.recipients, [/public key: (\S+)/.exec(text)?.[1]]);
});

for (const [name, text, severalPerLine, expected] of [
  ["comments, empty lines and CRLF", `# one\r\n\r\n${secret}\r\n#${secret}\r\n`, false, { keys: 1 }],
  ["no line end", secret, false, { keys: 1 }],
  ["several keys on a line of a variable", `${secret} ${secret}\t${plugin}`, true, { keys: 2, plugins: ["yubikey"] }],
  ["several keys on a line of a file", `${secret} ${secret}`, false, { problems: [/no identity|damaged/] }],
  ["a blank behind a key in a file", `${secret} `, false, { problems: [/blanks/] }],
  ["a blank before a comment in a file", ` # x\n${secret}`, false, { keys: 1, problems: [/blanks/] }],
  ["plugins, named", `${plugin}\n${bare}\n${secret}`, false, { keys: 1, plugins: ["yubikey", "se"] }],
  ["a bad line among good ones", `${secret}\nnonsense\n${secret}`, false, { keys: 2, problems: [/no identity/] }],
  ["a recipient", recipient, false, { problems: [/a recipient, not an identity/] }],
  ["an SSH key", "-----BEGIN OPENSSH PRIVATE KEY-----", false, { problems: [/SSH key/] }],
  ["a mistyped key", secret.replace("0M8", "0M7"), false, { problems: [/damaged/] }],
  ["a key in lower case", secret.toLowerCase(), false, { problems: [/damaged/] }],
  ["a short key", encodeBech32("age-secret-key-", Buffer.alloc(31)).toUpperCase(), false, { problems: [/damaged/] }],
  ["a damaged post-quantum key", "AGE-SECRET-KEY-PQ-1QQQQ", false, { problems: [/damaged/] }],
  [
    "a plugin that is a path",
    encodeBech32("age-plugin-../x-", Buffer.alloc(1)).toUpperCase(),
    false,
    { problems: [/damaged/] },
  ],
  ["nothing", "", false, {}],
] as const) {
  test(`identity text: ${name}`, async () => {
    const wanted: { keys?: number; plugins?: readonly string[]; problems?: readonly RegExp[] } = expected;
    const parsed = await parseIdentities(text, "SOURCE", { severalPerLine });
    assert.equal(parsed.identities.length, wanted.keys ?? 0);
    assert.deepEqual(
      parsed.plugins.map((found) => found.plugin),
      wanted.plugins ?? [],
    );
    assert.equal(parsed.problems.length, wanted.problems?.length ?? 0);
    for (const [i, pattern] of (wanted.problems ?? []).entries())
      assert.match(parsed.problems[i]?.message ?? "", pattern);
  });
}

test("a problem names the source and the line, and nothing that stands there", async () => {
  const secrets = ["hunter2-hunter2", secret.replace("0M8", "0M7"), `${secret}x`];
  const { problems } = await parseIdentities(secrets.join("\n"), "SOPS_AGE_KEY");
  assert.deepEqual(
    problems.map((problem) => problem.location),
    [1, 2, 3].map((line) => ({ file: "SOPS_AGE_KEY", line })),
  );
  for (const problem of problems) {
    for (const text of secrets) assert.ok(!JSON.stringify([problem.message, problem.hint]).includes(text.slice(0, 20)));
  }
});

test("any text is read without an exception", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(fc.string(), fc.constantFrom(secret, plugin, "AGE-", "\r\n", "#"))),
      fc.boolean(),
      async (lines, severalPerLine) => {
        await parseIdentities(lines.join("\n"), "x", { severalPerLine });
      },
    ),
    { numRuns: 60 },
  );
});
