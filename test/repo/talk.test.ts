import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { startTalk } from "../../src/repo/talk.ts";

const directory = mkdtempSync(join(tmpdir(), "secrets-talk-"));
after(() => rmSync(directory, { recursive: true, force: true }));
const env = { PATH: process.env["PATH"] };

function program(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

async function heard(output: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of output) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

const lasts = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

describe("a program that is talked with", () => {
  it("hears what it is told and is heard, with its own environment, away from here", async () => {
    const path = program("echo", '#!/bin/sh\necho "$1 $PWD $GIVEN"; echo hidden >&2; cat\n');
    const talk = startTalk(path, ["word"], { env: { ...env, GIVEN: "x" } });
    await talk.write(Buffer.from("said\n"));
    const end = talk.end();
    assert.equal(await heard(talk.output), `word ${realpathSync(tmpdir())} x\nsaid\n`);
    await end;
  });

  it("that reads nothing any more is no fault", async () => {
    const talk = startTalk(program("deaf", "#!/bin/sh\nexec <&-\necho bye\n"), [], { env });
    assert.equal(await heard(talk.output), "bye\n");
    await talk.write(Buffer.alloc(1_000_000));
    await talk.end();
  });

  it("that cannot be started is told as such", async () => {
    const talk = startTalk(program("broken", "#!/nix/store/gone/bin/bash\n"), [], { env });
    await talk.write(Buffer.from("x"));
    await assert.rejects(heard(talk.output), { code: "E_PROGRAM_MISSING" });
    await talk.end();
  });

  it("that does not end is asked to, and then ended", async () => {
    const asked = startTalk(
      program("slow", "#!/bin/sh\ntrap 'echo cleaned; exit 0' INT\nwhile :; do sleep 0.1; done\n"),
      [],
      {
        env,
      },
    );
    const said = heard(asked.output);
    assert.ok((await lasts(() => asked.end())) < 2500);
    assert.equal(await said, "cleaned\n");
    const deaf = startTalk(program("never", "#!/bin/sh\ntrap '' INT TERM\nwhile :; do sleep 0.1; done\n"), [], { env });
    assert.ok((await lasts(() => deaf.end())) < 5000);
  });

  it("that leaves an agent behind which holds its output open does not keep us", async () => {
    const talk = startTalk(program("agent", "#!/bin/sh\nsleep 60 &\necho ready\n"), [], { env });
    assert.ok((await lasts(() => heard(talk.output))) < 4000);
    await talk.end();
  });

  it("is ended at once when it is given up", async () => {
    const talk = startTalk(program("mute", "#!/bin/sh\nexec sleep 60\n"), [], { env });
    const said = heard(talk.output);
    talk.kill();
    assert.ok((await lasts(() => said)) < 1000);
  });
});
