/** What `renew` is about to do, for a person. */
import type { RenewedView, RenewView } from "../../actions/renew/renew-view.ts";
import { type Styled, style } from "../terminal/styled.ts";
import { section } from "./section.ts";

const TITLES: readonly (readonly [RenewedView["how"], string])[] = [
  ["regenerate", "made anew by their services"],
  ["ask", "asked for"],
  ["by hand", "by hand"],
];

export function renewLines({ reason, values, runs }: RenewView): Styled[] {
  if (values.length === 0) return ["there is nothing to renew"];
  const own = new Set(values.flatMap(({ service }) => service ?? []));
  const dependants = runs.filter((address) => !own.has(address));
  return [
    [style("bold", reason), ":"],
    ...TITLES.flatMap(([how, title]) => {
      const some = values.filter((value) => value.how === how);
      return section(title, some, ({ address, proved }) => [
        "  ",
        address,
        proved ? "" : style("dim", "  may be another value already"),
      ]);
    }),
    ...section("made of these, and made anew as well", dependants, (address) => ["  ", address]),
  ];
}
