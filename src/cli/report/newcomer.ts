/** A reader that was never approved, for the person who decides: name, key, where it is stated, who brought it in. */
import { type Newcomer, tellProvenance } from "../../actions/trust/newcomers.ts";
import { type Styled, style } from "../terminal/styled.ts";

/** For a screen: styled, and escaped where it is printed. */
export function newcomerLines(newcomer: Newcomer): Styled[] {
  const { name, id } = newcomer;
  return [
    [style("yellow", "never approved here"), ": ", style("bold", name ?? "a key of nobody"), " ", id],
    ...placeTexts(newcomer),
  ];
}

/** The same for the hint of an error; no line holds a line break of its own. */
export function newcomerTexts(newcomer: Newcomer): string[] {
  const { name, id } = newcomer;
  return [`${name ?? "a key of nobody"}: ${id}`, ...placeTexts(newcomer)].map((text) => text.replaceAll("\n", " "));
}

function placeTexts({ places, provenance, link }: Newcomer): string[] {
  return [
    ...places.map(({ path, line }) => `  stated at ${path}:${line}`),
    ...(places.length === 0 ? [] : [`  brought in by: ${tellProvenance(provenance)}`]),
    ...(link === undefined ? [] : [`  let in by ${link.path}: ${tellProvenance(link.provenance)}`]),
  ];
}
