/** A plan for a person to read before they say yes: tier by tier, policy before documents, readers by name. */

import type { PlannedChange } from "../../actions/plan.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import type { AccessPlan, DocumentStep, PlannedReader } from "../../actions/rekey/access-plan.ts";
import { folderOfLink, isLink, tierOfChange } from "../../actions/rekey/plan-view.ts";
import { parentOf } from "../../fleet/path-index.ts";
import { type Styled, style } from "../terminal/styled.ts";

const TITLES = { vars: "vars (clan)", files: "files (sops-nix)", other: "beside them" } as const;
/** A person reads some; a program takes --json. */
const LISTED = 200;
const EXPOSED = 10;
/** From so many new values on, what comes with each is counted. */
const FOLDED = 3;

/** @param unapproved readers that need to be approved first */
export function planLines(plan: AccessPlan, unapproved: readonly PlannedReader[]): Styled[] {
  const strangers = new Set(unapproved.map(({ id }) => id));
  return [
    ...(["vars", "files", "other"] as const).flatMap((tier) => tierLines(plan, tier, strangers)),
    ...plan.warnings.map((warning): Styled => [style("yellow", "warning"), ": ", warning]),
    ...exposedLines(plan.exposed),
  ];
}

function tierLines(plan: AccessPlan, tier: keyof typeof TITLES, strangers: ReadonlySet<string>): Styled[] {
  const documents = plan.documents.filter((step) => step.tier === tier);
  const { policy, folded } = foldRoutine(
    plan.policy.filter(({ change }) => tierOfChange(change) === tier),
    documents,
  );
  if (policy.length + documents.length === 0) return [];
  const width = Math.min(Math.max(0, ...documents.slice(0, LISTED).map(({ address }) => address.length)), 56);
  return [
    style("bold", TITLES[tier]),
    ...limited(policy.map((change) => (isLink(change) ? linkLine(change) : policyLine(change)))),
    ...limited(documents.map((step) => documentLine(step, width, strangers))),
    ...folded,
  ];
}

/** Many services are made at once: what comes with every new value is counted, and what it means is told by the readers. */
function foldRoutine(policy: readonly PlannedChange[], documents: readonly DocumentStep[]) {
  const made = new Set(documents.filter(({ newValue }) => newValue).map(({ path }) => path));
  const isRecord = ({ change }: PlannedChange) => change.kind === "write" && change.path.endsWith("/.inputs.json");
  const isReader = ({ change }: PlannedChange) =>
    change.kind === "link" && change.expect === "absent" && made.has(`${parentOf(parentOf(change.path))}/secret`);
  const records = policy.filter(isRecord).length;
  const readers = policy.filter(isReader).length;
  if (made.size < FOLDED) return { policy, folded: [] };
  const folded: Styled[] = [
    ...(readers === 0
      ? []
      : [style("dim", `  and ${readers} ${readers === 1 ? "link" : "links"} of the readers of new values`)]),
    ...(records === 0
      ? []
      : [
          style(
            "dim",
            `  and ${records} ${records === 1 ? "record" : "records"} of what they were made of (.inputs.json)`,
          ),
        ]),
  ];
  return { policy: policy.filter((one) => !isRecord(one) && !isReader(one)), folded };
}

function policyLine({ change, reason }: PlannedChange): Styled {
  const verb =
    change.kind === "remove"
      ? style("red", "remove")
      : change.expect === "absent"
        ? style("green", "add   ")
        : style("yellow", "edit  ");
  return ["  ", verb, " ", change.path, style("dim", `  ${reason}`)];
}

function linkLine({ change, reason }: PlannedChange): Styled {
  const reader = change.path.slice(folderOfLink(change.path).length + 1);
  const sign = change.kind === "remove" ? style("red", "unlink") : style("green", "link  ");
  return ["  ", sign, " ", folderOfLink(change.path), " ", reader, style("dim", `  ${reason}`)];
}

function documentLine(step: DocumentStep, width: number, strangers: ReadonlySet<string>): Styled {
  const reader =
    (sign: Styled, colour: "green" | "red") =>
    (one: PlannedReader): Styled => [
      " ",
      style(colour, [sign, one.name ?? shortenKey(one.id)]),
      strangers.has(one.id) && colour === "green" ? style("yellow", " (not approved)") : "",
    ];
  const removed = new Set(step.removed.map(({ name }) => name));
  // Another key for the same name is neither a reader more nor one fewer.
  const turned = new Set(step.added.flatMap(({ name }) => (name !== undefined && removed.has(name) ? [name] : [])));
  const moved = (one: PlannedReader) => one.name === undefined || !turned.has(one.name);
  return [
    "  seal   ",
    step.address.padEnd(width),
    ...[...turned].map((name): Styled => [" ", style("yellow", ["~", name])]),
    ...byName(step.added)
      .filter((one) => moved(one) || strangers.has(one.id))
      .map(reader("+", "green")),
    ...byName(step.removed).filter(moved).map(reader("-", "red")),
    step.dataKey === "new" ? style("dim", "  new data key") : "",
    step.dataKey === "risked" ? style("yellow", "  data key kept") : "",
    step.newValue ? style("dim", "  new value") : "",
  ];
}

/** Somebody with three keys is one reader. */
function byName(readers: readonly PlannedReader[]): PlannedReader[] {
  const seen = new Map<string, PlannedReader>();
  for (const reader of readers) if (!seen.has(reader.name ?? reader.id)) seen.set(reader.name ?? reader.id, reader);
  return [...seen.values()];
}

function exposedLines(exposed: readonly string[]): Styled[] {
  if (exposed.length === 0) return [];
  const more = exposed.length - EXPOSED;
  return [
    `read before, and still the same afterwards (${exposed.length}):`,
    ...exposed.slice(0, EXPOSED).map((address): Styled => ["  ", address]),
    ...(more > 0 ? [style("dim", `  and ${more} more: --json lists all`)] : []),
  ];
}

function limited(lines: readonly Styled[]): Styled[] {
  const more = lines.length - LISTED;
  return more > 0 ? [...lines.slice(0, LISTED), style("dim", `  and ${more} more: --json lists all`)] : [...lines];
}
