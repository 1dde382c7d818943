/** `secrets user ls`, `secrets machine ls`, `secrets group ls`. */
import { type ListedPrincipal, listPrincipals } from "../../actions/principal/list-principals.ts";
import { shortenKey } from "../../actions/reader-names.ts";
import type { Context } from "../context.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { openWorkplace } from "../workplace.ts";

interface ListFlags {
  readonly json?: boolean;
}

export function listUsers(this: Context, flags: ListFlags): Promise<void> {
  return list(this, "user", flags);
}

export function listMachines(this: Context, flags: ListFlags): Promise<void> {
  return list(this, "machine", flags);
}

export function listGroups(this: Context, flags: ListFlags): Promise<void> {
  return list(this, "group", flags);
}

async function list(context: Context, kind: "user" | "machine" | "group", flags: ListFlags): Promise<void> {
  const { terminal } = context;
  const workplace = await openWorkplace(context);
  const result = listPrincipals(await workplace.fleet(), kind);
  if (flags.json === true) {
    terminal.json(result);
    return;
  }
  for (const line of table(result.principals.map(row), terminal.columns)) terminal.print(line);
  if (result.principals.length === 0) terminal.note(`there is no ${kind} yet`);
}

function row({ name, kind, keys, members, groups, reads }: ListedPrincipal): Styled[] {
  const who = kind === "group" ? members.join(", ") : keys.map(({ recipient }) => shortenKey(recipient)).join(" ");
  const tiers = [
    ...new Set(keys.flatMap(({ places }) => places.map((place) => (place.includes(".sops.yaml") ? "files" : "vars")))),
  ];
  return [
    name,
    style("dim", `reads ${reads}`),
    who === "" ? style("yellow", "no key") : who,
    style(
      "dim",
      [
        tiers.sort().reverse().join("+"),
        groups.length > 0 ? ` in ${groups.join(", ")}` : "",
        kind === "unknown" ? " (an anchor alone)" : "",
      ].join(""),
    ),
  ];
}
