/**
 * Which block a comment of its own line belongs to. sops takes this from go-yaml 3.0.4, and it has to be the same here:
 * an encrypted comment is authenticated with the path of the map or list that it stands in.
 *
 * In short: a comment at the column of what follows belongs to what follows; one that is indented deeper than what
 * follows, or is set off from it by an empty line, belongs to what stood before. The rest of the cases below is what
 * go-yaml makes of comments at odd columns.
 */

export interface CommentLine {
  readonly column: number;
  /** An empty line stands directly above. */
  readonly gapAbove: boolean;
}

/** An open block, innermost last. */
export interface OpenBlock {
  readonly kind: "map" | "list";
  readonly column: number;
}

export interface Surroundings {
  /** From the outermost to the innermost block that is open before the comments. */
  readonly open: readonly OpenBlock[];
  /** Column of the next key, dash or scalar; −1 at a `---` or at the end of the text. */
  readonly next: number;
  readonly atEnd: boolean;
  /** An empty line stands between the last comment and what follows. */
  readonly gapBelow: boolean;
  /** What stood before is a key without a value on its line. */
  readonly afterKey: boolean;
}

/** The comment goes to the block of whatever follows it. */
export const WITH_NEXT = -1;

interface Run {
  readonly first: number;
  last: number;
  /** Undefined: it heads what follows. Else it is a foot, and unfolds at the first end of a block from there on. */
  foot: "before" | number | undefined;
}

/** For each comment the index in `open` of the block that it belongs to, or WITH_NEXT. */
export function placeComments(lines: readonly CommentLine[], around: Surroundings): number[] {
  const inner = around.open.at(-1)?.column ?? 0;
  const runs = splitRuns(lines, around, Math.max(inner, 0));
  const places = new Array<number>(lines.length).fill(WITH_NEXT);
  for (const run of runs) {
    if (run.foot === undefined) continue;
    const place = run.foot === "before" ? around.open.length - 1 : findEnd(run.foot, runs, lines, around);
    places.fill(place, run.first, run.last + 1);
  }
  return places;
}

function splitRuns(lines: readonly CommentLine[], around: Surroundings, inner: number): Run[] {
  const runs: Run[] = [];
  let open: Run | undefined;
  let mark: "before" | number = "before";
  let firstGap = !(lines[0]?.gapAbove ?? false);
  const columnOf = (run: Run) => lines[run.first]?.column ?? 0;
  const close = (run: Run, foot: "before" | number) => {
    run.foot = foot;
    mark = run.last + 1;
    open = undefined;
  };
  const meetGap = () => {
    if (open !== undefined && firstGap) {
      const directlyBelow = open.first === 0 && !around.afterKey;
      if (columnOf(open) < inner) close(open, open.first);
      else if (directlyBelow) close(open, mark);
    }
    firstGap = false;
  };
  for (const [index, line] of lines.entries()) {
    if (index > 0 && line.gapAbove) meetGap();
    if (open !== undefined && line.column < inner && line.column !== columnOf(open)) close(open, mark);
    if (open === undefined) {
      open = { first: index, last: index, foot: undefined };
      runs.push(open);
    }
    open.last = index;
  }
  if (around.gapBelow || around.atEnd) meetGap();
  if (!around.atEnd && open !== undefined) {
    const next = Math.max(around.next, 0);
    if (next < inner && next !== columnOf(open)) close(open, mark);
  }
  return runs;
}

/** The innermost map that ends at or behind the foot; the end of a block moves up to comments at its own column. */
function findEnd(foot: number, runs: readonly Run[], lines: readonly CommentLine[], around: Surroundings): number {
  let end = -1;
  for (let depth = around.open.length - 1; depth >= 0; depth--) {
    const block = around.open[depth];
    if (block === undefined || block.column <= around.next) break;
    const comment = runs.find((run) => run.first >= end && lines[run.first]?.column === block.column);
    if (comment !== undefined) end = comment.first;
    if (end >= foot && block.kind === "map") return depth;
  }
  return WITH_NEXT;
}
