/** The rules of the house as a function of source text, so that they can be tried on bad text too. */

export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly text: string;
}

/** An import only ever goes to the same floor or further down this list. */
const FLOORS = ["cli", "actions", "fleet", "sops", "age", "repo", "errors.ts"];
/** Pure over bytes: nothing of the repository, and of Node only what computes, and `node:module`, which loads code. */
const PURE_FLOORS = new Set(["sops", "age"]);
const PURE_NODE_MODULES = new Set(["node:buffer", "node:crypto", "node:module", "node:util", "node:zlib"]);
/**
 * The ground stands on a machine: a lock needs the process id, cleaning up needs signals, programs need an environment.
 * What the caller typed or sees comes from above even there.
 */
const OF_THE_MACHINE = /(?<![.\w$])process\.(platform|env|pid|ppid|getuid|execPath|kill|on|once|off)\b/g;
const MAX_LINES = 400;
const EMPTY_NAMES = /^(utils?|helpers?|common|misc|shared|stuff)$/;
const PUBLIC_FACE = "src/index.ts";

/** @returns one sentence for each rule that a file breaks, empty for a house in order. */
export function sourceFaults(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => faultsOf(file).map((fault) => `${file.path}: ${fault}`));
}

function faultsOf({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  const floor = floorOf(path);
  const code = withoutComments(text);
  const bare = withoutStrings(code);

  const lines = text.split("\n").length - 1;
  if (lines >= MAX_LINES) faults.push(`has ${lines} lines; a file is one idea and none needs ${MAX_LINES}`);
  if (path.split("/").some((part) => EMPTY_NAMES.test(part.replace(/(\.test)?\.ts$/, ""))))
    faults.push("is named after nothing; name it after what it is");
  if (/\bexport\s+default\b|\bas\s+default\b/.test(bare)) faults.push("has a default export");
  if (path !== PUBLIC_FACE && /\bexport\s+(?:type\s+)?(?:\*|\{[^}]*\})[^;]*?\bfrom\b/.test(bare))
    faults.push("hands on what another file exports");
  const allowed = floor === "repo" ? bare.replace(OF_THE_MACHINE, "") : bare;
  if (floor !== "cli" && /(?<![.\w$])process\b(?!\s*[:?])|\bglobalThis\s*\.\s*process\b/.test(allowed))
    faults.push("knows the process; only src/cli does");

  for (const specifier of importsOf(code)) {
    // What is made of the sources and shipped beside them is data.
    if (/^(\.\.\/)+schemas\/[\w.-]+\.json$/.test(specifier)) continue;
    if (specifier.startsWith(".")) {
      const target = floorOf(resolvePath(path, specifier));
      if (path === PUBLIC_FACE ? target === "cli" : FLOORS.indexOf(target) < FLOORS.indexOf(floor))
        faults.push(`imports ${specifier}, which is a floor above`);
      if (PURE_FLOORS.has(floor) && target === "repo")
        faults.push(`imports ${specifier}; ${floor}/ is pure over bytes`);
    } else if (PURE_FLOORS.has(floor) && isNodeModule(specifier) && !PURE_NODE_MODULES.has(specifier)) {
      faults.push(`imports ${specifier}; ${floor}/ is pure over bytes`);
    }
    if (/^(node:)?process$/.test(specifier) && floor !== "cli") faults.push("knows the process; only src/cli does");
  }
  return faults;
}

/** The folder or file right under `src/`. */
function floorOf(path: string): string {
  return path.split("/")[1] ?? "";
}

function isNodeModule(specifier: string): boolean {
  return (
    specifier.startsWith("node:") || ["fs", "fs/promises", "child_process", "os", "net", "process"].includes(specifier)
  );
}

/** Static, type-only, re-exporting and dynamic imports alike. */
function importsOf(code: string): string[] {
  const forms = /\b(?:from|import|require)\s*\(?\s*["']([^"']+)["']/g;
  return [...code.matchAll(forms)].map((match) => match[1] ?? "");
}

function resolvePath(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== ".") parts.push(part);
  }
  return parts.join("/");
}

/** Comments become a blank; strings stay. A regular expression that holds a quote or `//` can fool it, no more. */
function withoutComments(text: string): string {
  return text.replace(/("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')|\/\/.*|\/\*[\s\S]*?\*\//g, (_, kept) => kept ?? " ");
}

function withoutStrings(code: string): string {
  return code
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""')
    .replace(/`(?:[^`\\]|\\[\s\S])*`/g, keepSubstitutions);
}

/** What stands in `${…}` is code, the rest of a template is text. */
function keepSubstitutions(template: string): string {
  return `\`${[...template.matchAll(/\$\{([^}]*)\}/g)].map((match) => match[1]).join(";")}\``;
}
