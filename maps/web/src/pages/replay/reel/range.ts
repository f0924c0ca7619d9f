/** Ranges of time that people choose, in local time or UTC. Pure but for the query of the page. */
import { clockTime, isoDay } from "../../../session/times.ts";
import { momentOf } from "../../../session/wall-clock.ts";

export interface Range {
  startMs: number;
  endMs: number;
}

export const LONGEST_MS = 7 * 86_400_000;
const HOUR = 3_600_000;

export function isRange({ startMs, endMs }: Range): boolean {
  return Number.isFinite(startMs) && Number.isFinite(endMs) && endMs > startMs && endMs - startMs <= LONGEST_MS;
}

export function lastHours(hours: number, nowMs: number): Range {
  return { startMs: nowMs - hours * HOUR, endMs: nowMs };
}

/** The night that is, or the last one: from 18:00 to 06:00 local time, not beyond the present. */
export function thisNight(nowMs: number, zone: string): Range {
  const hour = Number(clockTime(nowMs, zone).slice(0, 2));
  const day = hour >= 18 ? isoDay(nowMs, zone) : isoDay(nowMs - 24 * HOUR, zone);
  const startMs = momentOf(`${day}T18:00`, zone) ?? NaN;
  return { startMs, endMs: Math.min(startMs + 12 * HOUR, nowMs) };
}

/** Half an hour before and after a moment. */
export function around(ms: number, nowMs: number): Range {
  return { startMs: ms - HOUR / 2, endMs: Math.max(Math.min(ms + HOUR / 2, nowMs), ms + 60_000) };
}

/** What a link to this page asks for; null where it asks for nothing that can be played. */
export function requestedRange(query: URLSearchParams): { range: Range; units: string[]; atMs: number } | null {
  const moment = (name: string): number => {
    const value = query.get(name) ?? "";
    return /^\d{12,}$/.test(value) ? Number(value) : Date.parse(value);
  };
  const range = { startMs: moment("from"), endMs: moment("to") };
  return isRange(range) ? { range, units: query.getAll("unit"), atMs: moment("at") } : null;
}

/** The query of a link that opens the same again. */
export function linkOf(range: Range, units: readonly string[]): string {
  const query = new URLSearchParams({
    from: new Date(range.startMs).toISOString(),
    to: new Date(range.endMs).toISOString(),
  });
  for (const unit of units) query.append("unit", unit);
  return `?${query}`;
}

/** The query that the server wants. */
export function serverQuery(range: Range, units: readonly string[]): URLSearchParams {
  const query = new URLSearchParams({
    start: new Date(range.startMs).toISOString(),
    end: new Date(range.endMs).toISOString(),
  });
  for (const unit of units) query.append("unit", unit);
  return query;
}
