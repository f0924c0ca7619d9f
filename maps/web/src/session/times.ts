/** Ages and clock times as people read them. Dates stay numbers: browsers lack month names in Lao, Burmese, Khmer. */
import { BUDDHIST_YEARS, calendar } from "../words/calendar.ts";
import { t } from "../words/index.ts";

/** Age in words from seconds: `42 s`, `3 min`, `2 h 05 min`, `4 d`. */
export function ageWords(seconds: number): string {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return t("age.seconds", { number: s });
  if (s < 3600) return t("age.minutes", { number: Math.floor(s / 60) });
  if (s < 86400)
    return t("age.hours", { h: Math.floor(s / 3600), m: String(Math.floor((s % 3600) / 60)).padStart(2, "0") });
  return t("age.days", { number: Math.floor(s / 86400) });
}

export function ageSeconds(time: string | null | undefined, nowMs: number): number | null {
  if (!time) return null;
  const at = Date.parse(time);
  return Number.isFinite(at) ? Math.max(0, (nowMs - at) / 1000) : null;
}

const formats = new Map<string, Intl.DateTimeFormat>();

function parts(ms: number, timeZone: string): Record<string, string> {
  let format = formats.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone,
      hourCycle: "h23",
      calendar: "gregory",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(timeZone, format);
  }
  return Object.fromEntries(format.formatToParts(ms).map((part) => [part.type, part.value]));
}

/** `21:04:05` in the zone named. */
export function clockTime(ms: number, timeZone: string): string {
  const p = parts(ms, timeZone);
  return `${p["hour"]}:${p["minute"]}:${p["second"]}`;
}

/** The day as programs know it, `2026-11-25` in the zone named. */
export function isoDay(ms: number, timeZone: string): string {
  const p = parts(ms, timeZone);
  return `${p["year"]}-${p["month"]}-${p["day"]}`;
}

/** The day as the reader counts years: `2026-11-25`, or in the Buddhist era and saying so. */
export function dayWords(ms: number, timeZone: string): string {
  const day = isoDay(ms, timeZone);
  if (calendar.value === "gregorian") return day;
  return t("date.buddhist", { date: `${Number(day.slice(0, 4)) + BUDDHIST_YEARS}${day.slice(4)}` });
}

/** `2026-11-25 21:04:05` in the zone named. */
export function dateTime(ms: number, timeZone: string): string {
  return `${dayWords(ms, timeZone)} ${clockTime(ms, timeZone)}`;
}

/** The clock time, with its date only when that is not today's. */
export function momentWords(ms: number, nowMs: number, timeZone: string): string {
  return isoDay(ms, timeZone) === isoDay(nowMs, timeZone) ? clockTime(ms, timeZone) : dateTime(ms, timeZone);
}

/** The same to the minute: `14:02`. */
export function minuteWords(ms: number, nowMs: number, timeZone: string): string {
  return momentWords(ms, nowMs, timeZone).slice(0, -3);
}

/** `+07` for the zone named, at that moment. */
export function zoneOffset(ms: number, timeZone: string): string {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone, timeZoneName: "longOffset" });
  const name = format.formatToParts(ms).find((part) => part.type === "timeZoneName")?.value ?? "";
  return name.replace("GMT", "").replace(":00", "") || "+00";
}
