/**
 * Fuzzy matching for the picker: every word of the term must appear in the text as a subsequence, and matches that
 * start words, follow one another or stand close together rank higher.
 */

/**
 * Candidates that match, best first; equal scores keep the order they came in. An empty term keeps everything. Where some
 * have every word as it was typed, those that have only its letters are noise and are left out.
 */
export function rank<Item>(term: string, items: readonly Item[], textOf: (item: Item) => string): Item[] {
  const words = term
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== "");
  if (words.length === 0) return [...items];
  const scored: { item: Item; score: number }[] = [];
  for (const item of items) {
    const text = textOf(item).toLowerCase();
    let total = 0;
    for (const word of words) {
      const score = scoreOf(word, text);
      if (score === undefined) {
        total = Number.NaN;
        break;
      }
      total += score;
    }
    if (!Number.isNaN(total)) scored.push({ item, score: total });
  }
  const whole = scored.filter(({ score }) => score >= words.length * WHOLE - WHOLE / 2);
  return (whole.length > 0 ? whole : scored).sort((a, b) => b.score - a.score).map(({ item }) => item);
}

/** Far more than any scattered match can score. */
const WHOLE = 1000;
const STARTS_WORD = /[/#._\-\s]/;

/** How well `word` sits in `text`, or undefined when it is not a subsequence of it. */
function scoreOf(word: string, text: string): number | undefined {
  const exact = text.indexOf(word);
  if (exact >= 0) {
    // A whole hit beats any scattered one; early and at the start of a word is best.
    const atWordStart = exact === 0 || STARTS_WORD.test(text[exact - 1] ?? "");
    return WHOLE + (atWordStart ? 100 : 0) - Math.min(exact, 90);
  }
  let score = 0;
  let from = 0;
  let last = -1;
  for (const character of word) {
    const at = text.indexOf(character, from);
    if (at < 0) return undefined;
    if (at === last + 1) score += 5;
    else if (at === 0 || STARTS_WORD.test(text[at - 1] ?? "")) score += 8;
    else score -= Math.min(at - from, 5);
    last = at;
    from = at + 1;
  }
  return score;
}
