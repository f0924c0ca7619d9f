/** Tracks up to a moment as features: cut into slices of time, so that only the slice that grows is sent anew. Pure. */
import type { Look, UnitTrack } from "./unit-track.ts";

/** A track is cut into so many slices of the whole range. */
export const SLICES = 48;
/** A place nearer than this to the one before adds nothing to a line, degrees: about 3 m. */
const SAME = 3e-5;

export interface Lines {
  /** Ways that were heard; between sparse reports along a river where they are measured so. */
  heard: [number, number][][];
  /** Jumps over silences: nobody knows the way. */
  gaps: [[number, number], [number, number]][];
}

/** The lines of one slice at a moment; they begin where the slice before ended. */
export function linesOf(
  film: UnitTrack,
  slice: number,
  startMs: number,
  endMs: number,
  ms: number,
  look: Look,
  gapMs: number,
): Lines {
  const wide = (endMs - startMs) / SLICES;
  const from = startMs + slice * wide;
  const numbers = film.between(from, slice === SLICES - 1 ? Infinity : from + wide, ms, look);
  if (numbers.length === 0) return { heard: [], gaps: [] };
  const last = film.lastBefore(from, ms, look);
  return last < 0 ? joined(film, numbers, gapMs) : joined(film, [last, ...numbers], gapMs);
}

/** The lines of a whole track at a moment. */
export function wholeLines(film: UnitTrack, ms: number, look: Look, gapMs: number): Lines {
  return joined(film, film.between(-Infinity, Infinity, ms, look), gapMs);
}

function joined(film: UnitTrack, numbers: readonly number[], gapMs: number): Lines {
  const lines: Lines = { heard: [], gaps: [] };
  let leg: [number, number][] = [];
  let before = -1;
  for (const n of numbers) {
    const place = film.place(n);
    const end = leg.at(-1);
    if (before >= 0 && (film.timeMs[n] ?? 0) - (film.timeMs[before] ?? 0) > gapMs) {
      if (leg.length > 1) lines.heard.push(leg);
      lines.gaps.push([film.place(before), place]);
      leg = [place];
    } else if (
      end === undefined ||
      Math.abs(end[0] - place[0]) + Math.abs(end[1] - place[1]) > SAME ||
      n === numbers.at(-1)
    ) {
      if (before === n - 1) leg.push(...film.bends(n));
      leg.push(place);
    }
    before = n;
  }
  if (leg.length > 1) lines.heard.push(leg);
  return lines;
}
