/** The programs that a script finds: those it asks for, bash, and coreutils; nothing else that happens to be installed. */
import { realpathSync } from "node:fs";
import { SecretsError } from "../../errors.ts";
import { type Environment, findProgram } from "../program.ts";

/** As GNU coreutils installs them; clan's scripts have these as well. */
const COREUTILS =
  "[ arch b2sum base32 base64 basename basenc cat chcon chgrp chmod chown cksum comm cp csplit cut date dd df dir dircolors dirname du echo env expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink realpath rm rmdir runcon seq sha1sum sha224sum sha256sum sha384sum sha512sum shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink users vdir wc who whoami yes";

/** What the sandbox shows. */
const SHOWN = /^\/(nix\/store|usr|bin|sbin|lib)\//;

/**
 * Name → where it lies, without links.
 * @throws SecretsError `E_PROGRAM_MISSING` for one that the script asks for and that is not here
 */
export function programLinks(
  { name, programs }: { readonly name: string; readonly programs: readonly string[] },
  env: Environment,
): Map<string, string> {
  const links = new Map<string, string>();
  for (const program of ["bash", "sh", ...COREUTILS.split(" ")]) {
    const path = findProgram(program, env);
    // A multi-call binary goes by the name it is called by, which a link keeps.
    if (path !== undefined) links.set(program, realpathSync(path));
  }
  for (const program of programs) {
    const path = /^[\w.+-]+$/.test(program) ? findProgram(program, env) : undefined;
    const real = path === undefined ? undefined : realpathSync(path);
    if (real === undefined || !SHOWN.test(real)) {
      throw new SecretsError("E_PROGRAM_MISSING", `the script of ${name} needs the program ${program}`, {
        hint:
          real === undefined
            ? `install it, for example: nix shell nixpkgs#${program}`
            : "where it lies is not shown to scripts: install it by Nix or by the system's package manager",
      });
    }
    links.set(program, real);
  }
  return links;
}
