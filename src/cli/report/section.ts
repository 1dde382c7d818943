/** Things of one kind under a title that counts them. */
import { type Styled, style } from "../terminal/styled.ts";

/** A person reads some; a program takes --json. */
const LISTED = 100;

/** Nothing where there is none of them. */
export function section<Item>(title: string, items: readonly Item[], line: (item: Item) => Styled): Styled[] {
  if (items.length === 0) return [];
  const more = items.length - LISTED;
  return [
    style("bold", `${title} (${items.length})`),
    ...items.slice(0, LISTED).map(line),
    ...(more > 0 ? [style("dim", `  and ${more} more: --json lists all`)] : []),
  ];
}
