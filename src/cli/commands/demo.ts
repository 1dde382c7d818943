/** `secrets demo [DIR]`: makes a sample fleet with throw-away keys and walks the main job in it, with the real commands. */
import { spawn } from "node:child_process";
import { mkdir, mkdtemp, readdir, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { writeSampleFleet } from "../../actions/demo/write-sample-fleet.ts";
import { SecretsError } from "../../errors.ts";
import { run } from "../../repo/program.ts";
import type { Context } from "../context.ts";
import { style } from "../terminal/styled.ts";

interface Step {
  readonly say: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The exit code that this step is about; any other one stops the demo. */
  readonly expect: number;
}

export async function demo(this: Context, flags: { readonly yes?: boolean }, directory?: string): Promise<void> {
  const { terminal } = this;
  const place = await placeFor(this, directory);
  const fleet = join(place, "fleet");
  const keys = join(place, "keys");
  await mkdir(keys, { mode: 0o700, recursive: true });
  const sample = await writeSampleFleet(
    {
      file: async (path, content, mode) => {
        await mkdir(dirname(join(fleet, path)), { recursive: true });
        await writeFile(join(fleet, path), content, { mode, flag: "wx" });
      },
      link: async (path, target) => {
        await mkdir(dirname(join(fleet, path)), { recursive: true });
        await symlink(target, join(fleet, path));
      },
    },
    this.now(),
  );
  for (const [name, text] of sample.identities)
    await writeFile(join(keys, `${name}.txt`), text, { mode: 0o600, flag: "wx" });
  await commitFleet(fleet);

  const identity = join(keys, `${sample.person}.txt`);
  terminal.print([style("bold", "A sample fleet"), " lies in ", fleet]);
  terminal.print([
    "You are ",
    style("bold", sample.person),
    "; your key is ",
    identity,
    " (thrown away with the fleet).",
  ]);
  const pausing = terminal.interactive && flags.yes !== true;
  for (const step of stepsFor(sample.person, sample.drift.path)) {
    terminal.print("");
    terminal.print(style("cyan", `# ${step.say}`));
    terminal.print(["$ ", style("bold", `secrets ${step.argv.join(" ")}`)]);
    if (pausing) await waitForEnter();
    const code = await runStep(fleet, step, { ...this.env, SOPS_AGE_KEY_FILE: identity });
    if (code !== step.expect) {
      throw new SecretsError("E_DEMO", `this step ended with code ${code} where ${step.expect} was expected`);
    }
  }
  terminal.print("");
  terminal.print("Go on by yourself:");
  terminal.print(["  cd ", fleet]);
  terminal.print(["  export SOPS_AGE_KEY_FILE=", identity]);
  terminal.print([`  ${invocation()} edit        `, style("dim", "# pick a secret, change it, save")]);
}

function stepsFor(person: string, drifting: string): Step[] {
  const file = `secrets/users/${person}.sops.yaml`;
  return [
    { say: "what is here?", argv: [], expect: 0 },
    { say: "who reads the secrets of one service?", argv: ["ls", "openssh"], expect: 0 },
    {
      say: "change one value in your editor (here, sed stands in for a person)",
      argv: ["edit", file],
      env: { SECRETS_EDITOR: "sed -i s/user:.*/user:\\ ada-from-the-demo/" },
      expect: 0,
    },
    { say: "read it back", argv: ["get", `${file}#github/user`], expect: 0 },
    { say: "is every reader the one that should read? One is not, on purpose", argv: ["check"], expect: 1 },
    { say: "why?", argv: ["explain", drifting], expect: 0 },
    { say: "bring it in line: only the new reader's copy of the key is added", argv: ["sync", "--yes"], expect: 0 },
    { say: "clean?", argv: ["check"], expect: 0 },
    {
      say: "a laptop is lost: what would it take to lock bruno out of this one?",
      argv: ["revoke", "bruno", drifting, "--dry-run"],
      expect: 0,
    },
  ];
}

/** An empty or new folder of the person's choice, or a fresh one of ours. */
async function placeFor(context: Context, directory: string | undefined): Promise<string> {
  if (directory === undefined) return mkdtemp(join(tmpdir(), "secrets-demo-"));
  const place = resolve(context.directory, directory);
  const entries = await readdir(place).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw new SecretsError("E_DEMO", "this is no folder that can be used", {
      location: { file: directory },
      cause: error,
    });
  });
  if (entries.length > 0) {
    throw new SecretsError("E_DEMO", "this folder is not empty; the sample fleet wants one of its own", {
      kind: "usage",
      location: { file: directory },
      hint: "name a new folder, or leave it out to get one in the temporary directory",
    });
  }
  await mkdir(place, { recursive: true });
  return place;
}

/** The demo's fleet is ours, so committing here takes nothing out of anyone's hands. */
async function commitFleet(fleet: string): Promise<void> {
  const author = ["-c", "user.name=demo", "-c", "user.email=demo@example.org", "-c", "commit.gpgSign=false"];
  for (const argv of [
    ["init", "--quiet"],
    ["add", "--all"],
    [...author, "commit", "--quiet", "-m", "Sample fleet"],
  ]) {
    const { code, stderr } = await run(["git", ...argv], { cwd: fleet });
    if (code !== 0) throw new SecretsError("E_GIT", `git ${argv[0] ?? ""} failed`, { cause: stderr });
  }
}

/** How this program was started: from its sources there is no `secrets` on PATH. */
function invocation(): string {
  const script = process.argv[1] ?? "";
  return script.endsWith(".ts") ? `${process.execPath} ${script}` : "secrets";
}

/** The same program again, so that what the demo shows is what a person would see. */
function runStep(cwd: string, step: Step, env: Readonly<Record<string, string | undefined>>): Promise<number> {
  const [node, script] = process.argv;
  const child = spawn(node ?? process.execPath, [script ?? "", ...step.argv], {
    cwd,
    env: { ...env, ...step.env },
    stdio: "inherit",
  });
  return new Promise((done, fail) => {
    child.on("error", fail);
    child.on("close", (code) => done(code ?? 1));
  });
}

function waitForEnter(): Promise<void> {
  process.stderr.write("  [Enter]");
  return new Promise((done) => {
    process.stdin.resume();
    process.stdin.once("data", () => {
      process.stdin.pause();
      done();
    });
  });
}
