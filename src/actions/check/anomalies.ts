/** What was odd while the fleet was read, as findings with the command that mends each. */
import type { Anomaly, AnomalyCode } from "../../fleet/anomaly.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { type Finding, finding } from "./finding.ts";
import { shellWord } from "./shell-word.ts";

export function checkAnomalies(fleet: Fleet): Finding[] {
  return fleet.anomalies.map((anomaly) => {
    const { code, path, line, message } = anomaly;
    return finding(code, { path, line }, lower(message), FIXES[code](anomaly));
  });
}

/** Messages of the model are sentences; findings are not. */
function lower(message: string): string {
  const text = message.endsWith(".") ? message.slice(0, -1) : message;
  return /^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text;
}

const edit = ({ path, line }: Anomaly): string => `$EDITOR ${line === undefined ? "" : `+${line} `}${shellWord(path)}`;
const remove = ({ path }: Anomaly): string => `git rm -r ${shellWord(path)}`;
const restore = ({ path }: Anomaly): string => `git log --oneline -- ${shellWord(path)}`;

const FIXES: Readonly<Record<AnomalyCode, (anomaly: Anomaly) => string>> = {
  "link-dangling": remove,
  "link-loop": remove,
  "link-misdirected": remove,
  "link-escapes": remove,
  "link-expected": remove,
  "link-unexpected": remove,
  "links-without-secret": remove,
  "key-json": edit,
  "key-missing": ({ path }) => `git rm -r ${shellWord(path)}, or give it a key.json`,
  name: ({ path }) => `git mv ${shellWord(path)} NEW-NAME`,
  "value-beside-secret": ({ path }) => `git rm ${shellWord(path)}, then renew the secret if it was ever pushed`,
  config: edit,
  rule: edit,
  unreadable: ({ path }) => `ls -l ${shellWord(path)}`,
  document: restore,
  "not-encrypted": ({ path }) =>
    `secrets set ${shellWord(path.replace(/\/secret$/, ""))} -, after: git rm --cached ${shellWord(path)}`,
};
