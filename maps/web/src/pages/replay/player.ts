/** The replay that is loaded, its one clock, and how it runs. */

import { batch, computed, signal } from "@preact/signals";
import { Latest } from "../../browser/latest-request.ts";
import { now } from "../../session/clock.ts";
import { session } from "../../session/session.ts";
import { fetchJson } from "../../wire/calls.ts";
import { listOf } from "../../wire/parser.ts";
import { UnitState } from "../../wire/units.ts";
import { type Loaded, load, type Progress } from "./reel/load.ts";
import { quietAt } from "./reel/quiet-times.ts";
import { isRange, linkOf, type Range } from "./reel/range.ts";
import {
  documentsAt,
  gravestOf,
  happenings,
  unitAt,
  versionsOf,
  withheldAt,
  withheldRanges,
} from "./reel/state-at-time.ts";
import { firstReport, type Look } from "./reel/unit-track.ts";

export const SPEEDS = [1, 2, 5, 10, 30, 60, 120, 300, 600] as const;
/** How often panels follow the clock while it runs, milliseconds. */
const PANELS_MS = 250;

export const range = signal<Range>({ startMs: NaN, endMs: NaN });
/** Units that are wanted; empty for all. */
export const chosen = signal<readonly string[]>([]);
export const loaded = signal<Loaded | null>(null);
export const progress = signal<Progress | null>(null);
export const fault = signal<unknown>(null);
export const cancelled = signal(false);

/** The moment that is shown, milliseconds; `shownMs` follows it a little later, for lists. */
export const atMs = signal(NaN);
export const playMs = signal(NaN);
export const playing = signal(false);
export const speed = signal<number>(60);
export const loop = signal(false);
export const look = signal<Look>("known");
export const selected = signal("");

export const units = computed(() => loaded.value?.reel.units ?? []);
export const versions = computed(() => versionsOf(loaded.value?.reel.papers ?? []));
export const events = computed(() =>
  loaded.value === null ? [] : happenings(versions.value, loaded.value.range.startMs, loaded.value.range.endMs),
);
export const ours = computed(() => session.value?.agency.id ?? "");
export const others = computed(() =>
  [...new Set(units.value.map((unit) => unit.agency).filter((agency) => agency !== ours.value))].sort(),
);
export const documents = computed(() => documentsAt(versions.value, playMs.value, look.value));
export const gravest = computed(() => gravestOf(documents.value));
export const dark = computed(() =>
  loaded.value === null ? [] : withheldAt(documents.value, others.value, ours.value, playMs.value),
);
const darkAgencies = computed(() => new Set(dark.value.map((each) => each.agency)));

/** At the moment that is shown nobody of those who are told had reported for a while; null where somebody had. */
export const quiet = computed(() => {
  const now = loaded.value;
  const untoldNow = look.value === "known" ? darkAgencies.value : new Set<string>();
  const toldNow = units.value.filter((unit) => !untoldNow.has(unit.agency));
  // Where nobody is told the page says so already, and why.
  if (now === null || (units.value.length > 0 && toldNow.length === 0)) return null;
  return quietAt(
    toldNow.map((unit) => now.films.get(unit.id)).filter((film) => film !== undefined),
    playMs.value,
    look.value,
  );
});

/** Call signs of the units that this person may know of now, chosen or not, by their ids. */
export const callSigns = signal<ReadonlyMap<string, string>>(new Map());

/** Reads them; without an answer those of the replay are named, and no others. */
export async function loadCallSigns(): Promise<void> {
  try {
    callSigns.value = new Map(
      (await fetchJson("/api/units?retired=true", listOf(UnitState))).map((unit) => [unit.id, unit.call_sign]),
    );
  } catch {
    // The next page asks again.
  }
}

/** Every unit as it is shown at a moment; null for one that is not. */
export function stateOf(id: string, ms: number): ReturnType<typeof unitAt> {
  const unit = units.peek().find((each) => each.id === id);
  if (unit === undefined) return null;
  // What nobody here was told at that moment was not known then.
  if (look.peek() === "known" && darkAgencies.peek().has(unit.agency)) return null;
  return unitAt(unit, loaded.peek()?.films.get(id), ms, look.peek());
}

