/** Findings about what lies in clear and should not. */
import type { ClearPlace, FleetDocument } from "../../fleet/document.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { parentOf } from "../../fleet/path-index.ts";
import { namedFew } from "../named-few.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import { shellWord } from "./shell-word.ts";

/** Told one by one; whoever has more of them in one document wants to know that, and not a page of lines. */
const TOLD_EACH = 20;

export function checkClear(fleet: Fleet): Finding[] {
  const strays = byAccident(fleet);
  const caught = new Set([...strays.values()].flat());
  return [
    ...fleet.plainFiles.filter((file) => !caught.has(file)).map(plainFile),
    ...[...strays.values()].map(wideRule),
    ...fleet.documents.flatMap(clearPlaces),
  ];
}

type PlainFile = Fleet["plainFiles"][number];

/** Beyond that it is the rule that is wrong, and not one file after the other. */
const FEW = 3;

/**
 * Files that a rule takes all over the repository, such as a last one for `.*\.yaml$`: workflows and manifests, in folders
 * without a single document. Those of one rule, by its place.
 */
function byAccident({ plainFiles, documents }: Fleet): ReadonlyMap<string, PlainFile[]> {
  const sealed = new Set(documents.map(({ path }) => parentOf(path)));
  const all = new Map<string, PlainFile[]>();
  for (const file of plainFiles) {
    if (file.unlikely || sealed.has(parentOf(file.path))) continue;
    const place = `${file.rule.config}:${file.rule.line}`;
    all.set(place, [...(all.get(place) ?? []), file]);
  }
  const isWide = (files: readonly PlainFile[]) => new Set(files.map(({ path }) => path.split("/", 1)[0])).size > 1;
  return new Map([...all].filter(([, files]) => files.length > FEW && isWide(files)));
}

function wideRule(files: readonly PlainFile[]): Finding {
  const [{ rule }] = files as [PlainFile];
  const place = { path: rule.config, line: rule.line };
  const message = `the rule covers ${files.length} files in clear all over the repository, where nothing is encrypted: ${namedFew(files.map(({ path }) => path)).join(", ")}; make its path_regex narrower, or encrypt them`;
  return finding("maybe-not-encrypted", place, message, editAt(place));
}

function plainFile({ path, rule, unlikely }: PlainFile): Finding {
  const covered = `the rule at ${rule.config}:${rule.line} covers it, and it is not encrypted`;
  if (!unlikely) return finding("not-encrypted", { path }, covered, `sops encrypt -i ${shellWord(path)}`);
  const message = `${covered}; if the rule matches it by accident, make its path_regex narrower`;
  return finding("maybe-not-encrypted", { path }, message, editAt({ path: rule.config, line: rule.line }));
}

function clearPlaces({ path, clear }: FleetDocument): Finding[] {
  const findings = clear.slice(0, TOLD_EACH).map((place) => clearPlace(path, place));
  const next = clear[TOLD_EACH];
  if (next !== undefined) {
    const code = clear.slice(TOLD_EACH).some(({ kind }) => kind === "value") ? "clear-value" : "clear-comment";
    const message = `from here on ${clear.length - TOLD_EACH} more places stand in clear`;
    findings.push(finding(code, { path, line: next.line }, message, editAt({ path, line: next.line })));
  }
  return findings;
}

/** No command can open such a document: what stands in clear has to be taken out of it first. */
function clearPlace(path: string, { line, keyPath, kind }: ClearPlace): Finding {
  const fix = editAt({ path, line });
  if (kind === "comment") {
    const where = keyPath === "" ? "" : ` in ${keyPath}`;
    return finding("clear-comment", { path, line }, `a comment${where} stands in clear; take it out`, fix);
  }
  const what = keyPath === "" ? "a value" : keyPath;
  const message = `${what} stands in clear; take it out, then set it again, and renew it if it was ever pushed`;
  return finding("clear-value", { path, line }, message, fix);
}
