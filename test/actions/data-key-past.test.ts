import assert from "node:assert/strict";
import { test } from "node:test";
import { firstOf, pastContents, usableTime } from "../../src/actions/data-key-past.ts";

const NOW = new Date("2026-03-01T00:00:00Z");
const day = (date: string) => Date.parse(`${date}T00:00:00Z`);

test("each content stands once, newest first, with its earliest date that can be, and cut if it ever was", () => {
  const versions = [
    { blob: "a", time: day("2026-02-01"), cut: true },
    { blob: "b", time: day("1970-01-01"), cut: false },
    { blob: "a", time: day("2026-01-01"), cut: false },
    { blob: "a", time: day("1970-01-01"), cut: false },
    { blob: "b", time: day("2030-01-01"), cut: false },
  ];
  assert.deepEqual(pastContents(versions, NOW), [
    { blob: "a", time: day("2026-01-01"), cut: true },
    { blob: "b", time: undefined, cut: false },
  ]);
});

test("the first content is that of the earliest date, and of equal dates the last in the list", () => {
  const content = (blob: string, time: number | undefined) => ({ blob, time, cut: false });
  assert.equal(
    firstOf([content("a", 3), content("b", 1), content("c", 1), content("d", 2), content("e", undefined)])?.blob,
    "c",
  );
  assert.equal(firstOf([content("a", undefined)]), undefined);
});

test("a time is usable from the first sops until now, and a fast clock's is now", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["2015-07-31", undefined],
    ["2015-08-01", "2015-08-01"],
    ["2026-02-28", "2026-02-28"],
    ["2026-03-02", "2026-03-01"],
    ["2026-03-03", undefined],
  ];
  for (const [stated, used] of cases)
    assert.equal(usableTime(day(stated), NOW), used === undefined ? undefined : day(used));
  assert.equal(usableTime(Number.NaN, NOW), undefined);
});
