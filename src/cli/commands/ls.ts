/** `secrets ls [PATTERN]`: every secret of both tiers with its readers. */
import { listSecrets } from "../../actions/list.ts";
import type { Context } from "../context.ts";
import { style } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { openWorkplace } from "../workplace.ts";

export async function ls(this: Context, flags: { readonly json?: boolean }, pattern?: string): Promise<void> {
  const { terminal } = this;
  const list = listSecrets(await (await openWorkplace(this)).fleet(), pattern);
  if (flags.json === true) {
    terminal.json(list);
    return;
  }
  const rows = list.secrets.map(({ address, kind, readers }) => [
    address,
    style("dim", kind),
    kind === "public" ? style("dim", "everyone") : readers.join(", "),
  ]);
  for (const line of table(rows, terminal.columns)) terminal.print(line);
  if (list.secrets.length === 0) {
    terminal.note(
      pattern === undefined ? "there are no secrets here yet" : `no address contains ${pattern}; secrets ls shows all`,
    );
  }
}
