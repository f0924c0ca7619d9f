/** History: a long stretch of tracks, drawn from vector tiles beside the live ones. */
import { signal } from "@preact/signals";

export interface History {
  /** Seconds since 1970. */
  start: number;
  end: number;
  /** Unit or radio it is of; empty for all. */
  unit: string;
}

export const DAYS = [1, 3, 7, 31, 92] as const;

export const history = signal<History | null>(null);

/** The last `days` until now, to the minute, so that viewers who ask together share what the server has read. */
export function lastDays(days: number, unit: string, nowMs: number): History {
  const end = Math.ceil(nowMs / 60_000) * 60;
  return { start: end - days * 86_400, end, unit };
}

/** Address of the tiles, `{z}`, `{x}` and `{y}` left for the map to fill. */
export function tilesOf(wanted: History, base: string): string {
  const query = new URLSearchParams({
    start: new Date(wanted.start * 1000).toISOString(),
    end: new Date(wanted.end * 1000).toISOString(),
  });
  if (wanted.unit !== "") query.set("unit", wanted.unit);
  return `${new URL("/tiles/", base).href}{z}/{x}/{y}.mvt?${query}`;
}
