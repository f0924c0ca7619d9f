/** Local times as fields have them (`2026-11-26T18:00`), in a named zone, and the moments that they are. Pure. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Times are dragged and stepped by a quarter of an hour. */
export const STEP_MS = 15 * MINUTE_MS;

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-26T18:00` of a moment, milliseconds UTC. */
export function wallOf(ms: number, zone: string): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hourCycle: "h23", calendar: "gregory", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit" });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map((each) => [each.type, each.value]));
  return `${part["year"]}-${part["month"]}-${part["day"]}T${part["hour"]}:${part["minute"]}`;
}

/** The moment that a field's text is, milliseconds UTC; null for no time. A time that a zone leaves out is read an hour later. */
export function momentOf(wall: string, zone: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/.test(wall)) return null;
  const asUtc = Date.parse(`${wall.slice(0, 16)}Z`);
  if (!Number.isFinite(asUtc)) return null;
  let ms = asUtc;
  // The offset at the guess, then at the better guess: enough beside a change of the clock.
  for (let n = 0; n < 2; n += 1) ms = asUtc - offsetMs(ms, zone);
  return ms;
}

function offsetMs(ms: number, zone: string): number {
  const whole = Math.floor(ms / MINUTE_MS) * MINUTE_MS;
  return Date.parse(`${wallOf(whole, zone)}Z`) - whole;
}

/** The last local midnight, `days` later. */
export function midnight(ms: number, zone: string, days = 0): number {
  const day = new Date(Date.parse(`${wallOf(ms, zone).slice(0, 10)}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
  return momentOf(`${day}T00:00`, zone) ?? ms;
}

export function snapped(ms: number): number {
  return Math.round(ms / STEP_MS) * STEP_MS;
}

/** As programs write it: `2026-11-26T11:00:00Z`. */
export function isoOf(ms: number): string {
  return new Date(ms).toISOString().replace(".000Z", "Z");
}
