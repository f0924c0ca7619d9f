/** What stood at a moment: units as they were known, documents in the version of then, and what was not told. Pure. */

import type { Agreement, Alert, OfficeDocument, Patrol, Sector, Severity } from "../../../wire/documents.ts";
import type { ReplayUnit } from "../../../wire/replay.ts";
import type { Liveness, UnitState } from "../../../wire/units.ts";
import type { Look, UnitTrack } from "./unit-track.ts";

export type ReplayDocument = OfficeDocument;

/** Expected intervals after which a unit is late, and lost (patrol/picture/liveness.py). */
const LATE_AFTER = 2;
const LOST_AFTER = 5;
const UNKNOWN_S = 60;
const SHORTEST_GAP_S = 30;

/** Beyond so many seconds without a position nobody draws a line. As `gap_after_s` of the server. */
export function gapAfterS(unit: ReplayUnit): number {
  return Math.max(LATE_AFTER * (unit.expected_interval_s || UNKNOWN_S), SHORTEST_GAP_S);
}

export function livenessAt(ageS: number, unit: ReplayUnit): Liveness {
  const intervals = ageS / (unit.expected_interval_s || UNKNOWN_S);
  return intervals <= LATE_AFTER ? "live" : intervals <= LOST_AFTER ? "late" : "lost";
}

/** A unit at a moment; null while it was not heard, or was not told. */
export function unitAt(unit: ReplayUnit, film: UnitTrack | undefined, ms: number, look: Look): UnitState | null {
  const n = film?.newestAt(ms, look) ?? -1;
  if (film === undefined || n < 0) return null;
  const time = film.timeMs[n] ?? 0;
  const { by_voice, calls, ...told } = film.told(n);
  const [lon, lat] = film.place(n);
  return {
    id: unit.id,
    call_sign: unit.call_sign,
    agency: unit.agency,
    kind: unit.kind ?? null,
    country: unit.country ?? null,
    known: unit.known ?? true,
    liveness: livenessAt((ms - time) / 1000, unit),
    expected_interval_s: unit.expected_interval_s ?? null,
    // What is assumed of a radio that tells no accuracy is not in the film: no ring is drawn.
    last: { of: unit.id, lon, lat, time: new Date(time).toISOString(), typical_accuracy_m: 0, ...told },
    by_voice,
    distress: calls,
  };
}

/** How long after it was there the position that is shown was heard, seconds. */
export function latenessS(film: UnitTrack, ms: number, look: Look): number {
  const n = film.newestAt(ms, look);
  return n < 0 ? 0 : Math.max(0, ((film.knownMs[n] ?? 0) - (film.timeMs[n] ?? 0)) / 1000);
}

/** The versions of each document, oldest first. */
export type Versions = ReadonlyMap<string, readonly ReplayDocument[]>;

export function versionsOf(documents: readonly ReplayDocument[]): Versions {
  const found = new Map<string, ReplayDocument[]>();
  for (const record of documents) {
    const key = `${record.kind} ${record.id}`;
    const some = found.get(key);
    if (some === undefined) found.set(key, [record]);
    else some.push(record);
  }
  for (const some of found.values()) some.sort((a, b) => (a.version ?? 1) - (b.version ?? 1));
  return found;
}

/**
 * Each document as it stood at a moment, those aside that were over; as it was, incidents and alerts that were told later,
 * too.
 */
export function documentsAt(versions: Versions, ms: number, look: Look = "known"): ReplayDocument[] {
  const found: ReplayDocument[] = [];
  for (const some of versions.values()) {
    let then: ReplayDocument | null = null;
    for (const each of some) if (Date.parse(each.at) <= ms) then = each;
    if (look === "was") then = toldLater(some, then, ms);
    if (then !== null && !isOver(then)) found.push(then);
  }
  return found;
}

/** What was so at a moment by the time of the event, though it was told only later. */
function toldLater(some: readonly ReplayDocument[], then: ReplayDocument | null, ms: number): ReplayDocument | null {
  const newest = some.at(-1);
  if (newest?.kind === "incident") return Date.parse(newest.happened_at) <= ms ? newest : null;
  const first = some[0];
  if (then !== null || newest?.kind !== "alert" || first === undefined) return then;
  const returnedMs = newest.returned_at ? Date.parse(newest.returned_at) : Infinity;
  return Date.parse(newest.raised_at) <= ms && ms < returnedMs ? first : null;
}

const OVER: Readonly<Record<string, readonly string[]>> = {
  alert: ["resolved", "withdrawn"],
  target: ["closed"],
  hand_off: ["declined", "withdrawn", "lapsed", "cut", "taken"],
  patrol: ["ended", "cancelled"],
  incident: ["withdrawn"],
};

function isOver(record: ReplayDocument): boolean {
  if (record.kind === "sector") return (record as Sector).retired_at != null;
  return OVER[record.kind]?.includes((record as { state?: string }).state ?? "") ?? false;
}

