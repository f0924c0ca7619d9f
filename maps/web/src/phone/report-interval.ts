/** How often a phone tells where it is, and how long it waits for a link. Pure. */

export interface Motion {
  /** ms UTC. */
  at: number;
  lon: number;
  lat: number;
  speed_mps?: number;
}

const FAST_S = 15;
const SLOW_S = 30;
const STILL_S = 120;
const DISTRESS_S = 10;
const FAR_M = 100;
const MOVING_MPS = 1.5;
const STILL_MPS = 0.4;
const LOW_BATTERY_PCT = 20;

/** How long a call for help can be called off without a word. */
export const HOLD_MS = 5000;

/** Seconds from one position to the next: few when under way or in distress, more at rest and on a low battery. */
export function interval(speed: number, distress: boolean, battery: number | null): number {
  if (distress) return DISTRESS_S;
  const seconds = speed >= MOVING_MPS ? FAST_S : speed >= STILL_MPS ? SLOW_S : STILL_S;
  return battery !== null && battery <= LOW_BATTERY_PCT ? seconds * 2 : seconds;
}

/** A clock that was put back by less does no harm: what waits for it does not wait long. */
const BACK_MS = 10_000;

/**
 * Whether a fix of `at` is at least as new as the one of `known`. One that lies ahead of `now` is of before the clock
 * was put back: then any is.
 */
export function isNews(at: number, known: number, now: number): boolean {
  return at >= known || known > now + BACK_MS;
}

/**
 * Whether something waits for `until`, for which it set out `longest` ms before at most: where more is left the clock
 * was put back, and it waits no longer.
 */
export function waitsUntil(until: number, now: number, longest: number): boolean {
  return until > now && until - now <= longest + BACK_MS;
}

/** Whether `fix` is to be reported, after `last` was. One of before `last` comes from a clock that was put back. */
export function due(last: Motion | null, fix: Motion, distress: boolean, battery: number | null): boolean {
  if (last === null || fix.at < last.at - BACK_MS) return true;
  const seconds = (fix.at - last.at) / 1000;
  const metres = metresBetween(last, fix);
  const speed = fix.speed_mps ?? (seconds > 0 ? metres / seconds : 0);
  // Half a second of grace: a fix a second would else slip by a second each time.
  if (seconds >= interval(speed, distress, battery) - 0.5) return true;
  return metres >= FAR_M && seconds >= DISTRESS_S;
}

const EARTH_M = 6_371_008.8;

/** Metres between two places, on a sphere: within 0.6 %, which is enough for a pace and a small map. */
export function metresBetween(a: { lon: number; lat: number }, b: { lon: number; lat: number }): number {
  const rad = Math.PI / 180;
  const [dy, dx] = [((b.lat - a.lat) * rad) / 2, ((b.lon - a.lon) * rad) / 2];
  const h = Math.sin(dy) ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * Math.sin(dx) ** 2;
  return 2 * EARTH_M * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** The place so many metres away on a bearing (degrees true), on a sphere. */
export function placeAt(
  from: { lon: number; lat: number },
  metres: number,
  bearing: number,
): { lon: number; lat: number } {
  const rad = Math.PI / 180;
  const [d, b, lat] = [metres / EARTH_M, bearing * rad, from.lat * rad];
  const north = Math.asin(Math.sin(lat) * Math.cos(d) + Math.cos(lat) * Math.sin(d) * Math.cos(b));
  const east = Math.atan2(Math.sin(b) * Math.sin(d) * Math.cos(lat), Math.cos(d) - Math.sin(lat) * Math.sin(north));
  return { lon: from.lon + east / rad, lat: north / rad };
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

/**
 * Milliseconds until the next try after so many failures: 1 s doubled up to 30 s, a quarter of it by chance, so that a
 * fleet that comes out of a dead zone does not call at once.
 */
export function backOff(failures: number, chance: number): number {
  if (failures <= 0) return 0;
  const whole = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 10));
  return whole * (0.75 + 0.25 * chance);
}