/** The stretches of the range that are not told, by agency. */
export const gaps = computed(() => {
  const now = loaded.value;
  return now === null
    ? []
    : others.value.flatMap((agency) =>
        withheldRanges(versions.value, agency, ours.value, now.range.startMs, now.range.endMs).map(([from, to]) => ({
          agency,
          from,
          to,
        })),
      );
});

/** The loading that is under way or was last. */
const loading = signal<AbortController | null>(null);

/**
 * Loads what is chosen; what was loaded before stays until that is there. Without a moment it begins at the first
 * report.
 */
export async function start(at = NaN): Promise<void> {
  const requested = range.peek();
  if (!isRange(requested)) return;
  loading.peek()?.abort();
  const mine = new AbortController();
  loading.value = mine;
  batch(() => {
    playing.value = false;
    fault.value = null;
    cancelled.value = false;
  });
  try {
    const found = await load(requested, chosen.peek(), mine.signal, (now) => {
      if (loading.peek() === mine) progress.value = now;
    });
    if (loading.peek() !== mine) return;
    history.replaceState(null, "", linkOf(requested, chosen.peek()));
    batch(() => {
      loaded.value = found;
      seek(
        Number.isFinite(at)
          ? at
          : (firstReport(found.films.values(), requested.startMs, requested.endMs, look.peek()) ?? requested.startMs),
      );
    });
  } catch (caught) {
    if (loading.peek() !== mine) return;
    if (mine.signal.aborted) cancelled.value = true;
    else fault.value = caught;
  } finally {
    if (loading.peek() === mine) progress.value = null;
  }
}

export function cancel(): void {
  loading.peek()?.abort();
}

export function seek(ms: number): void {
  const reel = loaded.peek();
  if (reel === null) return;
  const { startMs, endMs } = reel.range;
  batch(() => {
    atMs.value = playMs.value = Math.max(startMs, Math.min(endMs, ms));
  });
}

export function seekBy(share: number): void {
  const reel = loaded.peek();
  if (reel !== null) seek(atMs.peek() + share * (reel.range.endMs - reel.range.startMs));
}

/** To the next moment at which a position is heard, or the one before. */
export function step(by: 1 | -1): void {
  const reel = loaded.peek();
  if (reel === null) return;
  playing.value = false;
  const times = [...reel.films.values()].map((film) =>
    by > 0 ? film.changeAfter(atMs.peek(), look.peek()) : film.changeBefore(atMs.peek(), look.peek()),
  );
  const found = times.filter((time) => time !== null);
  seek(
    found.length === 0
      ? by > 0
        ? reel.range.endMs
        : reel.range.startMs
      : by > 0
        ? Math.min(...found)
        : Math.max(...found),
  );
}

export function faster(by: 1 | -1): void {
  const place = SPEEDS.findIndex((each) => each >= speed.peek());
  speed.value = SPEEDS[Math.max(0, Math.min(SPEEDS.length - 1, place + by))] ?? 60;
}

export function turn(on = !playing.peek()): void {
  const reel = loaded.peek();
  if (reel === null || on === playing.peek()) return;
  if (on && atMs.peek() >= reel.range.endMs) seek(reel.range.startMs);
  playing.value = on;
  if (on) run();
  else playMs.value = atMs.peek();
}

const runs = new Latest();

/** Moves the clock with the frames of the browser while it plays. */
function run(): void {
  const isLatest = runs.begin();
  let [lastFrame, lastPanels] = [0, 0];
  const next = (frame: number): void => {
    const reel = loaded.peek();
    if (!playing.peek() || reel === null || !isLatest()) return;
    // A page that was hidden goes on where it stood.
    const passed = lastFrame === 0 ? 0 : Math.min(frame - lastFrame, 1000);
    lastFrame = frame;
    let at = atMs.peek() + passed * speed.peek();
    if (at >= reel.range.endMs) {
      if (loop.peek()) at = reel.range.startMs;
      else {
        seek(reel.range.endMs);
        playing.value = false;
        return;
      }
    }
    atMs.value = at;
    if (frame - lastPanels >= PANELS_MS) {
      lastPanels = frame;
      playMs.value = at;
    }
    requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}

/** The present, for ranges that end with it. */
export function presentMs(): number {
  return now.peek();
}
