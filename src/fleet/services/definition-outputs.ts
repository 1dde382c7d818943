/** The files of a definition: their attributes, and which output of a kind goes into which. */
import type { Fields } from "./definition-fields.ts";
import { quoted } from "./definition-tree.ts";
import { KINDS, type Kind, type KindOutput } from "./kinds.ts";
import { type Maker, NEEDED_FOR, type ServiceFile, type ServicePrompt, STANDARD_FILE } from "./service.ts";
import { foldName, isFileName } from "./service-names.ts";

const FILE_KEYS = ["secret", "deploy", "owner", "group", "mode", "neededFor", "restartUnits", "output"] as const;
const MODE = /^[0-7]{4}$/;
/** Attributes that consumers accept. */
const ACCOUNT = /^[A-Za-z_][A-Za-z0-9_.-]{0,63}\$?$/;
const UNIT = /^[A-Za-z0-9:_.@\\-]{1,255}$/;

type Output = readonly [name: string, standard: KindOutput];

/** Those of the definition, or the standard ones of its kind, and those of prompts that persist; sorted by name. */
export function readFiles(
  fields: Fields,
  maker: Maker | undefined,
  prompts: readonly ServicePrompt[],
): readonly ServiceFile[] {
  const kind: Kind | undefined = maker?.kind === "built-in" ? KINDS[maker.name] : undefined;
  const outputs = Object.entries<KindOutput>(kind?.outputs ?? {});
  const answered = new Set(prompts.filter(({ persist }) => persist).map(({ name }) => name));
  const declared = readDeclared(fields, maker, outputs, answered);
  const files =
    declared ??
    outputs.flatMap(([output, standard]) =>
      standard.optional === true ? [] : [fileOf(standard.file, standard, output)],
    );
  if (declared !== undefined && outputs.length > 0) checkOutputs(fields, outputs, declared, answered);
  const all = new Map(files.map((file) => [file.name, file]));
  for (const name of answered) if (!all.has(name)) all.set(name, fileOf(name, undefined, undefined));
  const sorted = [...all.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  if (sorted.length === 0 && maker !== undefined && fields.isSound("files")) {
    fields.fault("files", "this service makes no file", "name what it makes: files: { NAME: {} }");
  }
  refuseClashes(fields, sorted);
  return sorted;
}

/** Undefined when the definition names none. */
function readDeclared(
  fields: Fields,
  maker: Maker | undefined,
  outputs: readonly Output[],
  answered: ReadonlySet<string>,
): ServiceFile[] | undefined {
  const given = fields.maps("files", FILE_KEYS);
  const made = given?.filter(({ key }) => !answered.has(key.text)) ?? [];
  return given?.flatMap(({ key, fields: file }): ServiceFile[] => {
    if (!isFileName(key.text)) {
      fields.faults.tell("this is no name of a file", key, [...fields.path, "files", key.text], NAMES);
      return [];
    }
    if (maker?.kind === "prompts" && !answered.has(key.text)) {
      const message = `nothing makes ${quoted(key.text)}: no prompt with persist: true is called so`;
      fields.faults.tell(message, key, ["files", key.text], `prompts: { ${key.text}: { persist: true } }`);
    }
    const byName = outputs.find(([, standard]) => standard.file === key.text);
    const lone = outputs.length === 1 && made.length === 1 && made[0]?.key === key ? outputs[0] : undefined;
    return [readFile(file, key.text, readOutput(file, maker, outputs) ?? byName ?? lone)];
  });
}

const NAMES =
  "parts between slashes, none of them empty, . or .., and none with a - in front or a \\, a # or a control character";

function readOutput(file: Fields, maker: Maker | undefined, outputs: readonly Output[]): Output | undefined {
  // Of a maker that could not be read another fault tells.
  if (maker === undefined || file.isEmpty("output")) return undefined;
  if (outputs.length === 0) {
    return file.fault("output", "output says what of a kind goes into this file, and nothing here has outputs");
  }
  const names = outputs.map(([output]) => output);
  const name = file.choice("output", names);
  return outputs.find(([output]) => output === name);
}

function readFile(fields: Fields, name: string, output: Output | undefined): ServiceFile {
  const standard = fileOf(name, output?.[1], output?.[0]);
  const secret = fields.flag("secret") ?? standard.secret;
  const deploy = fields.flag("deploy") ?? standard.deploy;
  if (!secret && fields.has("deploy") && !deploy) {
    fields.fault(
      "deploy",
      "a public file lies in the repository in clear: deploy says nothing of it",
      "secret: true, or take deploy out",
    );
  }
  const [owner, group] = [accountOf(fields, "owner"), accountOf(fields, "group")];
  const neededFor = fields.choice("neededFor", NEEDED_FOR) ?? standard.neededFor;
  if (neededFor === "users" && secret && (owner !== "root" || group !== "root")) {
    // An assertion of sops-nix.
    fields.fault(
      owner === "root" ? "group" : "owner",
      "what is needed for users belongs to root: no other user is there yet",
    );
  }
  const units = fields.texts("restartUnits") ?? [];
  for (const unit of units) {
    if (UNIT.test(unit.text)) continue;
    fields.faults.tell(`${quoted(unit.text)} is no name of a unit`, unit, [...fields.path, "restartUnits"]);
  }
  const restartUnits = units.map(({ text }) => text);
  return { ...standard, secret, deploy, owner, group, mode: modeOf(fields), neededFor, restartUnits };
}

function accountOf(fields: Fields, what: "owner" | "group"): string {
  const name = fields.text(what);
  if (name === undefined) return STANDARD_FILE[what];
  if (ACCOUNT.test(name)) return name;
  fields.fault(what, `${quoted(name)} is no name of a ${what === "owner" ? "user" : "group"}`);
  return name;
}

/** Without quotes it is a number, and which one depends on who reads it. */
function modeOf(fields: Fields): string {
  const node = fields.node("mode");
  if (node === undefined || node.kind === "empty") return STANDARD_FILE.mode;
  if (node.kind === "text" && node.type === "text" && MODE.test(node.text)) return node.text;
  fields.fault("mode", "mode has to be four octal digits in quotes", 'for example: mode: "0440"');
  return STANDARD_FILE.mode;
}

function fileOf(name: string, standard: KindOutput | undefined, output: string | undefined): ServiceFile {
  const { secret, deploy, neededFor = STANDARD_FILE.neededFor } = standard ?? STANDARD_FILE;
  return { ...STANDARD_FILE, name, secret, deploy, neededFor, ...(output === undefined ? {} : { output }) };
}

function checkOutputs(
  fields: Fields,
  outputs: readonly Output[],
  files: readonly ServiceFile[],
  answered: ReadonlySet<string>,
): void {
  const names = outputs.map(([output]) => output);
  const taken = new Map<string, string>();
  for (const { name, output } of files) {
    const other = output === undefined ? undefined : taken.get(output);
    if (other !== undefined)
      fields.fault("files", `${output} goes into two files: ${quoted(other)} and ${quoted(name)}`);
    else if (output !== undefined) taken.set(output, name);
    else if (!answered.has(name)) {
      fields.fault("files", `nothing says what goes into ${quoted(name)}`, `output: ${names.join(" or ")}`);
    }
  }
  // What is missing follows from what was told already.
  if (!fields.isSound("files")) return;
  for (const [output, { file, optional }] of outputs) {
    if (optional === true || taken.has(output)) continue;
    fields.fault("files", `no file takes the ${output} that is made`, `files: { ${file}: { output: ${output} } }`);
  }
}

/** On some machine one of two would be lost; a script could not write a file and a folder of one name, and what lies in a folder of a value would be taken for a part of it. */
function refuseClashes(fields: Fields, files: readonly ServiceFile[]): void {
  const names = new Set(files.map(({ name }) => name));
  const folded = new Map<string, string>();
  for (const name of names) {
    const other = folded.get(foldName(name));
    if (other !== undefined) fields.fault("files", `${quoted(other)} and ${quoted(name)} would be one file on a Mac`);
    folded.set(foldName(name), name);
    for (let slash = name.indexOf("/"); slash > 0; slash = name.indexOf("/", slash + 1)) {
      const outer = name.slice(0, slash);
      if (names.has(outer))
        fields.fault("files", `${quoted(outer)} cannot be a file and the folder of ${quoted(name)}`);
    }
  }
}
