/** What was odd while the fleet was read, as findings with the command that mends each. */
import type { Anomaly, AnomalyCode } from "../../fleet/anomaly.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Finding, finding } from "./finding.ts";
import { editAt, historyOf, removeFromGit, renameInGit } from "./fix-commands.ts";
import { shellWord } from "./shell-word.ts";

export function checkAnomalies(fleet: Fleet): Finding[] {
  return fleet.anomalies.map((anomaly) => {
    const { code, path, line, message } = anomaly;
    return finding(code, { path, line }, lower(message) + (ADVICE[code] ?? ""), FIXES[code](anomaly));
  });
}

/** Messages of the model are sentences; findings are not. */
function lower(message: string): string {
  const text = message.endsWith(".") ? message.slice(0, -1) : message;
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

const remove = ({ path }: Anomaly): string => removeFromGit(path);
const history = ({ path }: Anomaly): string => historyOf(path);

/** What a command alone does not tell. */
const ADVICE: Readonly<Partial<Record<AnomalyCode, string>>> = {
  "value-beside-secret": "; it may be the secret's old value: renew the secret if this was ever pushed",
  "not-encrypted": "; remove it and set it again, and renew it if it was ever pushed",
};

const FIXES: Readonly<Record<AnomalyCode, (anomaly: Anomaly) => string>> = {
  "link-dangling": remove,
  "link-loop": remove,
  "link-misdirected": remove,
  "link-escapes": remove,
  "link-expected": remove,
  "link-unexpected": remove,
  "links-without-secret": remove,
  "key-json": editAt,
  "key-missing": remove,
  name: ({ path }) => renameInGit(path),
  "value-beside-secret": remove,
  config: editAt,
  rule: editAt,
  unreadable: ({ path }) => `ls -ld ${shellWord(path)}`,
  document: history,
  // No other command opens a file that is no document; this one takes the links along, and `secrets set` makes both anew.
  "not-encrypted": ({ path }) => `secrets rm ${shellWord(path.slice(0, path.lastIndexOf("/")))}`,
};
