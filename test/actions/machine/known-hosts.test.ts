import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  draftKnownHost,
  dropKnownHost,
  isKnownHostsText,
  knownKeysOf,
  renameKnownHost,
} from "../../../src/actions/machine/known-hosts.ts";
import { PolicyDraft } from "../../../src/actions/rekey/policy-draft.ts";
import { makeSshKeyPair } from "../../../src/age/ssh-key-pair.ts";
import { type MemoryFiles, memoryGround } from "../../fleet/memory-ground.ts";

const key = () => makeSshKeyPair("x").publicKey.split(" ").slice(0, 2).join(" ");
const [A, B, C] = [key(), key(), key()];
const RSA = `ssh-rsa ${"A".repeat(64)}`;
const FILE = "known_hosts";

async function changed(
  before: string | undefined,
  change: (draft: PolicyDraft) => Promise<unknown>,
): Promise<string | undefined> {
  const files: MemoryFiles = { a: "", ...(before === undefined ? {} : { [FILE]: before }) };
  const draft = new PolicyDraft(memoryGround(files));
  await change(draft);
  if ((await draft.ground.kind(FILE)) === "missing") return undefined;
  return Buffer.from(await draft.ground.read(FILE)).toString("utf8");
}

const write = (before: string | undefined, hosts: readonly string[], publicKey: string) =>
  changed(before, (draft) => draftKnownHost(draft, FILE, { hosts, publicKey }, "why"));

describe("draftKnownHost", () => {
  it("adds a line, and leaves all others as they are", async () => {
    assert.equal(await write(undefined, ["web"], A), `web ${A}\n`);
    assert.equal(await write(`# fleet\n\ndb ${RSA}\n`, ["web"], A), `# fleet\n\ndb ${RSA}\nweb ${A}\n`);
    assert.equal(await write(`db ${B}`, ["web", "10.0.0.1"], A), `db ${B}\nweb,10.0.0.1 ${A}\n`);
    assert.equal(await write(`db ${B}\r\n`, ["web"], A), `db ${B}\r\nweb ${A}\r\n`);
  });

  it("writes nothing that is there already", async () => {
    const text = `web,10.0.0.1 ${A} a comment\n`;
    assert.equal(await write(text, ["web"], A), text);
    assert.equal(await write(text, ["web", "web.lan"], A), `${text}web.lan ${A}\n`);
  });

  it("replaces the line that named the host with another key, and says so", async () => {
    const draft = new PolicyDraft(memoryGround({ [FILE]: `web ${B}\ndb ${C}\n` }));
    assert.equal(await draftKnownHost(draft, FILE, { hosts: ["web"], publicKey: A }, "why"), true);
    assert.equal(Buffer.from(await draft.ground.read(FILE)).toString(), `db ${C}\nweb ${A}\n`);
  });

  it("leaves marked and hashed lines to whoever wrote them", async () => {
    const text = `@revoked web ${B}\n|1|abc=|def= ${B}\n# a note\n\n`;
    assert.equal(await write(text, ["web"], A), `${text}web ${A}\n`);
  });

  it("refuses what holds anything else, and what is no file", async () => {
    const binary = new PolicyDraft(memoryGround({ [FILE]: Buffer.of(0xff, 0xfe) }));
    await assert.rejects(draftKnownHost(binary, FILE, { hosts: ["a"], publicKey: A }, ""), { code: "E_KNOWN_HOSTS" });
    const code = new PolicyDraft(memoryGround({ [FILE]: "{ }\n" }));
    await assert.rejects(draftKnownHost(code, FILE, { hosts: ["a"], publicKey: A }, ""), { code: "E_KNOWN_HOSTS" });
    const folder = new PolicyDraft(memoryGround({ [`${FILE}/x`]: "" }));
    await assert.rejects(draftKnownHost(folder, FILE, { hosts: ["a"], publicKey: A }, ""), { code: "E_KNOWN_HOSTS" });
  });
});

describe("when a machine goes or has another name", () => {
  const drop = (before: string, host: string) => changed(before, (draft) => dropKnownHost(draft, FILE, host, "why"));
  const rename = (before: string, from: string, to: string) =>
    changed(before, (draft) => renameKnownHost(draft, FILE, from, to, "why"));

  it("drops its name, and the line and the file that are left without one", async () => {
    assert.equal(await drop(`web,10.0.0.1 ${A} c\ndb ${B}\n`, "web"), `10.0.0.1 ${A} c\ndb ${B}\n`);
    assert.equal(await drop(`web ${A}\ndb ${B}\n`, "web"), `db ${B}\n`);
    assert.equal(await drop(`web ${A}\n`, "web"), undefined);
    assert.equal(await drop(`web01 ${A}\n`, "web"), `web01 ${A}\n`);
  });

  it("renames it in place", async () => {
    assert.equal(await rename(`web,10.0.0.1 ${A} c\ndb ${B}\n`, "web", "www"), `www,10.0.0.1 ${A} c\ndb ${B}\n`);
    assert.equal(await rename(`$& ${A}\n`, "$&", "$1"), `$1 ${A}\n`);
    assert.equal(await rename(`web = 1\nweb ${A}\n`, "web", "www"), `web = 1\nweb ${A}\n`);
  });
});

it("knows the keys of a host, each once", () => {
  assert.deepEqual(knownKeysOf(`web ${A}\nweb,x ${A}\nweb ${B}\nweb ssh-rsa AAAA\n# web ${C}\n`, "web"), [A, B]);
});

it("tells lines of known_hosts from code", () => {
  for (const text of ["", `web ${A}\n`, `# c\n\n@cert-authority *.x ${A} c\nweb ssh-rsa ${"A".repeat(80)}\n`]) {
    assert.ok(isKnownHostsText(Buffer.from(text)), text);
  }
  for (const text of ["#!/bin/sh\nrm -rf ~\n", "{ outputs = _: { }; }\n", `web ${A}\nmalicious = true\n`, "a b c\n"]) {
    assert.ok(!isKnownHostsText(Buffer.from(text)), text);
  }
});
