/** The contents that a document had, in the order of its history, with the dates that can be believed. */
import type { FileVersion } from "../repo/file-history.ts";

/** One content; the same one may have come with several commits. */
export interface PastContent {
  readonly blob: string;
  /** Of its first commit with a usable date, in milliseconds since 1970. */
  readonly time: number | undefined;
  /** One of its commits is where the history of this clone was cut off. */
  readonly cut: boolean;
}

/** sops was first released in August 2015: what claims to be older has a clock that was not set, or a date made up. */
const FIRST_SOPS = Date.UTC(2015, 7, 1);
const DAY = 24 * 60 * 60 * 1000;

/**
 * The time, if it can be one at which a data key was made: a clock may be a day fast, which then counts as now.
 * @param time milliseconds since 1970, or not a number
 */
export function usableTime(time: number, now: Date): number | undefined {
  return time >= FIRST_SOPS && time <= now.getTime() + DAY ? Math.min(time, now.getTime()) : undefined;
}

/** Each content once, newest first. */
export function pastContents(versions: readonly FileVersion[], now: Date): PastContent[] {
  const contents = new Map<string, PastContent>();
  for (const { blob, time: stated, cut } of versions) {
    const time = usableTime(stated, now);
    const known = contents.get(blob);
    const times = [known?.time, time].filter((one) => one !== undefined);
    contents.set(blob, {
      blob,
      time: times.length === 0 ? undefined : Math.min(...times),
      cut: cut || known?.cut === true,
    });
  }
  return [...contents.values()];
}

/** The content with the earliest date; undefined when none has one. */
export function firstOf(contents: readonly PastContent[]): (PastContent & { readonly time: number }) | undefined {
  let first: (PastContent & { readonly time: number }) | undefined;
  for (const content of contents) {
    const { time } = content;
    // Of equal dates the later in the list is the older one.
    if (time !== undefined && (first === undefined || time <= first.time)) first = { ...content, time };
  }
  return first;
}
