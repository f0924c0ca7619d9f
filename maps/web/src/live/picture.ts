/** The client's picture: who is where, and where they were in the last hours. Pure: no page, no clock. */

import type { ChannelHealth, Claim } from "../wire/channels.ts";
import { isListed, isOver, type OfficeDocument, versionOf } from "../wire/documents.ts";
import type { Change, Snapshot } from "../wire/stream.ts";
import type { Fix, TrackFeature, UnitState } from "../wire/units.ts";

/** One point of a track: degrees, milliseconds UTC. */
export interface TrackPoint {
  lon: number;
  lat: number;
  at: number;
}

/** Points nearer in time than this add nothing to see; the newest one moves instead. */
const TRACK_STEP_MS = 2000;
/**
 * With many units points lie farther apart by so much for each of them: a thousand tracks of hours must fit into
 * memory.
 */
const STEP_EACH_MS = 10;
/** Reports closer than these follow the bends of a river by themselves (gis/tracks/along_river.py), */
const BENDS_FROM_MS = 30e3;
const BENDS_FROM_DEG = 1e-3;

/** and after a longer silence no line follows them (maps/api/units/features.py). */
const BENDS_UP_TO_MS = 3600e3;

/** Rates are counted over so long, */
const RATE_OVER_MS = 60e3;

/** and not at all over less than this: counters are told every 5 s, a far gateway's every 10 s. */
const RATE_AT_LEAST_MS = 20e3;

/**
 * A counter that is told again within this is told at its own times; that of a snapshot is as old as its last telling.
 */
const TOLD_AGAIN_MS = 15e3;

/** What an update touched: ids of units, ids of tracks, ids whose past must be fetched again. */
export interface Touched {
  units: Set<string>;
  tracks: Set<string>;
  refetch: Set<string>;
  channels: boolean;
  documents: boolean;
  /** Documents that came as they ended, and are kept no longer. */
  ended: OfficeDocument[];
  /** Units that may no longer be shown, or are no more: call sign and agency, nothing else. */
  forgotten: { id: string; agency: string }[];
  /** Whose new line is straight and may follow a river, and when it began, milliseconds UTC. */
  straight: Map<string, number>;
}

/** With more units than this only the track of the watched one is kept: those of thousands would fill the memory. */
export const TRACKS_UP_TO = 2000;

export class Picture {
  readonly units = new Map<string, UnitState>();
  readonly tracks = new Map<string, TrackPoint[]>();
  readonly channels = new Map<string, ChannelHealth>();
  readonly claims = new Map<string, Claim>();
  /** Alerts, targets, sectors and whatever else people keep, as far as it is not over. */
  readonly documents = new Map<string, OfficeDocument>();
  readonly #counted = new Map<string, { at: number; transmissions: number; stale: boolean }[]>();
  readonly keepMs: number;
  /** Whose track is kept however many there are. */
  watched = "";

  constructor(keepHours: number) {
    this.keepMs = keepHours * 3600e3;
  }

  /** Puts the whole picture in place of what was known. Tracks stay: the past does not change. */
  replace(snapshot: Snapshot): Touched {
    const touched = nothing();
    const now = Date.parse(snapshot.time);
    const present = new Set(snapshot.units.map((unit) => unit.id));
    for (const id of this.units.keys()) if (!present.has(id)) this.#forget(id, touched);
    for (const unit of snapshot.units) this.#put(unit, touched);
    if (this.units.size > TRACKS_UP_TO)
      for (const id of [...this.tracks.keys()])
        if (id !== this.watched && this.tracks.delete(id)) touched.tracks.add(id);
    for (const unit of snapshot.units) if (unit.last) this.#lengthen(unit.id, unit.last, now, touched);
    this.channels.clear();
    for (const channel of snapshot.channels ?? []) this.#putChannel(channel, now, true);
    this.claims.clear();
    for (const claim of snapshot.claims ?? []) this.#putClaim(claim);
    this.documents.clear();
    for (const record of snapshot.papers ?? []) this.#putDocument(record, touched);
    touched.channels = touched.documents = true;
    return touched;
  }

