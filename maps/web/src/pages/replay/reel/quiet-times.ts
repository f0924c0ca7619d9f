/** Moments at which nobody had reported for a while: an empty map says why, and when there is more. Pure. */
import type { Look, UnitTrack } from "./unit-track.ts";

/** Without a report for so long a moment counts as quiet, minutes. */
export const QUIET_MIN = 10;

/** When there was a report at or before a quiet moment, and when there is the next, milliseconds; null for none. */
export interface Quiet {
  before: number | null;
  next: number | null;
}

/** Null where somebody reported in the minutes before the moment. `films` are of the units that are told then. */
export function quietAt(films: Iterable<UnitTrack>, ms: number, look: Look): Quiet | null {
  let before = -Infinity;
  let next = Infinity;
  for (const film of films) {
    before = Math.max(before, film.lastAt(ms, look) ?? -Infinity);
    next = Math.min(next, film.changeAfter(ms, look) ?? Infinity);
  }
  if (ms - before <= QUIET_MIN * 60_000) return null;
  return { before: Number.isFinite(before) ? before : null, next: Number.isFinite(next) ? next : null };
}
