/** Incidents as the stream tells them: what is new to this console, and those of a day. */

import { computed, effect, signal } from "@preact/signals";
import { now } from "../session/clock.ts";
import { ACKNOWLEDGE } from "../session/permissions.ts";
import { may, session } from "../session/session.ts";
import { fetchJson } from "../wire/calls.ts";
import { type Incident, isOver, ListedIncident } from "../wire/documents.ts";
import { listOf } from "../wire/parser.ts";
import { soundOnce } from "./bell.ts";
import { mark, storedMarks } from "./read-marks.ts";
import { documents } from "./signals.ts";
import { newIncidents, ofTheDay } from "./unread-incidents.ts";

const DAY_MS = 24 * 3600e3;
/** When incidents were marked as seen here, by id. */
const readMarks = storedMarks("jp.incidents_seen");
/**
 * What is over, which no snapshot carries: read when somebody looks for it. What is open only the stream tells, which
 * also takes it away.
 */
const fetched = signal<readonly Incident[]>([]);
/** Hash of the photo that is shown large; empty for none. */
export const openPhoto = signal("");

const incidents = computed<readonly Incident[]>(() => {
  const open = (documents.value ?? []).filter((record): record is Incident => record.kind === "incident");
  return [...open, ...fetched.value.filter((each) => !open.some((one) => one.id === each.id))];
});

/** What waits to be seen, the oldest first: badges count these. */
export const unreadIncidents = computed(() =>
  newIncidents(incidents.value, readMarks.value, session.value?.user ?? "", now.peek()),
);
/** What happened within a day, and what is new, the last first. */
export const incidentsOfTheDay = computed(() => ofTheDay(incidents.value, now.peek()));

export function markIncidentRead(id: string): void {
  mark(readMarks, id, new Date(now.peek()).toISOString());
}

/** For the key. */
export function markOldestIncidentRead(): void {
  const first = unreadIncidents.peek()[0];
  if (first !== undefined) markIncidentRead(first.id);
}

/** Reads those of the day again: what was closed comes with no snapshot. */
export async function fetchIncidents(): Promise<void> {
  try {
    const found = await fetchJson(
      `/api/incidents?start=${new Date(now.peek() - DAY_MS).toISOString()}`,
      listOf(ListedIncident),
    );
    fetched.value = found.map((each): Incident => ({ ...each, kind: "incident" })).filter(isOver);
  } catch {
    // What the stream has brought is listed all the same.
  }
}

// What was read may be another agency's: once sharing changes, only what the stream tells stands.
const sharing = computed(() =>
  JSON.stringify(
    (documents.value ?? []).filter((record) => record.kind === "agreement").map((record) => [record.id, record.state]),
  ),
);
effect(() => {
  void sharing.value;
  fetched.value = [];
});

const known = new Set<string>();
effect(() => {
  const fresh = unreadIncidents.value.some((each) => !known.has(each.id));
  known.clear();
  for (const each of unreadIncidents.value) known.add(each.id);
  if (fresh && may(ACKNOWLEDGE)) soundOnce("text");
});
