/** The real vim, with settings that would keep copies of a secret, under a watch on every file that it makes. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";

const VIMRC = (home: string) => `set nocompatible
autocmd!
set undofile undodir=${home}/undo backup backupdir=${home}/backup directory=${home}/swap updatecount=1
set modeline viminfo='100,n${home}/viminfo
`;

it("makes vim write nothing but the file itself, whatever its settings and the person's options say", (t) => {
  const home = mkdtempSync("/tmp/secrets-test-");
  t.after(() => rmSync(home, { recursive: true, force: true }));
  for (const name of ["undo", "backup", "swap"]) mkdirSync(join(home, name));
  writeFileSync(join(home, ".vimrc"), VIMRC(home));
  const source = (name: string) => JSON.stringify(new URL(`../../src/${name}`, import.meta.url).href);
  const run = `import { editText } from ${source("cli/terminal/editor.ts")};
    import { openScratch } from ${source("repo/scratch.ts")};
    const outcome = await editText({
      initial: Buffer.from("a: 1\\n# vim: set ts=13:\\n"), extension: ".yaml", commentSign: "#", ask: undefined,
      validate: async () => undefined, save: async (bytes) => void process.stdout.write(bytes),
      env: process.env, scratch: openScratch({ env: {} }),
    });
    if (outcome !== "saved") process.exitCode = 9;`;
  const commands = ["normal ocanary", "execute 'normal o' . &ts", "wq"].map((each) => `-c "${each}"`).join(" ");
  const trace = join(home, "trace");
  const strace = ["-f", "-o", trace, "-e", "trace=openat,open,creat,rename,renameat,renameat2,link,linkat,mkdir"];
  const text = execFileSync("strace", [...strace, process.execPath, "--input-type=module", "-e", run], {
    env: { PATH: process.env["PATH"], HOME: home, TERM: "dumb", EDITOR: `vim --not-a-term ${commands}` },
    cwd: home,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  // The modeline in the text was not obeyed either: a tab stop is 8 and not 13.
  assert.match(text, /canary\n8\n/);
  const made = readFileSync(trace, "utf8")
    .split("\n")
    .filter((line) => /O_CREAT|rename|link|creat\(|mkdir\(/.test(line) && !line.includes(" = -1 "))
    .filter((line) => !/"\/dev\/(shm\/secrets-scratch-|null|tty)/.test(line));
  assert.deepEqual(made, []);
  assert.deepEqual(readdirSync(home).sort(), [".vimrc", "backup", "swap", "trace", "undo"]);
  for (const name of ["undo", "backup", "swap"]) assert.deepEqual(readdirSync(join(home, name)), []);
});
