/**
 * Days and times as a field has them, `2026-11-26` and `2026-11-26 18:00`: Gregorian, 24 hours. Read and stepped. Pure.
 */
import { BUDDHIST_YEARS } from "./calendar.ts";

export type Precision = "day" | "moment";

/** Why typed text is no day or time; `n` is what the words name. */
export interface DateFault {
  code: "form" | "month" | "day" | "clock" | "buddhist";
  n: number;
  year: number;
}

/** What was typed: `text` as a field has it (empty for nothing), or why it is none. */
export type TypedDate = { text: string; fault: null } | { text: null; fault: DateFault };

/** Years from here on are of the Buddhist era: nobody plans so far ahead. */
const BUDDHIST_FROM = 2400;
/** Zeros of the digits of Thai, Lao, Burmese and Khmer keyboards. */
const ZEROS = [0x0e50, 0x0ed0, 0x1040, 0x17e0];
const DATE_WIDTHS = [4, 2, 2];
const CLOCK_WIDTHS = [2, 2, 2];

/**
 * Reads what a person typed. Digits of the region's scripts count, and so do signs in other places: `20261126 1800`.
 */
export function readDate(typed: string, precision: Precision): TypedDate {
  const plain = [...typed.normalize("NFKC").trim()].map(asciiDigit).join("");
  if (plain === "") return { text: "", fault: null };
  const wrong = (code: DateFault["code"], n = 0, year = 0): TypedDate => ({ text: null, fault: { code, n, year } });
  const numbers = numbersOf(plain, precision);
  if (numbers === null) return wrong("form");
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  if (year >= BUDDHIST_FROM) return wrong("buddhist", year - BUDDHIST_YEARS, year);
  if (month < 1 || month > 12) return wrong("month", month);
  if (day < 1 || day > daysIn(year, month)) return wrong("day", daysIn(year, month));
  if (hour > 23 || minute > 59 || second > 59) return wrong("clock");
  return { text: textOf([year, month, day, hour, minute, second], precision), fault: null };
}

/** Whether the text is written out in full already, so that it counts while it is typed. */
export function isWhole(typed: string, precision: Precision): boolean {
  return (precision === "day" ? /^\d{4}-\d\d-\d\d$/ : /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?$/).test(typed);
}

/** Where the parts of a text lie: year, month, day, hour, minute, second. */
const PARTS: readonly (readonly [number, number])[] = [
  [0, 4],
  [5, 7],
  [8, 10],
  [11, 13],
  [14, 16],
  [17, 19],
];

/** One up or down of the part at the cursor; minutes go by `minutes`. `text` is one that `readWhen` gave. */
export function stepped(
  text: string,
  cursor: number,
  by: 1 | -1,
  minutes: number,
): { text: string; from: number; to: number } {
  const precision = text.length > 10 ? "moment" : "day";
  const numbers = text.split(/[- :]/).map(Number);
  const at = Math.max(0, PARTS.slice(0, numbers.length).filter(([from]) => from <= cursor).length - 1);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = numbers;
  let moved: Date;
  if (at < 2) {
    const months = year * 12 + month - 1 + (at === 0 ? 12 * by : by);
    const [nextYear, nextMonth] = [Math.floor(months / 12), (months % 12) + 1];
    moved = new Date(
      Date.UTC(nextYear, nextMonth - 1, Math.min(day, daysIn(nextYear, nextMonth)), hour, minute, second),
    );
  } else {
    const size = [0, 0, 86_400, 3600, 60 * minutes, 1][at] ?? 0;
    moved = new Date(Date.UTC(year, month - 1, day, hour, minute, second + by * size));
  }
  const next = textOf(
    [
      moved.getUTCFullYear(),
      moved.getUTCMonth() + 1,
      moved.getUTCDate(),
      moved.getUTCHours(),
      moved.getUTCMinutes(),
      moved.getUTCSeconds(),
    ],
    precision,
  );
  const [from, to] = PARTS[at] ?? [0, 4];
  return { text: next, from: Math.min(from, next.length), to: Math.min(to, next.length) };
}

/** The text of a local time; seconds only where there are some. */
function textOf(numbers: readonly number[], precision: Precision): string {
  const [year = "", month, day, hour, minute, second] = numbers.map((each, n) =>
    String(each).padStart(n === 0 ? 4 : 2, "0"),
  );
  const date = `${year}-${month}-${day}`;
  return precision === "day" ? date : `${date} ${hour}:${minute}${second === "00" ? "" : `:${second}`}`;
}

/** Year, month, day and so on; null where the text has not that form. */
function numbersOf(plain: string, precision: Precision): number[] | null {
  if (/[^\d\s/:.,T-]/i.test(plain)) return null;
  const groups: string[] = plain.match(/\d+/g) ?? [];
  // Digits written without signs between them are cut where the signs would be.
  for (const [at, widths] of [
    [0, [...DATE_WIDTHS, ...CLOCK_WIDTHS]],
    [3, CLOCK_WIDTHS],
  ] as const) {
    const digits = groups[at] ?? "";
    if (digits.length > (widths[0] ?? 0)) groups.splice(at, 1, ...cut(digits, widths));
  }
  const fits = precision === "day" ? groups.length === 3 : groups.length === 5 || groups.length === 6;
  if (!fits || groups[0]?.length !== 4 || groups.slice(1).some((each) => each.length > 2)) return null;
  return groups.map(Number);
}

/** Cuts digits to widths; what fills none stays as it is, which no part is. */
function cut(digits: string, widths: readonly number[]): string[] {
  const found: string[] = [];
  let at = 0;
  for (const width of widths) {
    if (at >= digits.length) break;
    found.push(digits.slice(at, at + width));
    at += width;
  }
  return at === digits.length ? found : [digits];
}

function asciiDigit(sign: string): string {
  const code = sign.codePointAt(0) ?? 0;
  const zero = ZEROS.find((each) => code >= each && code < each + 10);
  return zero === undefined ? sign : String(code - zero);
}

function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}
