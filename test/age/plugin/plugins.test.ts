/** Sessions with plugins that behave, and with some that do not; in memory, byte by byte. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Stanza } from "../../../src/age/header.ts";
import { SecretsError } from "../../../src/errors.ts";
import { type Behaviour, KEY, of, opening, stanza } from "./memory-plugin.ts";

describe("identity-v1", () => {
  it("opens what is asked for at about the same time in one session, in whatever order", async () => {
    const { plugins, starts } = of(opening);
    const names = Array.from({ length: 17 }, (_, i) => `file-${i}`);
    const keys = await Promise.all(names.map((name) => plugins.unwrap("t", ["AGE-PLUGIN-T-1"], [stanza(name)])));
    assert.deepEqual(
      keys.map((key) =>
        Buffer.from(key ?? [])
          .toString()
          .replace(/\u0007+$/, ""),
      ),
      names,
    );
    assert.equal(starts(), 1);
    await plugins.unwrap("t", ["AGE-PLUGIN-T-1"], [stanza("later")]);
    assert.equal(starts(), 2);
  });

  it("hands over all identities and all stanzas of each file, and takes none for an answer", async () => {
    let told: readonly Stanza[] = [];
    const { plugins } = of(async (side) => {
      told = side.told;
      side.write("-> done\n\n");
    });
    assert.equal(await plugins.unwrap("t", ["ID-1", "ID-2"], [stanza("a"), stanza("b")]), null);
    assert.deepEqual(
      told.map(({ args }) => args.join(" ")).filter((text) => !text.startsWith("grease-")),
      ["add-identity ID-1", "add-identity ID-2", "recipient-stanza 0 x a", "recipient-stanza 0 x b"],
    );
  });

  it("tells the person how far it is, and asks for what the plugin asks for", async () => {
    const seen: string[] = [];
    const { plugins } = of(
      async ({ say, write }) => {
        for (const file of [0, 1]) {
          await say(["msg"], Buffer.from("touch"));
          await say(["file-key", String(file)], KEY);
        }
        for (const [args, text] of [
          [["request-secret"], "PIN"],
          [["request-public"], "name"],
          [["confirm", "R28", "Tm8"], "sure?"],
        ] as const) {
          const answer = await say(args, Buffer.from(text));
          seen.push(`${answer.args.join(" ")} ${Buffer.from(answer.body).toString()}`);
        }
        write("-> done\n\n");
      },
      {
        tell: (plugin, text, { done, all }) => void seen.push(`${plugin} ${text} ${done}/${all}`),
        ask: async (_, prompt, hidden) => (hidden ? `secret ${prompt}` : null),
        choose: async (_, text, yes, no) => {
          seen.push(`${text} ${yes}/${no}`);
          return false;
        },
      },
    );
    await Promise.all([1, 2].map((n) => plugins.unwrap("t", ["ID"], [stanza(String(n))])));
    assert.deepEqual(seen, ["t touch 0/2", "t touch 1/2", "ok secret PIN", "fail ", "sure? Go/No", "ok no "]);
  });

  it("answers what nobody knows, and goes on", async () => {
    const answers: string[] = [];
    const { plugins } = of(async ({ say, write }) => {
      answers.push((await say(["grease-x", "y"], Buffer.alloc(100))).args.join(" "));
      await say(["file-key", "0"], KEY);
      write("-> done\n\n");
    });
    assert.deepEqual(Buffer.from((await plugins.unwrap("t", ["ID"], [stanza("a")])) ?? []), KEY);
    assert.deepEqual(answers, ["unsupported"]);
  });

  it("lays a damaged stanza to its own file alone", async () => {
    const { plugins } = of(async ({ say, write }) => {
      await say(["error", "stanza", "1", "0"], Buffer.from("bad tag"));
      await say(["file-key", "0"], KEY);
      write("-> done\n\n");
    });
    const [good, bad] = await Promise.allSettled(["a", "b"].map((n) => plugins.unwrap("t", ["ID"], [stanza(n)])));
    assert.equal(good?.status, "fulfilled");
    assert.ok(bad?.status === "rejected" && bad.reason instanceof SecretsError && /bad tag/.test(bad.reason.message));
  });

  const FAULTS: readonly (readonly [what: string, behave: Behaviour, told: RegExp])[] = [
    ["ends early", async () => {}, /ended before it was done/],
    ["speaks something else", async ({ write }) => write("Usage: …\n"), /does not speak the protocol/],
    [
      "says why it cannot",
      async ({ say }) => void (await say(["error", "internal"], Buffer.from("no reader"))),
      /it failed: no reader/,
    ],
    [
      "refuses an identity",
      async ({ say }) => void (await say(["error", "identity", "0"], Buffer.from("gone"))),
      /identity cannot be used: gone/,
    ],
    ["answers for another file", async ({ say }) => void (await say(["file-key", "7"], KEY)), /not asked about/],
    ["answers for no file", async ({ say }) => void (await say(["file-key", "-0"], KEY)), /not asked about/],
    [
      "gives two keys",
      async ({ say }) => {
        for (const _ of [1, 2]) await say(["file-key", "0"], KEY);
      },
      /two keys/,
    ],
    ["never ends", async ({ write }) => write("-> grease-x\n\n".repeat(100_001)), /does not come to an end/],
  ];
  for (const [what, behave, told] of FAULTS) {
    it(`a plugin that ${what} is told by name, ended, and not started again`, async () => {
      const { plugins, starts, ended, killed } = of(behave);
      const first = await plugins.unwrap("t", ["ID"], [stanza("a")]).catch((error: unknown) => error);
      assert.ok(first instanceof SecretsError && first.code === "E_AGE_PLUGIN", String(first));
      assert.match(first.message, /^age-plugin-t: /);
      assert.match(first.message, told);
      assert.equal(ended() + killed(), 1);
      await assert.rejects(plugins.unwrap("t", ["ID"], [stanza("b")]), { code: "E_AGE_PLUGIN" });
      assert.equal(starts(), 1);
    });
  }

  it("is stopped by the person", async () => {
    const stop = new SecretsError("E_INTERRUPTED", "stopped", { kind: "interrupted" });
    const { plugins, killed } = of(async ({ say }) => void (await say(["request-secret"], Buffer.from("PIN"))), {
      ask: () => Promise.reject(stop),
    });
    await assert.rejects(plugins.unwrap("t", ["ID"], [stanza("a")]), { code: "E_INTERRUPTED" });
    assert.equal(killed(), 1);
  });

  it("runs one session after the other: there is one person", async () => {
    let running = 0;
    let most = 0;
    const { plugins } = of(async (side) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 20));
      running--;
      await opening(side);
    });
    await Promise.all(["a", "b", "c"].map((name) => plugins.unwrap(name, [name], [stanza(name)])));
    assert.equal(most, 1);
  });
});

describe("recipient-v1", () => {
  it("says whom to wrap for, what, that it knows labels, and something that nobody knows", async () => {
    const told: string[] = [];
    const { plugins } = of(async (side) => {
      told.push(...side.told.map(({ args, body }) => `${args.join(" ")} ${body.length}`));
      await side.say(["recipient-stanza", "0", "x"], KEY);
      side.write("-> done\n\n");
    });
    await plugins.wrap("t", "age1t1x", KEY);
    assert.match(told.shift() ?? "", /^grease-[0-9a-f]{8} /);
    assert.deepEqual(told, ["add-recipient age1t1x 0", "wrap-file-key 16", "extension-labels 0"]);
  });

  it("wraps many keys in one session, and keeps all stanzas of each", async () => {
    const { plugins, starts } = of(async ({ machine, told, say, write }) => {
      assert.equal(machine, "recipient-v1");
      const keys = told.filter(({ args }) => args[0] === "wrap-file-key");
      await say(["labels", "postquantum"]);
      for (const [i, { body }] of keys.entries()) {
        await say(["recipient-stanza", String(i), "kind", "a"], body);
        await say(["recipient-stanza", String(i), "kind", "b"], body);
      }
      write("-> done\n\n");
    });
    const wrapped = await Promise.all([1, 2, 3].map((n) => plugins.wrap("t", "age1t1x", Buffer.alloc(16, n))));
    assert.deepEqual(
      wrapped.map((stanzas) => stanzas.map(({ args, body }) => [args.join(" "), body[0]])),
      [1, 2, 3].map((n) => [
        ["kind a", n],
        ["kind b", n],
      ]),
    );
    assert.equal(starts(), 1);
  });

  it("is an error when a key stays unwrapped, or a recipient is refused", async () => {
    const none = of(async ({ write }) => write("-> done\n\n"));
    await assert.rejects(none.plugins.wrap("t", "age1t1x", KEY), /did not wrap every key/);
    const refused = of(async ({ say }) => void (await say(["error", "recipient", "0"], Buffer.from("bad curve"))));
    await assert.rejects(refused.plugins.wrap("t", "age1t1x", KEY), /recipient cannot be used: bad curve/);
    const foreign = of(async ({ say }) => void (await say(["recipient-stanza", "1", "kind"], KEY)));
    await assert.rejects(foreign.plugins.wrap("t", "age1t1x", KEY), /not asked about/);
  });
});
