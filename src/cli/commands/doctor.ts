/** `secrets doctor`: where identities were looked for and what each opens; git, editor, scratch space, versions. */
import { type DoctorCheck, type DoctorPlace, type DoctorReport, doctor as examine } from "../../actions/doctor.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import type { Keyring } from "../../age/keyring.ts";
import { SecretsError } from "../../errors.ts";
import { findProgram, run } from "../../repo/program.ts";
import { openScratch } from "../../repo/scratch.ts";
import { sweepScratch } from "../../repo/sweep-scratch.ts";
import type { Context } from "../context.ts";
import { findEditor } from "../terminal/editor-command.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { VERSION } from "../version.ts";
import { openKeyring, openWorkplace } from "../workplace.ts";

export async function doctor(this: Context, flags: { readonly json?: boolean }): Promise<void> {
  const workplace = await openWorkplace(this).catch((error: unknown) => {
    // Keys and programs can be looked at from anywhere.
    if (error instanceof SecretsError && error.code === "E_NO_FLEET") return undefined;
    throw error;
  });
  const keyring = await (workplace?.keyring() ?? openKeyring(this));
  const report = await examine(keyring, await workplace?.fleet(), await lookAround(this, pluginsOf(keyring)));
  if (flags.json === true) {
    this.terminal.json({ ...report, places: report.places.map((place) => withoutHome(place, this.home)) });
    return;
  }
  for (const line of reportLines(report)) this.terminal.print(line);
}

function pluginsOf({ places }: Keyring): string[] {
  return [...new Set(places.flatMap(({ plugins }) => plugins))];
}

async function lookAround(context: Context, plugins: readonly string[]): Promise<DoctorCheck[]> {
  return [
    {
      name: "secrets",
      state: "ok",
      detail: `${VERSION} on Node ${process.versions.node}, ${context.platform} ${process.arch}`,
    },
    await gitCheck(context),
    editorCheck(context),
    // Before scratch space is made: making it sweeps, too, and then there would be nothing left to tell.
    ...leftoverChecks(context),
    scratchCheck(context),
    programCheck(context, context.env["SOPS_GPG_EXEC"] || "gpg", "needed only for PGP readers"),
    ...plugins.map((plugin) => pluginCheck(context, plugin)),
  ];
}

async function gitCheck(context: Context): Promise<DoctorCheck> {
  if (findProgram("git", context.env) === undefined) {
    return {
      name: "git",
      state: "warning",
      detail: "not found: every file below the root is looked at",
      fix: "install git",
    };
  }
  const { stdout } = await run(["git", "--version"], { env: context.env });
  return {
    name: "git",
    state: "ok",
    detail: Buffer.from(stdout)
      .toString("utf8")
      .trim()
      .replace(/^git version /, ""),
  };
}

function editorCheck(context: Context): DoctorCheck {
  try {
    const { program, args, source } = findEditor(context.env);
    return { name: "editor", state: "ok", detail: `${[program, ...args].join(" ")} (${source})` };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return {
      name: "editor",
      state: "missing",
      detail: error.message,
      ...(error.hint === undefined ? {} : { fix: error.hint }),
    };
  }
}

/** Makes scratch space and removes it: nothing else shows that it can be made. */
function scratchCheck(context: Context): DoctorCheck {
  try {
    const scratch = openScratch({ env: context.env });
    const where = scratch.directory;
    scratch.remove();
    if (!scratch.swappable) return { name: "scratch", state: "ok", detail: `${scratch.kind} at ${where}` };
    return {
      name: "scratch",
      state: "warning",
      detail: `${scratch.kind} at ${where}, which may be swapped out to a disk`,
      fix: "encrypt the swap space, or mount this file system with noswap",
    };
  } catch (error) {
    if (!(error instanceof SecretsError)) throw error;
    return {
      name: "scratch",
      state: "missing",
      detail: error.message,
      ...(error.hint === undefined ? {} : { fix: error.hint }),
    };
  }
}

function leftoverChecks(context: Context): DoctorCheck[] {
  const { removed, kept, left } = sweepScratch(context.env);
  return [
    ...removed.map(
      (path) => ({ name: "leftover", state: "ok", detail: `removed ${path} of a run that was killed` }) as const,
    ),
    ...[...kept, ...left].map(
      (path) =>
        ({
          name: "leftover",
          state: "warning",
          detail: `${path} holds text of an earlier edit, in clear`,
          fix: `take what you need from it, then: rm -r ${path}`,
        }) as const,
    ),
  ];
}

function programCheck(context: Context, program: string, why: string): DoctorCheck {
  const found = findProgram(program, context.env);
  if (found !== undefined) return { name: program, state: "ok", detail: found };
  return { name: program, state: "ok", detail: `not found; ${why}` };
}

function pluginCheck(context: Context, plugin: string): DoctorCheck {
  const name = `age-plugin-${plugin}`;
  const found = findProgram(name, context.env);
  if (found !== undefined) return { name, state: "ok", detail: found };
  return { name, state: "missing", detail: "not found; a key of yours needs it", fix: `put ${name} on PATH` };
}

function reportLines({ places, checks, documents }: DoctorReport): Styled[] {
  const lines: Styled[] = [style("bold", "where keys were looked for")];
  for (const place of places) lines.push(...placeLines(place, documents));
  lines.push("", style("bold", "this computer"));
  for (const { name, state, detail, fix } of checks) {
    const sign =
      state === "ok"
        ? style("green", "ok     ")
        : state === "warning"
          ? style("yellow", "warning")
          : style("red", "missing");
    lines.push(["  ", sign, " ", `${name} `.padEnd(11), detail]);
    if (fix !== undefined) lines.push(["          ", style("cyan", "→ "), fix]);
  }
  return lines;
}

function placeLines(place: DoctorPlace, documents: number | undefined): Styled[] {
  const { name, found, keys, plugins, pending, problem } = place;
  if (!found && problem === undefined && pending === undefined) return [["  ", style("dim", `-  ${name}`)]];
  const lines: Styled[] = [["  ", problem === undefined ? style("green", "ok") : style("red", "!!"), " ", name]];
  for (const key of keys) {
    const opens = documents === undefined ? "" : `, opens ${key.opens} of ${documents} documents`;
    lines.push(["       ", shortenKey(key.recipient), " ", style("bold", key.name ?? "nobody of this fleet"), opens]);
  }
  if (pending === "passphrase") lines.push("       behind a passphrase, which is asked for when it is needed");
  if (pending === "command") lines.push("       not run yet");
  for (const plugin of new Set(plugins))
    lines.push(`       a key that age-plugin-${plugin} serves; tried after all others`);
  if (problem !== undefined) lines.push(["       ", style("yellow", problem)]);
  return lines;
}

/** The report is meant for bug reports: the name of the person's home is nobody's business. */
function withoutHome(place: DoctorPlace, home: string | undefined): DoctorPlace {
  if (home === undefined || home === "" || !place.name.startsWith(home)) return place;
  return { ...place, name: `~${place.name.slice(home.length)}` };
}
