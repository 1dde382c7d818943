/** Scripts of services in the real sandbox: what they can reach, what comes out of it, and what is left of them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { SecretsError } from "../../src/errors.ts";
import { runScript, type SandboxOptions, type ScriptJob } from "../../src/repo/sandbox/run-script.ts";
import { canaryPlaces, processesNamed, until } from "./plain-text-left.ts";

const OPTIONS: SandboxOptions = {
  env: { ...process.env, SOPS_AGE_KEY: "canary-of-the-environment" },
  platform: process.platform,
};
const CANARY = "canary-8f2e-of-a-value";

function job(text: string, rest: Partial<ScriptJob> = {}): ScriptJob {
  return {
    name: "vars/web01/x",
    script: { text },
    programs: [],
    inputs: new Map(),
    prompts: new Map(),
    outputs: ["a"],
    ...rest,
  };
}

async function output(
  text: string,
  rest: Partial<ScriptJob> = {},
  options: Partial<SandboxOptions> = {},
): Promise<string> {
  const files = await runScript(job(text, rest), { ...OPTIONS, ...options });
  return Buffer.from(files.get("a") ?? "").toString("latin1");
}

async function fault(
  text: string,
  rest: Partial<ScriptJob> = {},
  options: Partial<SandboxOptions> = {},
): Promise<SecretsError> {
  try {
    await runScript(job(text, rest), { ...OPTIONS, ...options });
  } catch (error) {
    assert.ok(error instanceof SecretsError, String(error));
    return error;
  }
  assert.fail("it did not fail");
}

test("a script has what clan's have: $in, $out, $prompts, coreutils, the bytes that it wrote", async () => {
  const inputs = new Map([["dep/deep/file", Buffer.from([0, 255, 10])]]);
  const prompts = new Map([["word", Buffer.from("typed")]]);
  const script =
    'mkdir -p "$out/b"; cat "$in/dep/deep/file" > "$out/b/c"; printf %s "$(cat $prompts/word | tr a-z A-Z)" > $out/a';
  const files = await runScript(job(script, { inputs, prompts, outputs: ["a", "b/c"] }), OPTIONS);
  assert.deepEqual(
    [...files].map(([name, bytes]) => [name, Buffer.from(bytes).toString("hex")]),
    [
      ["a", Buffer.from("TYPED").toString("hex")],
      ["b/c", "00ff0a"],
    ],
  );
  assert.equal(await output("true > $out/a"), "", "an empty file is a value");
  assert.equal(await output('printf %s "${prompts-unset}" > $out/a'), "unset");
});

test("a failing command ends it, also in a pipe, and so does a variable that is not set", async () => {
  for (const text of ["false; true > $out/a", "false | true; true > $out/a", 'echo "$nothing" > $out/a']) {
    assert.equal((await fault(text)).code, "E_SCRIPT", text);
  }
});

test("no network: neither this computer's nor any other", async (t) => {
  const server = createServer(() => assert.fail("it was reached")).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const reach = (host: string, to: number) =>
    `if exec 3<>/dev/tcp/${host}/${to}; then echo reached > $out/a; else echo no > $out/a; fi 2> $out/../tmp/e || true`;
  for (const [host, to] of [
    ["127.0.0.1", port],
    ["1.1.1.1", 53],
    ["10.0.0.1", 80],
  ] as const) {
    assert.equal(
      await output(`{ ${reach(host, to).replace("2> $out/../tmp/e || true", "")}; } 2>/tmp/errors`),
      "no\n",
      host,
    );
  }
  assert.equal(await output("wc -l < /proc/net/route > $out/a"), "1\n", "no route");
});

test("nothing of the person: no home, no repository, no environment, no other process, no other scratch space", async (t) => {
  const home = mkdtempSync(join(homedir(), ".secrets-test-"));
  t.after(() => rmSync(home, { recursive: true }));
  writeFileSync(join(home, "file"), CANARY);
  const places = [
    home,
    homedir(),
    process.cwd(),
    "/root",
    "/home",
    "/run/user",
    "/var/lib",
    "/var/tmp",
    "/dev/shm/.",
    "/etc/passwd",
    "/etc/ssh",
    "/usr",
  ];
  const seen = await output(
    `for p in ${places.map((path) => `'${path}'`).join(" ")}; do if [ -n "$(ls -A "$p" 2>/dev/null)" ]; then echo "$p"; fi; done > $out/a`,
    { programs: ["grep"] },
  );
  assert.equal(seen, "/usr\n", "what is shown is seen, so that what is not seen is not shown");
  const env = await output("env | sort > $out/a");
  assert.deepEqual(
    env
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0])
      .sort(),
    ["HOME", "LC_ALL", "PATH", "PWD", "SHLVL", "TMPDIR", "_", "in", "out"].sort(),
  );
  const processes = await output("for p in /proc/[0-9]*; do echo $p; done | wc -l > $out/a");
  assert.ok(Number(processes) <= 6, `${processes} processes are seen`);
  assert.equal(
    await output(
      "cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | sort -u > /tmp/e; if [ \"$(cat /tmp/e | tr -d '\\n' | wc -c)\" -gt 0 ] && cat /tmp/e | grep -q canary; then echo found; fi > $out/a",
      { programs: ["grep"] },
    ),
    "",
  );
});

test("what it writes elsewhere is gone, and the system cannot be written to", async () => {
  for (const place of ["/usr/x", "/bin/x", "$in/x", "/build/script", "/nix/store/x"]) {
    assert.equal((await fault(`echo x > ${place}; true > $out/a`)).code, "E_SCRIPT", place);
  }
  await output("echo x > /tmp/x; mkdir -p /home/x 2>/dev/null || true; true > $out/a");
  assert.equal(existsSync("/home/x"), false);
});

test("programs are those asked for and coreutils; one that is not here is told", async () => {
  assert.equal((await fault("openssl version > $out/a")).code, "E_SCRIPT");
  assert.match(await output("openssl version > $out/a", { programs: ["openssl"] }), /^OpenSSL/);
  const missing = await fault("true > $out/a", { programs: ["no-such-program-x"] });
  assert.equal(missing.code, "E_PROGRAM_MISSING");
  assert.match(missing.message, /vars\/web01\/x needs the program no-such-program-x/);
});

const HOSTILE: readonly (readonly [what: string, script: string, says: RegExp])[] = [
  ["nothing", "true", /it did not make a/],
  ["a file too many", "true > $out/a; true > $out/b", /it made b, which nothing declares/],
  ["a link", "ln -s /etc/hostname $out/a", /a is a link/],
  ["a link to itself", "ln -s a $out/a", /a is a link/],
  ["a folder", "mkdir $out/a", /it did not make a/],
  ["a pipe", "mkfifo $out/a", /a is no regular file/],
  ["a name with a line break", "true > $out/a; true > $out/$'b\\nc'", /which nothing declares/],
  ["a name that is no text", "true > $out/a; true > $out/$'b\\xff'", /a file whose name is no UTF-8/],
  [
    "a folder deeper than any path",
    "cd $out; p=$(printf 'dddddddddd/%.0s' {1..200}); for i in 1 2 3 4; do mkdir -p $p; cd -P $p; done",
    /folders deeper than any file's name/,
  ],
  [
    "a hundred thousand files",
    "true > $out/a; for i in {1..12000}; do : > $out/$i; done",
    /more files than any service has/,
  ],
];
for (const [what, script, says] of HOSTILE) {
  test(`an output that is ${what} is refused`, async () => {
    const error = await fault(script);
    assert.equal(error.code, "E_SCRIPT_OUTPUT", error.message);
    assert.match(error.message, says);
  });
}

test("a hundred megabytes, in one file, in many, or as a hole, stop it before they fill the memory", async () => {
  for (const script of ["head -c 100000000 /dev/zero > $out/a", "truncate -s 100000000 $out/a"]) {
    assert.match((await fault(script)).code, /^E_SCRIPT/, script);
  }
  const many = await fault("for i in 1 2 3 4 5 6 7 8; do head -c 4000000 /dev/zero > $out/$i; done", {
    outputs: ["1", "2", "3", "4", "5", "6", "7", "8"],
  });
  assert.match(many.code, /^E_SCRIPT/);
});

test("it is stopped after its time, with everything that it started", async () => {
  const start = performance.now();
  const error = await fault("(sleep 30; true) & sleep 30; true > $out/a", {}, { timeoutMs: 500 });
  assert.equal(error.code, "E_SCRIPT_TIME");
  assert.ok(performance.now() - start < 5000);
  // A process that it leaves behind ends with it.
  await output("(while true; do sleep 1; done) >/dev/null 2>&1 & true > $out/a");
  await until(() => processesNamed("sleep 30") === 0);
});

test("what it printed is told without values, in whatever form it printed them", async () => {
  const inputs = new Map([["dep/file", Buffer.from(`${CANARY}\nsecond-${CANARY}\n`)]]);
  const prompts = new Map([["word", Buffer.from("typed canary")]]);
  const script =
    'cat $in/dep/file >&2; cat $prompts/word >&2; base64 -w0 $in/dep/file >&2; od -An -tx1 -v $prompts/word | tr -d " \\n" >&2; echo made-canary > $out/a; cat $out/a >&2; echo fine >&2; exit 7';
  const error = await fault(script, { inputs, prompts });
  assert.equal(error.code, "E_SCRIPT");
  assert.match(error.message, /exit code 7/);
  assert.match(error.hint ?? "", /fine/);
  for (const value of [
    "canary",
    Buffer.from(CANARY).toString("base64").slice(0, 12),
    Buffer.from("typed canary").toString("hex"),
  ]) {
    assert.ok(!`${error.message}${error.hint}`.includes(value), `${value} in ${error.hint}`);
  }
});

test("nor is a value told by the name of a file, or by what looks like the sandbox's own words", async () => {
  const inputs = new Map([["dep/file", Buffer.from(CANARY)]]);
  const named = await fault('true > $out/a; true > "$out/$(cat $in/dep/file)"', { inputs });
  assert.match(named.message, /it made \[hidden\], which nothing declares/);
  const linked = await fault('ln -s a "$out/$(cat $in/dep/file)"', { inputs });
  assert.match(linked.message, /\[hidden\] is a link/);
  const posing = await fault('echo "bwrap: $(cat $in/dep/file)" >&2; false', { inputs });
  for (const { message, hint } of [named, linked, posing]) assert.ok(!`${message}${hint}`.includes(CANARY));
});

test("without a sandbox it runs only if that is asked for", async () => {
  const bare = { PATH: dirnames(["bash", "sh", "cat", "ls"]).join(":") };
  const error = await fault("true > $out/a", {}, { env: { ...process.env, PATH: withoutBwrap(bare.PATH) } });
  assert.equal(error.code, "E_NO_SANDBOX");
  assert.match(error.hint ?? "", /--no-sandbox/);
  const env = { ...process.env, PATH: withoutBwrap(bare.PATH), SOPS_AGE_KEY: "canary" };
  assert.equal(
    await output("env | cut -d= -f1 | sort | tr '\\n' ' ' > $out/a", {}, { env, unsandboxed: true }),
    "HOME LC_ALL PATH PWD SHLVL TMPDIR _ in out ",
  );
});

test("killed in the middle, it leaves no plain text anywhere", async (t) => {
  const work = realpathSync(mkdtempSync(join(tmpdir(), "secrets-test-")));
  t.after(() => rmSync(work, { recursive: true, force: true }));
  const program = fileURLToPath(new URL("../../src/repo/sandbox/run-script.ts", import.meta.url));
  const code = `
    const { runScript } = await import(${JSON.stringify(program)});
    await runScript({ name: "x", script: { text: "cat $in/dep/file > $out/a; echo started > $out/b; sleep 60" }, programs: [],
      inputs: new Map([["dep/file", Buffer.from("${CANARY}-killed")]]), prompts: new Map(), outputs: ["a", "b"] },
      { env: process.env, platform: process.platform });`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { cwd: work, stdio: "ignore" });
  await until(() => canaryPlaces(`${CANARY}-killed`).length > 1);
  child.kill("SIGKILL");
  await once(child, "exit");
  await until(() => canaryPlaces(`${CANARY}-killed`).length === 0);
  await until(() => processesNamed("sleep 60") === 0);
});

function dirnames(programs: readonly string[]): string[] {
  const folders = (process.env["PATH"] ?? "").split(":");
  return folders.filter((folder) => programs.some((program) => existsSync(join(folder, program))));
}

/** The same programs, but one. */
function withoutBwrap(path: string): string {
  const folder = mkdtempSync(join(tmpdir(), "secrets-test-"));
  mkdirSync(join(folder, "bin"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  for (const from of path.split(":")) {
    for (const name of readdirSync(from)) {
      if (name === "bwrap" || existsSync(join(folder, "bin", name))) continue;
      try {
        symlinkSync(realpathSync(join(from, name)), join(folder, "bin", name));
      } catch {
        // A broken link of the system.
      }
    }
  }
  return join(folder, "bin");
}
