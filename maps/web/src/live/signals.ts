/** Joins the stream, the picture and the page: what came in becomes signals that panels read. */

import { computed, signal } from "@preact/signals";
import { Debounce } from "../browser/debounce.ts";
import { noteServerTime, now } from "../session/clock.ts";
import { noteBuild, noteFailure, noteFaults } from "../session/page-faults.ts";
import { fetchJson } from "../wire/calls.ts";
import type { ChannelHealth, Claim } from "../wire/channels.ts";
import type { HandOff, OfficeDocument } from "../wire/documents.ts";
import type { Change, Snapshot } from "../wire/stream.ts";
import type { UnitState } from "../wire/units.ts";
import { TrackCollection, TrackFeature } from "../wire/units.ts";
import { type LiveStatus, LiveStream } from "./live.ts";
import { Picture, type Touched, TRACKS_UP_TO } from "./picture.ts";
import { plainList } from "./plain-list.ts";
import { noteTexts } from "./radio-texts.ts";

/** Hours of track that are kept and shown. */
export const TRACK_HOURS = 3;
/**
 * A fetched track may lie so far from where the unit was, metres: less than its receiver errs, and no pixel up to zoom
 * 13.
 */
const TRACK_TOLERANCE_M = 5;
/** Positions that the server looks at for each track, at most: one every 7 seconds. */
const TRACK_POINTS = 1500;
/** What could not be fetched is asked for again after so long. */
const TRACKS_AGAIN_MS = 30_000;
/**
 * One boat's lines between sparse reports on a river are fetched at a time, so often: each costs the server some
 * milliseconds.
 */
const BEND_EVERY_MS = 10_000;
/** So much of its track before the first such line: to be judged, a report needs some before it. */
const BEND_MARGIN_MS = 300e3;
/** Lists are renewed at most this often; once a second when they are long. */
const LIST_PAUSE_MS = 200;
const LONG_LIST_PAUSE_MS = 1000;
/** Ended hand-offs that are kept to be read. */
const ENDED_KEPT = 5;
/** Names of units that went, at most. */
const FORGOTTEN_KEPT = 200;

export const picture = new Picture(TRACK_HOURS);
export const liveStatus = signal<LiveStatus>({
  open: false,
  stale: false,
  heardAt: null,
  retryAt: null,
  refused: null,
});
/** Units and unknown radios, by call sign; null until the first snapshot. */
export const everyone = signal<UnitState[] | null>(null);
export const channels = signal<ChannelHealth[] | null>(null);
/** Addresses that a second sender uses now, the oldest first. */
export const claims = signal<Claim[]>([]);
/** Alerts, offers, targets, sectors, agreements and patrols that are not over; null until the first snapshot. */
export const documents = signal<readonly OfficeDocument[] | null>(null);
/** Hand-offs that ended while somebody looked, as they ended, the newest first. */
export const endedHandOffs = signal<readonly HandOff[]>([]);
/** Units that went from the picture while somebody looked: their names, so that it can be said why. */
export const forgotten = signal<readonly { id: string; agency: string }[]>([]);
export const tracksFailed = signal(false);

/** Units, and people of the agency who speak for none: both are ours, and no strangers. */
export const units = computed(() => everyone.value?.filter((unit) => unit.known !== false || unit.person) ?? null);
export const unknownRadios = computed(
  () => everyone.value?.filter((unit) => unit.known === false && !unit.person) ?? null,
);
export const cutOff = computed(() => everyone.value?.filter((unit) => unit.liveness === "cut") ?? []);
export const distressed = computed(() => everyone.value?.filter((unit) => unit.distress) ?? []);

const dirtyUnits = new Set<string>();
const dirtyTracks = new Set<string>();
const renewal = new Debounce();

const byName = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