const RANK: readonly Severity[] = ["sos", "high", "medium", "low"];
/** States in which an alert's condition was there. */
const HOLDS = ["raised", "escalated", "acknowledged", "shelved", "settled"];

/** The gravest alert of each unit at a moment. */
export function gravestOf(documents: readonly ReplayDocument[]): Map<string, Severity> {
  const found = new Map<string, Severity>();
  for (const record of documents) {
    if (record.kind !== "alert" || record.unit == null || !HOLDS.includes(record.state ?? "raised")) continue;
    const known = found.get(record.unit);
    if (known === undefined || RANK.indexOf(record.severity) < RANK.indexOf(known))
      found.set(record.unit, record.severity);
  }
  return found;
}

export function underWay(documents: readonly ReplayDocument[]): Patrol[] {
  return documents.filter((record): record is Patrol => record.kind === "patrol" && record.state === "under way");
}

/** Who withheld what at a moment. */
export interface WithheldSide {
  agency: string;
  by?: string;
  at?: string;
  reason?: string;
}

interface Shared extends Agreement {
  terms: Agreement["terms"] & { valid_from?: string; valid_until?: string };
  windows?: { agency: string; data_class: string; start: string; end?: string | null }[];
}

function inForce(record: Shared, ms: number): boolean {
  const { valid_from, valid_until } = record.terms;
  return (
    (record.state ?? "draft") === "active" &&
    (valid_from === undefined || Date.parse(valid_from) <= ms) &&
    (valid_until === undefined || ms < Date.parse(valid_until))
  );
}

/** The other agencies of whom nothing was told at a moment, and why. */
export function withheldAt(
  documents: readonly ReplayDocument[],
  others: Iterable<string>,
  ours: string,
  ms: number,
): WithheldSide[] {
  const agreements = documents.filter(
    (record): record is Shared => record.kind === "agreement" && (record as Shared).agencies.includes(ours),
  );
  const found: WithheldSide[] = [];
  for (const agency of others) {
    const between = agreements.filter((each) => each.agencies.includes(agency));
    if (between.some((each) => inForce(each, ms) && each.terms.classes.includes("positions"))) continue;
    const withheld = between.flatMap((each) => each.consents ?? []).find((each) => !each.given);
    found.push(
      withheld === undefined
        ? { agency }
        : { agency, by: withheld.agency, at: withheld.at, reason: withheld.reason ?? "" },
    );
  }
  return found;
}

/** The stretches of a range of which an agency's positions are not told now, by its newest agreements. */
export function withheldRanges(
  versions: Versions,
  agency: string,
  ours: string,
  startMs: number,
  endMs: number,
): [number, number][] {
  const open: [number, number][] = [];
  for (const some of versions.values()) {
    const newest = some.at(-1) as Shared | undefined;
    if (newest?.kind !== "agreement" || !newest.agencies.includes(agency) || !newest.agencies.includes(ours)) continue;
    for (const each of newest.windows ?? []) {
      if (each.agency === agency && each.data_class === "tracks")
        open.push([Date.parse(each.start), each.end ? Date.parse(each.end) : Infinity]);
    }
  }
  open.sort((a, b) => a[0] - b[0]);
  const found: [number, number][] = [];
  let at = startMs;
  for (const [from, to] of open) {
    if (from > at && at < endMs) found.push([at, Math.min(from, endMs)]);
    at = Math.max(at, to);
  }
  if (at < endMs) found.push([at, endMs]);
  return found;
}

/** Something that happened, for the time line. */
export interface Happening {
  ms: number;
  kind: "alert" | "hand_off" | "incident" | "agreement";
  record: ReplayDocument;
}

/** What happened in a range, each once: alerts raised, offers made, incidents, agreements that changed. */
export function happenings(versions: Versions, startMs: number, endMs: number): Happening[] {
  const found: Happening[] = [];
  for (const some of versions.values()) {
    const first = some[0];
    const newest = some.at(-1);
    if (first === undefined || newest === undefined) continue;
    if (newest.kind === "alert")
      found.push({ ms: Date.parse((newest as Alert).raised_at), kind: "alert", record: newest });
    else if (newest.kind === "hand_off")
      found.push({ ms: Date.parse(newest.offered_at), kind: "hand_off", record: newest });
    else if (newest.kind === "incident" && newest.precision === "minute")
      found.push({ ms: Date.parse(newest.happened_at), kind: "incident", record: newest });
    else if (newest.kind === "agreement") {
      let before = first === newest ? undefined : first.kind === "agreement" ? first.state : undefined;
      for (const each of some) {
        if (each.kind !== "agreement") continue;
        if (each.state !== before && (each.state === "active" || each.state === "suspended" || each.state === "ended"))
          found.push({ ms: Date.parse(each.at), kind: "agreement", record: each });
        before = each.state;
      }
    }
  }
  return found.filter(({ ms }) => ms >= startMs && ms < endMs).sort((a, b) => a.ms - b.ms);
}
