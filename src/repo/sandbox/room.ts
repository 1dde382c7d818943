/** What a script finds around it: the folders of one run, and the environment that names them. */

export interface Room {
  readonly in: string;
  readonly out: string;
  readonly prompts: string;
  readonly bin: string;
  readonly script: string;
}

/** The room as a sandbox shows it. */
export const INSIDE: Room = {
  in: "/build/in",
  out: "/build/out",
  prompts: "/build/prompts",
  bin: "/build/bin",
  script: "/build/script",
};

/**
 * Everything that the script's environment has.
 * @param temporary a folder for what it does not keep
 * @param prompts whether there are any: clan's scripts ask by `$prompts` being set
 */
export function scriptEnvironment(room: Room, temporary: string, prompts: boolean): Record<string, string> {
  return {
    PATH: room.bin,
    in: room.in,
    out: room.out,
    ...(prompts ? { prompts: room.prompts } : {}),
    HOME: "/homeless-shelter",
    LC_ALL: "C.UTF-8",
    TMPDIR: temporary,
  };
}