export const live = new LiveStream({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/live`,
  receiver: {
    said: plainList.hear,
    tended: plainList.tended,
    snapshot: (frame: Snapshot) => {
      noteBuild(frame.build);
      take(picture.replace(frame), true);
    },
    change: (frame: Change) => take(picture.apply(frame), false),
    faults: noteFaults,
    serverTime: noteServerTime,
    status: (status) => {
      liveStatus.value = status;
    },
  },
});

/** Ids that changed since the last call: for the map, once a second. */
export function takeDirty(): { units: Set<string>; tracks: Set<string> } {
  const dirty = { units: new Set(dirtyUnits), tracks: new Set(dirtyTracks) };
  dirtyUnits.clear();
  dirtyTracks.clear();
  return dirty;
}

function take(touched: Touched, whole: boolean): void {
  for (const id of touched.units) dirtyUnits.add(id);
  for (const id of touched.tracks) dirtyTracks.add(id);
  // The frame is in the picture by now: who shows it may fail, and the next one is shown all the same.
  atNextFrame(() => touched.documents && takeDocuments(touched.ended));
  atNextFrame(() => noteForgotten(touched));
  atNextFrame(() => noteTexts(touchedUnits(touched), (id) => !picture.units.has(id), now.peek()));
  if (whole)
    straight.clear(); // all tracks are fetched
  else bend(touched.straight);
  if (whole && picture.units.size <= TRACKS_UP_TO) void loadTracks();
  else if (whole && picture.watched !== "") void loadTrack(picture.watched);
  else for (const id of touched.refetch) void loadTrack(id);
  renewal.start(renew, whole ? 0 : picture.units.size > TRACKS_UP_TO ? LONG_LIST_PAUSE_MS : LIST_PAUSE_MS);
}

/** Lets the page show something; what throws is told of and holds up nothing. */
function atNextFrame(show: () => void): void {
  try {
    show();
  } catch (error) {
    noteFailure("show", error);
  }
}

function* touchedUnits(touched: Touched): Iterable<UnitState> {
  for (const id of touched.units) {
    const unit = picture.units.get(id);
    if (unit !== undefined) yield unit;
  }
}

/** Whose track is kept and fetched however many units there are. */
export function watch(id: string): void {
  const before = picture.watched;
  if (before === id) return;
  picture.watched = id;
  // It would lie on the map as it was when it was last watched.
  if (!picture.keepsTrack(before) && picture.tracks.delete(before)) dirtyTracks.add(before);
  if (id !== "" && picture.units.size > TRACKS_UP_TO) void loadTrack(id);
}

/** A unit that comes back is forgotten no more. */
function noteForgotten(touched: Touched): void {
  const before = forgotten.peek();
  if (touched.forgotten.length === 0 && !before.some((each) => picture.units.has(each.id))) return;
  const news = new Set(touched.forgotten.map((each) => each.id));
  forgotten.value = [
    ...before.filter((each) => !picture.units.has(each.id) && !news.has(each.id)),
    ...touched.forgotten,
  ].slice(-FORGOTTEN_KEPT);
}

/** Few and urgent: an alert does not wait for the next renewal of the lists. */
function takeDocuments(ended: readonly OfficeDocument[]): void {
  documents.value = [...picture.documents.values()];
  const over = ended.filter((record) => record.kind === "hand_off");
  if (over.length === 0) return;
  const others = endedHandOffs.peek().filter((old) => over.every((record) => record.id !== old.id));
  endedHandOffs.value = [...over, ...others].slice(0, ENDED_KEPT);
}

function renew(): void {
  atNextFrame(() => {
    everyone.value = inOrder();
  });
  atNextFrame(() => {
    claims.value = [...picture.claims.values()].sort((a, b) => Date.parse(a.since) - Date.parse(b.since));
  });
  atNextFrame(() => {
    channels.value = [...picture.channels.values()].sort((a, b) => byName.compare(a.name, b.name));
  });
}

/** By call sign. Most renewals change no name: then the old order stands, and thousands need no sorting. */
function inOrder(): UnitState[] {
  const before = everyone.peek() ?? [];
  const same =
    before.length === picture.units.size &&
    before.every((unit) => picture.units.get(unit.id)?.call_sign === unit.call_sign);
  if (same) return before.map((unit) => picture.units.get(unit.id) ?? unit);
  return [...picture.units.values()].sort((a, b) => byName.compare(a.call_sign, b.call_sign));
}

/** Whose lines may follow a river and are straight so far, and since when, those that waited longest first. */
const straight = new Map<string, number>();
const bending = new Debounce();

/**
 * Has lines fetched as the server draws them along rivers: one boat after the other, the one that is looked at first.
 */
function bend(news: ReadonlyMap<string, number>): void {
  for (const [id, since] of news) straight.set(id, Math.min(straight.get(id) ?? Infinity, since));
  if (straight.size === 0) return;
  bending.start(() => {
    const [id = ""] = straight.has(picture.watched) ? [picture.watched] : straight.keys();
    const since = straight.get(id);
    straight.delete(id);
    if (since !== undefined && picture.units.has(id) && picture.keepsTrack(id))
      void loadTrack(id, since - BEND_MARGIN_MS);
    bend(straight);
  }, BEND_EVERY_MS);
}

/** The past comes from the store once; the stream lengthens it. A new snapshot may have skipped some. */
async function loadTracks(): Promise<void> {
  try {
    const found = await fetchJson(
      `/api/tracks?hours=${TRACK_HOURS}&points_each=${TRACK_POINTS}&tolerance_m=${TRACK_TOLERANCE_M}`,
      TrackCollection,
    );
    for (const feature of found.features) join(feature);
    tracksFailed.value = false;
  } catch {
    loadAgain();
  }
}

const again = new Debounce();

/** The stream may hold for days: nothing else would ask again. */
function loadAgain(): void {
  tracksFailed.value = true;
  again.start(() => {
    if (picture.units.size <= TRACKS_UP_TO) void loadTracks();
    else if (picture.watched !== "") void loadTrack(picture.watched);
    else tracksFailed.value = false;
  }, TRACKS_AGAIN_MS);
}

async function loadTrack(id: string, since = 0): Promise<void> {
  const end = now.value + 60e3;
  const span = `start=${new Date(Math.max(since, end - TRACK_HOURS * 3600e3)).toISOString()}&end=${new Date(end).toISOString()}&tolerance_m=${TRACK_TOLERANCE_M}`;
  try {
    const feature = await fetchJson(`/api/units/${encodeURIComponent(id)}/track?${span}`, TrackFeature);
    join({ ...feature, properties: { ...feature.properties, id } });
    if (picture.units.size > TRACKS_UP_TO) tracksFailed.value = false;
  } catch {
    if (picture.units.has(id)) loadAgain();
  }
}

function join(feature: TrackFeature): void {
  picture.join(feature, now.value);
  dirtyTracks.add(feature.properties.id);
}
