/** The scale of the timeline: which stretch of time it shows, its ticks, and the lanes of what overlaps. Pure. */
import { wallOf } from "../../../../session/wall-clock.ts";
import { DAY_MS, HOUR_MS, midnight, STEP_MS } from "./local-days.ts";

export type Zoom = "day" | "week" | "month";
export const ZOOMS: readonly Zoom[] = ["day", "week", "month"];
const DAYS: Record<Zoom, number> = { day: 1, week: 7, month: 31 };

export interface Scale {
  from: number;
  to: number;
}

/** The stretch of a zoom that begins with the local day of `at`. */
export function scaleFrom(at: number, zoom: Zoom, zone: string): Scale {
  return { from: midnight(at, zone), to: midnight(at, zone, DAYS[zoom]) };
}

/** The next stretch, or the one before; a month moves by a week. */
export function moved(scale: Scale, zoom: Zoom, by: 1 | -1, zone: string): Scale {
  // Noon, so that a change of the clock does not lose a day.
  const step = zoom === "month" ? 7 : DAYS[zoom];
  return scaleFrom(midnight(scale.from, zone, by * step) + HOUR_MS, zoom, zone);
}

/** Where a moment is, percent of the width, cut at the edges. */
export function percent(scale: Scale, ms: number): number {
  return Math.max(0, Math.min(100, ((ms - scale.from) / (scale.to - scale.from)) * 100));
}

export interface Tick {
  at: number;
  /** What it says; empty for a line alone. */
  label: string;
  /** A day begins here. */
  day: boolean;
}

/** Lines of the scale: hours of a day, quarters of the days of a week, the days of a month. */
export function ticks(scale: Scale, zoom: Zoom, zone: string): Tick[] {
  const found: Tick[] = [];
  for (let day = midnight(scale.from, zone); day < scale.to; day = midnight(day + HOUR_MS, zone, 1)) {
    const next = midnight(day + HOUR_MS, zone, 1);
    const date = wallOf(day, zone).slice(5, 10);
    found.push({ at: day, label: zoom === "month" ? date.slice(3) : date, day: true });
    const hours = zoom === "day" ? 1 : zoom === "week" ? 6 : 24;
    for (let at = day + hours * HOUR_MS; at < next; at += hours * HOUR_MS) {
      const clock = wallOf(at, zone).slice(11);
      const hour = Math.round((at - day) / HOUR_MS);
      found.push({ at, label: zoom === "day" && hour % 3 === 0 ? clock : "", day: false });
    }
  }
  return found.filter(({ at }) => at >= scale.from && at < scale.to);
}

/** Puts spans that overlap into lanes, the earliest first; returns the lane of each, in the order given. */
export function lanes(spans: readonly (readonly [number, number])[]): number[] {
  const ends: number[] = [];
  const lane = new Array<number>(spans.length).fill(0);
  const order = spans.map((_, n) => n).sort((a, b) => (spans[a]?.[0] ?? 0) - (spans[b]?.[0] ?? 0) || a - b);
  for (const n of order) {
    const [start, end] = spans[n] ?? [0, 0];
    let free = ends.findIndex((each) => each <= start);
    if (free < 0) free = ends.length;
    ends[free] = end;
    lane[n] = free;
  }
  return lane;
}

/** What a drag makes of a span: the whole moves, or one edge, never past the other. */
export function dragged(
  [start, end]: readonly [number, number],
  part: "whole" | "start" | "end",
  byMs: number,
): [number, number] {
  const snap = (ms: number): number => Math.round(ms / STEP_MS) * STEP_MS;
  if (part === "whole") {
    const moved = snap(start + byMs) - start;
    return [start + moved, end + moved];
  }
  if (part === "start") return [Math.min(snap(start + byMs), end - STEP_MS), end];
  return [start, Math.max(snap(end + byMs), start + STEP_MS)];
}

export { DAY_MS };
