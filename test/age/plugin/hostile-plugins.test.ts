/** Plugins that are broken or want harm, tokens that are not plugged in, and people who are not there. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Plugins } from "../../../src/age/plugin/plugins.ts";
import type { PluginProcess } from "../../../src/age/plugin/ports.ts";
import { formatStanza } from "../../../src/age/plugin/stanza-stream.ts";
import { SecretsError } from "../../../src/errors.ts";
import { type Behaviour, KEY, of, opening, SILENT, stanza } from "./memory-plugin.ts";

const open = (plugins: Plugins, name = "a") => plugins.unwrap("t", ["ID"], [stanza(name)]);
const fault = async (behave: Behaviour): Promise<SecretsError> => {
  const error = await open(of(behave).plugins).catch((reason: unknown) => reason);
  return error instanceof SecretsError ? error : assert.fail(String(error));
};

describe("a plugin that answers", () => {
  const ANSWERS: readonly (readonly [what: string, behave: Behaviour, told: RegExp])[] = [
    ["a key of 15 bytes", async ({ say }) => void (await say(["file-key", "0"], KEY.subarray(1))), /wrong length/],
    ["a key of 17 bytes", async ({ say }) => void (await say(["file-key", "0"], Buffer.alloc(17))), /wrong length/],
    ["a key for two files", async ({ say }) => void (await say(["file-key", "0", "1"], KEY)), /not asked about/],
    ["a key for no number", async ({ say }) => void (await say(["file-key", "0x0"], KEY)), /not asked about/],
    ["a question without a yes", async ({ say }) => void (await say(["confirm"], KEY)), /no yes and no/],
    ["a yes that is no base64", async ({ say }) => void (await say(["confirm", "%"], KEY)), /no yes and no/],
    ["three choices", async ({ say }) => void (await say(["confirm", "YQ", "Yg", "Yw"], KEY)), /no yes and no/],
    ["with control characters", async ({ write }) => write("-> msg \u001b[2J\n\n"), /does not speak the protocol/],
    ["a line without end", async ({ write }) => write(`-> msg\n${"A".repeat(3_000_000)}`), /does not speak/],
    ["half a stanza", async ({ write }) => write("-> file-key 0\nAAAA"), /does not speak the protocol/],
  ];
  for (const [what, behave, told] of ANSWERS) {
    it(`${what} is told, and ended at once`, async () => {
      const error = await fault(behave);
      assert.equal(error.code, "E_AGE_PLUGIN");
      assert.match(error.message, told);
      assert.ok(!error.message.includes("\u001b"));
    });
  }

  it("with more than fits into a session is stopped, however well formed it is", async () => {
    let sent = 0;
    const line = formatStanza(["msg"], Buffer.alloc(700_000));
    const start = (): PluginProcess => ({
      output: (async function* () {
        for (; sent < 1000; sent++) yield line;
      })(),
      write: async () => {},
      end: async () => {},
      kill: () => {},
    });
    await assert.rejects(open(new Plugins({ start, person: SILENT })), { code: "E_AGE_PLUGIN" });
    assert.ok(sent < 100, String(sent));
  });

  it("with a line that has no end is stopped soon", async () => {
    let sent = 0;
    const start = (): PluginProcess => ({
      output: (async function* () {
        for (yield Buffer.from("-> msg "); sent < 1000; sent++) yield Buffer.alloc(65_536, "x");
      })(),
      write: async () => {},
      end: async () => {},
      kill: () => {},
    });
    await assert.rejects(open(new Plugins({ start, person: SILENT })), { code: "E_AGE_PLUGIN" });
    assert.ok(sent < 20, String(sent));
  });

  it("labels twice, or a stanza for another key, is told", async () => {
    const twice = of(async ({ say }) => {
      for (const label of ["a", "b"]) await say(["labels", label]);
    });
    await assert.rejects(twice.plugins.wrap("t", "age1t1x", KEY), /its labels twice/);
    const flood = of(async ({ say }) => {
      for (let i = 0; i < 1001; i++) await say(["recipient-stanza", "0", "x"], KEY);
    });
    await assert.rejects(flood.plugins.wrap("t", "age1t1x", KEY), /E_AGE_PLUGIN|not asked about/);
    const untyped = of(async ({ say }) => void (await say(["recipient-stanza", "0"], KEY)));
    await assert.rejects(untyped.plugins.wrap("t", "age1t1x", KEY), /not asked about/);
  });
});

it("a plugin that reads nothing is waited for, and heard", async () => {
  const start = (): PluginProcess => ({
    output: (async function* () {
      yield formatStanza(["error", "internal"], Buffer.from("busy"));
      yield formatStanza(["done"]);
    })(),
    write: () => new Promise(() => {}),
    end: async () => {},
    kill: () => {},
  });
  await assert.rejects(open(new Plugins({ start, person: SILENT })), /busy/);
});

it("a plugin that cannot be started is told as such, once", async () => {
  let starts = 0;
  const start = () => {
    starts++;
    throw new SecretsError("E_AGE_PLUGIN_MISSING", "the program age-plugin-t is not installed");
  };
  const plugins = new Plugins({ start, person: SILENT });
  for (const name of ["a", "b"]) await assert.rejects(open(plugins, name), { code: "E_AGE_PLUGIN_MISSING" });
  assert.equal(starts, 1);
});

describe("of two tokens", () => {
  const oneAtHome: Behaviour = async ({ say, write }) => {
    await say(["error", "identity", "0"], Buffer.from("token 12 is not plugged in"));
    await say(["file-key", "1"], KEY);
    write("-> done\n\n");
  };

  it("the one that is there opens what it can; the rest is told to be the other's", async () => {
    const { plugins, ended, killed } = of(oneAtHome);
    const [first, second] = await Promise.allSettled([open(plugins, "a"), open(plugins, "b")]);
    assert.ok(first?.status === "rejected" && /token 12 is not plugged in/.test(String(first.reason)));
    assert.ok(second?.status === "fulfilled");
    assert.deepEqual([ended(), killed()], [1, 0]);
  });

  it("a stanza that one of them cannot read may be opened by the other", async () => {
    const { plugins } = of(async ({ say, write }) => {
      await say(["error", "stanza", "0", "0"], Buffer.from("not by this one"));
      await say(["file-key", "0"], KEY);
      write("-> done\n\n");
    });
    assert.deepEqual(Buffer.from((await open(plugins)) ?? []), KEY);
  });

  it("a complaint is answered, and the plugin is left to end by itself", async () => {
    let answer = "";
    const { plugins, ended, killed } = of(async ({ say }) => {
      answer = (await say(["error", "internal"], Buffer.from("no reader\u001b[31m"))).args.join(" ");
    });
    await assert.rejects(open(plugins), /it failed: no reader/);
    assert.deepEqual([answer, ended(), killed()], ["ok", 1, 0]);
  });
});

describe("a person", () => {
  it("who is not there is missed by what they would have been asked", async () => {
    const error = await fault(async ({ say, write }) => {
      assert.equal((await say(["request-secret"], Buffer.from("PIN for token 12"))).args.join(" "), "fail");
      assert.equal((await say(["confirm", "R28", "Tm8"], Buffer.from("go on?"))).args.join(" "), "fail");
      await say(["error", "internal"], Buffer.from("no PIN"));
      write("-> done\n\n");
    });
    assert.match(error.hint ?? "", /"PIN for token 12".*no terminal/);
    assert.match(error.hint ?? "", /"go on\?"/);
  });

  it("is not asked twice in a run for the same file, and what they opened can be wiped", async () => {
    const { plugins, starts } = of(opening);
    const first = (await open(plugins)) ?? assert.fail();
    const copy = Uint8Array.from(first);
    first.fill(0);
    assert.deepEqual(await open(plugins), copy);
    assert.equal(starts(), 1);
  });

  it("is not asked about a file without stanzas, which the protocol cannot name", async () => {
    const { plugins, starts } = of(opening);
    assert.equal(await plugins.unwrap("t", ["ID"], []), null);
    assert.equal(starts(), 0);
  });

  it("who waits is told that it is the plugin that does not answer", async () => {
    const waits: string[] = [];
    const { plugins } = of(opening, {
      waitFor: (plugin) => {
        waits.push(`waiting for ${plugin}`);
        return () => void waits.push("answered");
      },
    });
    await open(plugins);
    assert.deepEqual(waits, ["waiting for t", "answered", "waiting for t", "answered"]);
  });
});

it("the file keys that were handed over are wiped where they were written down", async () => {
  const written: Uint8Array[] = [];
  const start = (): PluginProcess => ({
    output: (async function* () {
      yield formatStanza(["recipient-stanza", "0", "x"], KEY);
      yield formatStanza(["done"]);
    })(),
    write: async (bytes) => void written.push(bytes),
    end: async () => {},
    kill: () => {},
  });
  await new Plugins({ start, person: SILENT }).wrap("t", "age1t1x", KEY);
  assert.ok(written[0]?.every((byte) => byte === 0));
});
