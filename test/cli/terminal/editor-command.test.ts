import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { findEditor } from "../../../src/cli/terminal/editor-command.ts";
import { optionsFor } from "../../../src/cli/terminal/editor-options.ts";

function makePrograms(t: TestContext, ...names: string[]): string {
  const directory = mkdtempSync("/tmp/secrets-test-");
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  for (const name of names) writeFileSync(join(directory, name), "", { mode: 0o755 });
  return directory;
}

describe("findEditor", () => {
  it("goes by the order of the variables, then by what is there", (t) => {
    const PATH = makePrograms(t, "a", "b", "c", "d", "vi", "nano");
    const all = { PATH, SECRETS_EDITOR: "a", SOPS_EDITOR: "b", VISUAL: "c", EDITOR: "d", TERM: "xterm" };
    const expected = [
      [all, "a", "SECRETS_EDITOR"],
      [{ ...all, SECRETS_EDITOR: "" }, "b", "SOPS_EDITOR"],
      [{ ...all, SECRETS_EDITOR: undefined, SOPS_EDITOR: " " }, "c", "VISUAL"],
      [{ ...all, SECRETS_EDITOR: "", SOPS_EDITOR: "", TERM: "dumb" }, "d", "EDITOR"],
      [{ PATH, VISUAL: "c", TERM: "dumb" }, "nano", "default"],
      [{ PATH }, "nano", "default"],
      [{ PATH: makePrograms(t, "vi") }, "vi", "default"],
    ] as const;
    for (const [env, name, source] of expected) {
      const editor = findEditor(env);
      assert.deepEqual([editor.resolved, editor.source], [name, source]);
    }
  });

  it("splits words as a shell would, and hands them to no shell", (t) => {
    const PATH = makePrograms(t, "ed", "my editor");
    assert.deepEqual(findEditor({ PATH, EDITOR: `ed -x 'a b' "$(touch /tmp/x)" \\; c` }).args, [
      "-x",
      "a b",
      "$(touch /tmp/x)",
      ";",
      "c",
    ]);
    assert.equal(findEditor({ PATH, EDITOR: "'my editor' -w" }).program, join(PATH, "my editor"));
    assert.equal(findEditor({ PATH: "", HOME: PATH, EDITOR: "~/ed" }).program, join(PATH, "ed"));
    assert.throws(() => findEditor({ PATH, EDITOR: "ed 'x" }), { code: "E_EDITOR_COMMAND", kind: "usage" });
  });

  it("looks behind links for what an editor really is", (t) => {
    const PATH = makePrograms(t, "vim.basic");
    mkdirSync(join(PATH, "alternatives"));
    symlinkSync("../vim.basic", join(PATH, "alternatives/vi"));
    symlinkSync("alternatives/vi", join(PATH, "vi"));
    const editor = findEditor({ PATH });
    assert.deepEqual([editor.program, editor.resolved], [join(PATH, "vi"), "vim.basic"]);
  });

  it("says which variable names a program that is not there, and takes no other in its place", (t) => {
    const PATH = makePrograms(t, "vi");
    assert.throws(() => findEditor({ PATH, VISUAL: "gone -w" }), { code: "E_EDITOR_MISSING", message: /VISUAL.*gone/ });
    assert.throws(() => findEditor({ PATH: "" }), { code: "E_EDITOR_MISSING", hint: /EDITOR/ });
    assert.throws(() => findEditor({ PATH, EDITOR: "./vi" }), { code: "E_EDITOR_MISSING" });
  });
});

describe("optionsFor", () => {
  const first = (name: string, args: string[] = []) => optionsFor(name, args, "/scratch")?.args[0];
  const cases: [string, string | undefined][] = [
    ["vim", "-n"],
    ["vim.basic", "-n"],
    ["vim.tiny", "-n"],
    ["nvim", "-n"],
    ["view", "-n"],
    ["gvim", "--nofork"],
    ["nano", "--ignorercfiles"],
    ["emacs", "--eval"],
    ["emacs-29.4", "--eval"],
    ["micro", "-backup"],
    ["code", "--wait"],
    ["codium", "--wait"],
    ["subl", "--wait"],
    ["zed", "--wait"],
    ["idea.sh", "--wait"],
    ["kate", "--block"],
    ["hx", undefined],
    ["emacsclient.emacs", undefined],
  ];
  for (const [name, option] of cases) {
    it(name, () => {
      assert.ok(optionsFor(name, [], "/scratch"));
      assert.equal(first(name), option);
    });
  }

  it("knows nothing of a stranger", () => {
    for (const name of ["vimdiff-wrapper.sh", "mycode", "emacsish", "true"])
      assert.equal(optionsFor(name, [], "/scratch"), undefined);
  });

  it("does not repeat what the person has said", () => {
    assert.equal(optionsFor("code", ["--wait"], "/s")?.args.includes("--wait"), false);
    assert.equal(optionsFor("subl", ["-w"], "/s")?.args.includes("--wait"), false);
    assert.equal(optionsFor("gvim", ["-f"], "/s")?.args.includes("--nofork"), false);
  });

  it("gives every option whole, whatever the person gives", () => {
    const alone = optionsFor("vim", [], "/s")?.args;
    assert.deepEqual(optionsFor("vim", ["-n", "-c", "set nu", "--cmd", "x", "-w"], "/s")?.args, alone);
    assert.equal(alone?.filter((word) => word === "-c" || word === "--cmd").length, 4);
  });

  it("keeps what code remembers in scratch space", () => {
    const { args, window } = optionsFor("code", [], "/scratch") ?? { args: [""], window: false };
    assert.equal(args[args.indexOf("--user-data-dir") + 1], "/scratch/editor-data");
    assert.equal(window, true);
  });
});
