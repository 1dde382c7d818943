/** `secrets export [ADDRESS…] DIR`: values of the vars tier in clear, as clan's own dump has them. */

import { shellWord } from "../../actions/check/shell-word.ts";
import { readDump, type ValueDump } from "../../actions/service/export-values.ts";
import { SecretsError } from "../../errors.ts";
import type { Context } from "../context.ts";
import { dumpFolder } from "../dump-folder.ts";
import { style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export interface ExportFlags {
  readonly partial?: boolean;
  readonly json?: boolean;
}

/** What `--json` prints: where what was written, never what. */
export interface ExportView {
  readonly schemaVersion: 1;
  /** Absolute. */
  readonly directory: string;
  /** Nothing of it outlasts a restart. */
  readonly inMemory: boolean;
  readonly values: readonly {
    readonly address: string;
    /** Below the directory. */
    readonly path: string;
    readonly bytes: number;
  }[];
  /** Paths of validation hashes below the directory. */
  readonly hashes: readonly string[];
  /** Left out, because no key here opens it. */
  readonly locked: readonly { readonly address: string; readonly reason: string }[];
}

export async function exportValues(this: Context, flags: ExportFlags, ...args: string[]): Promise<void> {
  const { terminal } = this;
  const directory = args.at(-1);
  if (directory === undefined || directory.startsWith("vars/")) {
    throw new SecretsError("E_USAGE", "the folder to export into is missing", {
      kind: "usage",
      hint: "name a new folder outside of the repository at the end: secrets export ADDRESS… DIR",
    });
  }
  const workplace = await openWorkplace(this);
  const folder = await dumpFolder(this, workplace.ground.root, directory);
  const dump = await readDump(workplace, args.slice(0, -1), { partial: flags.partial === true });
  if (dump.values.length > 0) await folder.write([...dump.values, ...dump.hashes]);
  if (flags.json === true) terminal.json(viewDump(dump, folder));
  for (const { address, reason } of dump.locked) {
    terminal.note([style("yellow", "left out"), `: ${address}: ${reason}`]);
  }
  if (dump.values.length === 0) {
    terminal.note("there is no value to export; nothing was written");
    return;
  }
  const count = dump.values.length === 1 ? "1 value" : `${dump.values.length} values`;
  terminal.note([style("green", "done"), `: ${count} in clear in ${directory}`]);
  if (!folder.inMemory) {
    terminal.note([
      style("yellow", "note"),
      ": this folder is on a disk; what is removed from there may still be found",
    ]);
  }
  terminal.note([style("cyan", "next"), `: remove it when it has been read: rm -r ${shellWord(directory)}`]);
}

function viewDump({ values, hashes, locked }: ValueDump, place: { path: string; inMemory: boolean }): ExportView {
  return {
    schemaVersion: 1,
    directory: place.path,
    inMemory: place.inMemory,
    values: values.map(({ address, path, bytes }) => ({ address, path, bytes: bytes.length })),
    hashes: hashes.map(({ path }) => path),
    locked,
  };
}