  /** Applies one change: units first, then fixes in their order. */
  apply(change: Change): Touched {
    const touched = nothing();
    const now = Date.parse(change.time);
    for (const id of change.forget ?? []) this.#forget(id, touched);
    for (const unit of change.units ?? []) this.#put(unit, touched);
    for (const fix of change.fixes ?? []) {
      this.#lengthen(fix.of, fix, now, touched);
      const unit = this.units.get(fix.of);
      if (unit === undefined || fix.live === false) continue;
      const { flags, ...rest } = unit;
      this.units.set(unit.id, {
        ...rest,
        last: fix,
        liveness: "live",
        ...(fix.flags ? { flags: fix.flags } : flags ? { flags: [] } : {}),
      });
      touched.units.add(unit.id);
    }
    for (const channel of change.channels ?? []) {
      this.#putChannel(channel, now);
      touched.channels = true;
    }
    for (const claim of change.claims ?? []) this.#putClaim(claim);
    for (const record of change.papers ?? []) this.#putDocument(record, touched);
    return touched;
  }

  /** Drops what has grown too old, of silent units too; the ids of the tracks that are shorter now. */
  age(nowMs: number): string[] {
    const shorter: string[] = [];
    for (const [id, track] of this.tracks) {
      const before = track.length;
      prune(track, nowMs - this.keepMs);
      if (track.length < before) shorter.push(id);
    }
    return shorter;
  }

  /** Whether the track of a unit is kept: with many units that of the watched one only. */
  keepsTrack(id: string): boolean {
    return this.units.size <= TRACKS_UP_TO || id === this.watched;
  }

  /**
   * Joins a track that was fetched with what the stream brought meanwhile. Who may no longer be shown by now gets none.
   */
  join(feature: TrackFeature, nowMs: number): void {
    const { id, times, flags } = feature.properties;
    if (!this.units.has(id) || !this.keepsTrack(id)) return;
    const past = (feature.geometry?.coordinates ?? []).map((place, i) => ({
      lon: place[0] ?? 0,
      lat: place[1] ?? 0,
      at: Date.parse(times[i] ?? ""),
    }));
    const shownPoints = past.filter((point, i) => Number.isFinite(point.at) && !flags?.[i]?.includes("jump"));
    const both = [...shownPoints, ...(this.tracks.get(id) ?? [])].sort((a, b) => a.at - b.at);
    const points = both.filter((point, i) => point.at !== both[i - 1]?.at);
    prune(points, nowMs - this.keepMs);
    this.tracks.set(id, points);
  }

  /**
   * Messages a minute of a channel, over the last minute; null while that would be a guess. Counters are told when they
   * change: no news means none were heard.
   */
  ratePerMinute(name: string, nowMs: number): number | null {
    const counted = this.#counted.get(name) ?? [];
    const first = counted.findLast((each) => each.at <= nowMs - RATE_OVER_MS) ?? counted[0];
    const last = counted.at(-1);
    if (first === undefined || last === undefined || nowMs - first.at < RATE_AT_LEAST_MS) return null;
    const since = Math.max(first.at, nowMs - RATE_OVER_MS);
    return ((last.transmissions - first.transmissions) / (nowMs - since)) * 60e3;
  }

