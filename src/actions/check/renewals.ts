/** Findings about values that wait for a new one, told without a key. */
import type { Fleet } from "../../fleet/fleet.ts";
import { readChecklists } from "../renew/checklist.ts";
import { type EntryStanding, readStandings } from "../renew/standing.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt } from "./fix-commands.ts";
import { shellWord } from "./shell-word.ts";

export async function checkRenewals(fleet: Fleet): Promise<Finding[]> {
  const { lists, faults } = await readChecklists(fleet.ground);
  const open = (await readStandings(fleet, lists)).filter(({ state }) => state !== "renewed");
  return [
    ...open.map(openRenewal),
    ...faults.map(({ message, location = {} }) => {
      const { file = "", line } = location;
      const place = { path: file, ...(line === undefined ? {} : { line }) };
      return finding("renewal-list", place, message, editAt(place));
    }),
  ];
}

const WHAT: Readonly<Record<Exclude<EntryStanding["state"], "renewed">, string>> = {
  same: "has had no new value",
  resealed: "was sealed under another data key, and without a key nothing tells whether it is another value",
  gone: "is not there any more",
};

function openRenewal({ list, entry, state }: EntryStanding): Finding {
  const what = state === "renewed" ? "" : WHAT[state];
  const message = `${entry.address} ${what}; on the list since ${list.since}: ${list.reason}`;
  const fix = state === "same" ? "secrets edit" : "secrets renew --done";
  return finding("renewal-open", { path: list.path, line: entry.line }, message, `${fix} ${shellWord(entry.address)}`);
}
