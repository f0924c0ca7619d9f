/** Lengths of time, local days and the quarters of an hour that plans go by. Pure. */
import { momentOf, wallOf } from "../../../../session/wall-clock.ts";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Times are dragged and stepped by a quarter of an hour. */
export const STEP_MS = 15 * MINUTE_MS;

/** The last local midnight, `days` later. */
export function midnight(ms: number, zone: string, days = 0): number {
  const day = new Date(Date.parse(`${wallOf(ms, zone).slice(0, 10)}T00:00Z`) + days * DAY_MS)
    .toISOString()
    .slice(0, 10);
  return momentOf(`${day}T00:00`, zone) ?? ms;
}

export function snapped(ms: number): number {
  return Math.round(ms / STEP_MS) * STEP_MS;
}

/** As programs write it: `2026-11-26T11:00:00Z`. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
