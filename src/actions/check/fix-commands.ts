/** The commands that findings send people to, with names from the repository made harmless in them. */
import { shellWord } from "./shell-word.ts";

/** What has to be put right by hand, opened at its line. */
export function editAt({ path, line }: { readonly path: string; readonly line?: number }): string {
  return `$EDITOR ${line === undefined ? "" : `+${line} `}${shellWord(path)}`;
}

/** Takes away a file or a folder; git still has it. */
export function removeFromGit(path: string): string {
  return `${gitFor(path)} rm -r ${shellWord(path)}`;
}

export function renameInGit(path: string): string {
  return `${gitFor(path)} mv ${shellWord(path)} NEW-NAME`;
}

/** Who changed it, and which version is the last good one. */
export function historyOf(path: string): string {
  return `${gitFor(path)} log --oneline -- ${shellWord(path)}`;
}

/** git itself expands `*` and reads a leading `:` as an instruction, whatever the shell's quotes say. */
function gitFor(path: string): string {
  return /^:|[*?[\\]/.test(path) ? "git --literal-pathspecs" : "git";
}

/** Seals a document to those who should read it, and to nobody else. */
export function bringInLine({ path }: { readonly path: string }): string {
  return `secrets sync ${shellWord(path)}`;
}