  #putChannel(channel: ChannelHealth, now: number, stale = false): void {
    this.channels.set(channel.name, channel);
    const counted = this.#counted.get(channel.name) ?? [];
    if ((counted.at(-1)?.transmissions ?? 0) > channel.transmissions) counted.length = 0; // it started again
    if (counted[0]?.stale && counted.length === 1 && now - counted[0].at < TOLD_AGAIN_MS) counted.length = 0;
    counted.push({ at: now, transmissions: channel.transmissions, stale });
    while (counted.length > 2 && (counted[1]?.at ?? now) <= now - RATE_OVER_MS) counted.shift();
    this.#counted.set(channel.name, counted);
  }

  #putClaim(claim: Claim): void {
    const key = `${claim.address}\n${claim.channel}`;
    if (claim.ended === true) this.claims.delete(key);
    else this.claims.set(key, claim);
  }

  /** An older version than the one that is known changes nothing. */
  #putDocument(record: OfficeDocument, touched: Touched): void {
    if (!isListed(record)) return;
    const known = this.documents.get(record.id);
    if (known !== undefined && versionOf(known) > versionOf(record)) return;
    touched.documents = true;
    if (isOver(record)) {
      this.documents.delete(record.id);
      touched.ended.push(record);
    } else {
      this.documents.set(record.id, record);
    }
  }

  #put(unit: UnitState, touched: Touched): void {
    const before = this.units.get(unit.id);
    if (before !== undefined && String(before.addresses) !== String(unit.addresses)) {
      // What it did is another's now, or another's is its own: the past is fetched, and nothing is joined to it.
      touched.refetch.add(unit.id);
      if (this.tracks.delete(unit.id)) touched.tracks.add(unit.id);
    }
    this.units.set(unit.id, unit);
    touched.units.add(unit.id);
  }

  #forget(id: string, touched: Touched): void {
    const unit = this.units.get(id);
    if (unit !== undefined && unit.known !== false) touched.forgotten.push({ id, agency: unit.agency });
    this.units.delete(id);
    this.tracks.delete(id);
    if (this.documents.delete(id)) touched.documents = true;
    touched.units.add(id);
    touched.tracks.add(id);
  }

  #lengthen(id: string, fix: Fix, now: number, touched: Touched): void {
    // Of who is forgotten with the same change nothing may stay, and nobody would take it away.
    if (fix.flags?.includes("jump") || !this.units.has(id) || !this.keepsTrack(id)) return;
    let track = this.tracks.get(id);
    if (track === undefined) this.tracks.set(id, (track = []));
    const before = track.at(-1);
    if (before !== undefined && mayBend(before, fix))
      touched.straight.set(id, Math.min(touched.straight.get(id) ?? Infinity, before.at));
    insert(
      track,
      { lon: fix.lon, lat: fix.lat, at: Date.parse(fix.time) },
      id === this.watched ? TRACK_STEP_MS : Math.max(TRACK_STEP_MS, this.units.size * STEP_EACH_MS),
    );
    prune(track, now - this.keepMs);
    touched.tracks.add(id);
  }
}

/** Whether the way to a fix may go along a river, not straight; which it does the server judges. */
function mayBend(before: TrackPoint, fix: Fix): boolean {
  const took = Date.parse(fix.time) - before.at;
  const far = Math.abs(fix.lon - before.lon) + Math.abs(fix.lat - before.lat);
  return (
    (fix.place?.river ?? fix.river_km) !== undefined &&
    took >= BENDS_FROM_MS &&
    took <= BENDS_UP_TO_MS &&
    far >= BENDS_FROM_DEG
  );
}

/** Puts `point` into `track`, oldest first; a late point goes to its own moment, a known one nowhere. */
export function insert(track: TrackPoint[], point: TrackPoint, stepMs = TRACK_STEP_MS): void {
  const last = track.at(-1);
  if (last === undefined || point.at > last.at) {
    const before = track.at(-2);
    if (last !== undefined && before !== undefined && point.at - before.at < stepMs) track[track.length - 1] = point;
    else track.push(point);
    return;
  }
  let low = 0;
  let high = track.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((track[middle] as TrackPoint).at < point.at) low = middle + 1;
    else high = middle;
  }
  if (track[low]?.at !== point.at) track.splice(low, 0, point);
}

/** Drops what is older than `oldest` (milliseconds). */
export function prune(track: TrackPoint[], oldest: number): void {
  let drop = 0;
  while (drop < track.length && (track[drop] as TrackPoint).at < oldest) drop += 1;
  if (drop > 0) track.splice(0, drop);
}

function nothing(): Touched {
  return {
    units: new Set(),
    tracks: new Set(),
    refetch: new Set(),
    channels: false,
    documents: false,
    ended: [],
    forgotten: [],
    straight: new Map(),
  };
}
