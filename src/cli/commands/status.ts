/** `secrets`: this fleet in five lines. */
import { type Status, statusOf } from "../../actions/status.ts";
import type { Context } from "../context.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { openWorkplace } from "../workplace.ts";

export async function status(this: Context, flags: { readonly json?: boolean }): Promise<void> {
  const workplace = await openWorkplace(this);
  const [fleet, keyring] = await Promise.all([workplace.fleet(), workplace.keyring()]);
  const result = statusOf(fleet, keyring);
  if (flags.json === true) this.terminal.json(result);
  else for (const line of statusLines(result)) this.terminal.print(line);
}

function statusLines({ documents, principals, drift, anomalies, me, next }: Status): Styled[] {
  const total = documents.vars + documents.files;
  const label = (text: string) => style("bold", text.padEnd(11));
  const unknown = principals.unknown === 0 ? "" : `, ${principals.unknown} known by an anchor alone`;
  return [
    [label("documents"), `${documents.vars} in vars, ${documents.files} in files, ${documents.public} public values`],
    [
      label("principals"),
      `${plural(principals.users, "person", "people")}, ${plural(principals.machines, "machine")}, ${plural(principals.groups, "group")}${unknown}`,
    ],
    [label("drift"), driftLine(drift, anomalies)],
    [label("you"), meLine(me, total)],
    [label("next"), next],
  ];
}

function driftLine(drift: number, anomalies: number): Styled {
  if (drift === 0 && anomalies === 0) return style("green", "none: every document has the readers that policy names");
  const parts = [
    ...(drift === 0 ? [] : [`${plural(drift, "document")} with other readers than policy names`]),
    ...(anomalies === 0 ? [] : [`${plural(anomalies, "oddity", "oddities")} in links, keys or rules`]),
  ];
  return style("yellow", parts.join("; "));
}

function meLine(me: Status["me"], total: number): Styled {
  if (me.identities === 0) return style("yellow", "no key of yours was found");
  const who = me.names.length === 0 ? "nobody of this fleet" : me.names.join(", ");
  return [style("bold", who), `: your keys open ${me.opens} of ${plural(total, "document")}`];
}

function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
