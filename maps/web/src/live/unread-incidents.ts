/** Which incidents are news to a console, and who told of them. Pure. */

import type { Incident } from "../wire/documents.ts";
import type { UnitState } from "../wire/units.ts";

/** What was logged longer ago is no news, read or not. */
const LATELY_MS = 12 * 3600e3;
const DAY_MS = 24 * 3600e3;
/** Radio address of what the page of a phone or a person tells (patrol/watch/phone_queue.py). */
const PHONE = "position_json:";

/** Those that somebody else reported lately, that nobody has confirmed or seen here; the oldest first. */
export function newIncidents(
  incidents: readonly Incident[],
  seen: Readonly<Record<string, string>>,
  self: string,
  nowMs: number,
): Incident[] {
  return incidents
    .filter(
      (each) =>
        (each.state ?? "reported") === "reported" &&
        each.by !== self &&
        seen[each.id] === undefined &&
        nowMs - Date.parse(each.at) < LATELY_MS,
    )
    .sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
}

/** Those that happened, or were told of, within a day; what happened last first. */
export function ofTheDay(incidents: readonly Incident[], nowMs: number): Incident[] {
  return incidents
    .filter(
      (each) =>
        each.state !== "withdrawn" && nowMs - Math.max(Date.parse(each.at), Date.parse(each.happened_at)) < DAY_MS,
    )
    .sort((a, b) => Date.parse(b.happened_at) - Date.parse(a.happened_at));
}

/** The unit whose phone told of it; null for an office, and for another agency's, which names nobody. */
export function unitOf(incident: Incident, units: readonly UnitState[]): UnitState | null {
  if (!incident.by) return null;
  const address = PHONE + incident.by.replace(/^key:/, "");
  return units.find((each) => each.addresses?.includes(address)) ?? null;
}
