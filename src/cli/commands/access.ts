/** `secrets access [WHO|ADDRESS]`: who can read what, as a matrix or, for one person or document, as a list. */
import { type Access, type AccessMatrix, accessMatrix } from "../../actions/access.ts";
import { addressHere } from "../address-here.ts";
import type { Context } from "../context.ts";
import { type Styled, style, widthOf } from "../terminal/styled.ts";
import { table } from "../terminal/table.ts";
import { openWorkplace } from "../workplace.ts";

const SIGNS: Readonly<Record<Access, Styled>> = {
  yes: style("green", "x"),
  no: style("dim", "."),
  missing: style("red", "-"),
  extra: style("yellow", "+"),
};
const LEGEND = "x reads   - should, does not   + reads, should not   . neither";

export async function access(this: Context, flags: { readonly json?: boolean }, typed?: string): Promise<void> {
  const { terminal } = this;
  const workplace = await openWorkplace(this);
  const subject = typed === undefined ? undefined : await addressHere(this, workplace.ground.root, typed);
  const matrix = accessMatrix(await workplace.fleet(), subject);
  if (flags.json === true) {
    terminal.json(matrix);
    return;
  }
  const lines = matrix.documents.length === 1 ? columnLines(matrix) : matrixLines(matrix, terminal.columns);
  for (const line of lines) terminal.print(line);
  if (matrix.documents.length === 0) terminal.note("no document is for them");
  else terminal.note(style("dim", LEGEND));
}

/** One document: its readers below each other. */
function columnLines({ principals, documents }: AccessMatrix): Styled[] {
  const [document] = documents;
  if (document === undefined) return [];
  const rows = principals.map(({ name, kind }, index) => [
    SIGNS[document.access[index] ?? "no"],
    name,
    style("dim", kind),
  ]);
  return [style("bold", document.address), ...table(rows, undefined)];
}

/**
 * Documents below each other, principals beside each other under heads that are written downwards: thirty machines fit
 * into eighty columns.
 */
function matrixLines({ principals, documents }: AccessMatrix, columns: number | undefined): Styled[] {
  const heads = principals.map(({ name }) => [...name]);
  const height = Math.max(0, ...heads.map((head) => head.length));
  const lines: Styled[] = [];
  for (let row = 0; row < height; row++) {
    // Names end at the bottom, above their column.
    lines.push(
      heads
        .map((head) => `${head[row - (height - head.length)] ?? " "} `)
        .join("")
        .trimEnd(),
    );
  }
  const room = columns === undefined ? undefined : columns - principals.length * 2;
  for (const { address, access: row } of documents) {
    const cells = row.flatMap((one) => [SIGNS[one], " "]);
    // Where the matrix alone fills the line, a cut address would say nothing: let the terminal wrap it.
    const fits = room === undefined || room >= 20;
    lines.push([
      cells,
      fits && room !== undefined && widthOf(address) > room ? `…${address.slice(-(room - 1))}` : address,
    ]);
  }
  return lines;
}
