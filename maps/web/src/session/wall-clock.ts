/** Local times (`2026-11-26T18:00`) in a named zone, and the moments that they are. Pure. */

const formats = new Map<string, Intl.DateTimeFormat>();

/** `2026-11-26T18:00:05` of a moment, milliseconds UTC. */
export function wallSeconds(ms: number, zone: string): string {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      calendar: "gregory",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(format.formatToParts(ms).map((each) => [each.type, each.value]));
  return `${part["year"]}-${part["month"]}-${part["day"]}T${part["hour"]}:${part["minute"]}:${part["second"]}`;
}

/** The same to the minute: `2026-11-26T18:00`. */
export function wallOf(ms: number, zone: string): string {
  return wallSeconds(ms, zone).slice(0, 16);
}

/**
 * The moment that a local time is, milliseconds UTC; null for no time. A time that a zone leaves out is read an hour
 * later.
 */
export function momentOf(wall: string, zone: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?$/.test(wall)) return null;
  const asUtc = Date.parse(`${wall.replace(" ", "T")}Z`);
  if (!Number.isFinite(asUtc)) return null;
  let ms = asUtc;
  // The offset at the guess, then at the better guess: enough beside a change of the clock.
  for (let n = 0; n < 2; n += 1) ms = asUtc - offsetMs(ms, zone);
  return ms;
}

function offsetMs(ms: number, zone: string): number {
  const whole = Math.floor(ms / 1000) * 1000;
  return Date.parse(`${wallSeconds(whole, zone)}Z`) - whole;
}
