/** Plain tables: aligned columns, two blanks between them, no lines; they read well in a pipe, too. */
import { type Styled, truncate, widthOf } from "./styled.ts";

/**
 * Lays rows out in columns. The last column takes what is left of `columns` and is cut with an ellipsis there; the
 * others are as wide as their widest cell. Pass `undefined` (a pipe) to cut nothing.
 */
export function table(rows: readonly (readonly Styled[])[], columns: number | undefined): Styled[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => {
      if (index < row.length - 1) widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) => {
    const line: Styled[] = [];
    let used = 0;
    row.forEach((cell, index) => {
      if (index === row.length - 1) {
        line.push(columns === undefined ? cell : truncate(cell, Math.max(columns - used, 12)));
        return;
      }
      const width = widths[index] ?? 0;
      line.push(cell, " ".repeat(width - widthOf(cell) + 2));
      used += width + 2;
    });
    return line;
  });
}
