/**
 * What an editor must be told so that it keeps a secret: no copy of the text outside the scratch directory (swap and
 * backup files, undo history, registers, positions), no settings taken from the text (modelines), and no return before
 * the person is done.
 */
import { join } from "node:path";

export interface EditorOptions {
  /** Before the words of the person and the file. */
  readonly args: readonly string[];
  /** It opens a window of its own and returns at once unless told to wait. */
  readonly window: boolean;
  /** Words that open the file at a line. */
  readonly atLine: (line: number) => readonly string[];
}

/** vim and neovim. Given through an autocommand, because the person's own settings are read after `--cmd`. */
const VIM_SETTINGS = "set nomodeline noswapfile noundofile nobackup nowritebackup";
const VIM = [
  ...["-n", "-i", "NONE"],
  ...["--cmd", "silent! augroup secrets"],
  ...["--cmd", `silent! autocmd BufReadPre,BufNewFile * ${VIM_SETTINGS}`],
  ...["--cmd", "silent! augroup END"],
  // A vim without autocommands (vim.tiny) has its settings set once more after the file is there.
  ...["-c", `silent! ${VIM_SETTINGS}`],
];
const EMACS = "(setq make-backup-files nil auto-save-default nil create-lockfiles nil enable-local-variables nil)";
const MICRO = ["backup", "permbackup", "savecursor", "savehistory", "saveundo"].flatMap((name) => [
  `-${name}`,
  "false",
]);

const plusLine = (line: number) => [`+${line}`];
const nowhere = () => [];

interface Family {
  readonly names: RegExp;
  readonly options: (directory: string) => readonly string[];
  readonly window?: true;
  readonly atLine?: (line: number) => readonly string[];
}

const FAMILIES: readonly Family[] = [
  { names: /^(gvim|mvim|gview|vim\.gtk\d?)$/, options: () => ["--nofork", ...VIM], atLine: plusLine, window: true },
  { names: /^(r?vim|nvim|r?view|vimx)(\.[a-z0-9]+)?$/, options: () => VIM, atLine: plusLine },
  { names: /^emacs([-.][a-z0-9.-]+)?$/, options: () => ["--eval", EMACS], atLine: plusLine },
  // There is no option against what a nanorc turns on, only one against all of it.
  { names: /^nano(\.[a-z]+)?$/, options: () => ["--ignorercfiles"], atLine: plusLine },
  { names: /^micro$/, options: () => MICRO, atLine: plusLine },
  { names: /^kak$/, options: () => [], atLine: plusLine },
  {
    names: /^(code|code-insiders|code-oss|codium|vscodium|cursor|windsurf)$/,
    // A user directory of its own: backups of unsaved text, recent files and synced settings stay in memory. Extensions
    // may send open files to others, so there are none.
    options: (directory) => [
      ...["--wait", "--new-window", "--disable-extensions", "--disable-telemetry"],
      ...["--user-data-dir", join(directory, "editor-data")],
    ],
    window: true,
  },
  {
    names: /^(subl|sublime_text|zed|zeditor|zed-editor|gedit|gnome-text-editor|mate|atom|pulsar|bbedit|lapce|fleet)$/,
    options: () => ["--wait"],
    window: true,
  },
  {
    names: /^(idea|pycharm|webstorm|goland|clion|rustrover|phpstorm|rider|rubymine)(\.sh)?$/,
    options: () => ["--wait"],
    window: true,
  },
  { names: /^(kate|kwrite)$/, options: () => ["--block"], window: true },
  { names: /^(hx|helix|vi|nvi|ed|ex|joe|jed|mg|ne|pico|tilde|busybox|emacsclient.*)$/, options: () => [] },
];

const WAITING: readonly string[] = ["--wait", "-w", "--nofork", "-f", "--block", "-b"];

/**
 * @param resolved the program's own name, behind all links
 * @param args what the person gives it; told to wait already, it is not told twice
 * @param directory scratch space for what the editor keeps while it runs
 */
export function optionsFor(resolved: string, args: readonly string[], directory: string): EditorOptions | undefined {
  const family = FAMILIES.find(({ names }) => names.test(resolved));
  if (family === undefined) return undefined;
  // Only flags that stand by themselves may be left out: dropping a `-c` would turn its value into a file.
  const told = WAITING.some((flag) => args.includes(flag));
  const options = family.options(directory);
  return {
    args: told ? options.filter((option) => !WAITING.includes(option)) : options,
    window: family.window === true,
    atLine: family.atLine ?? nowhere,
  };
}
