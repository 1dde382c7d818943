/** Year, month and day; then either `T`, time and zone, or blanks and a time without a zone, or nothing. */
const TIMESTAMP =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[Tt](\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?(Z|[-+]\d\d:\d\d)| +(\d{1,2}):(\d{1,2}):(\d{1,2})(?:[.,](\d+))?)?$/;

/**
 * Reads a timestamp in the four forms that go-yaml 3.0.4 knows and returns it as RFC 3339 text with nanoseconds if any,
 * the form in which sops hashes and stores it; undefined for everything else, which then is a string.
 */
export function parseTimestamp(text: string): string | undefined {
  if (text.charCodeAt(4) !== 0x2d) return undefined;
  const match = TIMESTAMP.exec(text);
  if (match === null) return undefined;
  const [, year = "", month = "", day = "", h1, m1, s1, f1, zone, h2, m2, s2, f2] = match;
  const hour = h1 ?? h2 ?? "0";
  const minute = m1 ?? m2 ?? "0";
  const second = s1 ?? s2 ?? "0";
  if (+month < 1 || +month > 12 || +day < 1 || +day > daysIn(+year, +month)) return undefined;
  if (+hour > 23 || +minute > 59 || +second > 59) return undefined;
  if (zone !== undefined && zone !== "Z" && (+zone.slice(1, 3) > 24 || +zone.slice(4) > 60)) return undefined;
  const fraction = (f1 ?? f2 ?? "").slice(0, 9).replace(/0+$/, "");
  const date = `${year}-${month.padStart(2, "0")}-${day.padStart(2, "0")}`;
  const time = `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}:${second.padStart(2, "0")}`;
  return `${date}T${time}${fraction === "" ? "" : `.${fraction}`}${formatZone(zone)}`;
}

function formatZone(zone: string | undefined): string {
  if (zone === undefined || zone === "Z") return "Z";
  const minutes = +zone.slice(1, 3) * 60 + +zone.slice(4);
  if (minutes === 0) return "Z";
  // Sixty minutes pass Go's check and come out as one hour more.
  return `${zone[0]}${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`;
}

function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
