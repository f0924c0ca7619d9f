/** The way from the live map to what happened: the replay page, opened at a moment. */

const BEFORE_MS = 20 * 60_000;
const AFTER_MS = 10 * 60_000;

/** Address of the replay of twenty minutes before a moment and ten after it, of one unit or of all. */
export function replayAround(ms: number, nowMs: number, unit?: string | null): string {
  const query = new URLSearchParams({
    from: iso(ms - BEFORE_MS),
    to: iso(Math.min(ms + AFTER_MS, nowMs)),
    at: iso(ms),
  });
  if (unit) query.set("unit", unit);
  return `/replay?${query}`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "Z");
}
