/** Where this phone is: watched while the page is open, reported at a pace that fits. */

import { computed, effect, signal } from "@preact/signals";
import { storageSignal } from "../../../browser/storage.ts";
import { due, interval, isNews, type Motion, waitsUntil } from "../../../phone/report-interval.ts";
import type { Place } from "../../../phone/reports.ts";
import { keepAwake, letSleep } from "./screen-lock.ts";

export interface Fix extends Place {
  /** ms UTC by this phone. */
  at: number;
}

export type Watching = "off" | "asking" | "on" | "denied" | "none";

/** The newest fix, however old. */
export const fix = signal<Fix | null>(null);
export const watching = signal<Watching>("off");
/** Positions go out by themselves while the page is open. */
export const pinging = storageSignal<boolean>("jp.crew.pinging", false);
export { awake } from "./screen-lock.ts";
/** Percent; null where the browser does not say. */
export const battery = signal<number | null>(null);
/** A call for help is out: positions go often. */
export const inDistress = signal(false);
/** Positions go out by themselves: the crew chose it, or a call for help is out. */
export const going = computed(() => pinging.value || inDistress.value);
/** When a position was last put into the outbox, ms by this phone. */
export const pingedAt = signal<number | null>(null);

/** A phone's clock and its receiver's may differ by so much before the receiver is not believed. */
const STRANGE_MS = 5 * 60_000;
/** What is older is not where the phone is. */
const OLDEST_MS = 60_000;
const FRESH = { enableHighAccuracy: true, timeout: 20_000, maximumAge: 0 } as const;
const LOOK_EVERY_MS = 5000;

/** The browser's number of the watch; null while the place is not watched. */
const watch = signal<number | null>(null);
/** The newest that was reported. */
const last = signal<Motion | null>(null);
/** Set once, by `startPositions`. */
let report: (fix: Fix) => Promise<void> = async () => undefined;

/** Begins: `how` puts a position into the outbox. */
export function startPositions(how: (fix: Fix) => Promise<void>): void {
  report = how;
  effect(() => {
    if (going.value) {
      watchPlace();
      void consider();
    }
    void stayAwake();
  });
  document.addEventListener("visibilitychange", () => void stayAwake());
  setInterval(() => void look(), LOOK_EVERY_MS);
  void readBattery();
  // Known to be allowed: the place is there at once, for an SOS too.
  void navigator.permissions?.query({ name: "geolocation" }).then(
    (found) => {
      if (found.state === "granted") watchPlace();
    },
    () => undefined,
  );
}

/** Watches the place; asks for leave the first time. */
export function watchPlace(): void {
  if (!("geolocation" in navigator)) {
    watching.value = "none";
    return;
  }
  if (watch.peek() !== null) return;
  watching.value = "asking";
  watch.value = navigator.geolocation.watchPosition(takeFix, failed, { ...FRESH, timeout: 60_000 });
}

function takeFix({ coords, timestamp }: GeolocationPosition): void {
  watching.value = "on";
  const now = Date.now();
  const at = Math.abs(timestamp - now) < STRANGE_MS ? timestamp : now;
  if (!isNews(at, fix.peek()?.at ?? 0, now)) return;
  fix.value = {
    at,
    lon: coords.longitude,
    lat: coords.latitude,
    ...(coords.accuracy > 0 ? { accuracy_m: round(coords.accuracy, 1) } : {}),
    ...(known(coords.speed) ? { speed_mps: round(coords.speed, 2) } : {}),
    ...(known(coords.heading) ? { course_deg: round(coords.heading, 1) % 360 } : {}),
    ...(known(coords.altitude) ? { altitude_m: round(coords.altitude, 1) } : {}),
  };
  void consider();
}

function known(value: number | null): value is number {
  return value !== null && Number.isFinite(value);
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function failed(fault: GeolocationPositionError): void {
  if (fault.code === fault.PERMISSION_DENIED) {
    watching.value = "denied";
    const number = watch.peek();
    if (number !== null) navigator.geolocation.clearWatch(number);
    watch.value = null;
  }
  // No fix for a while (under a bridge, in a bag): the watch goes on.
}

/** A phone at rest may be told nothing new: it asks, when its turn has come. */
async function look(): Promise<void> {
  if (!going.peek() || watching.peek() !== "on") return;
  const known = fix.peek();
  const pauseMs = interval(known?.speed_mps ?? 0, inDistress.peek(), battery.peek()) * 1000;
  if (last.peek() !== null && waitsUntil((pingedAt.peek() ?? 0) + pauseMs, Date.now(), pauseMs)) return;
  navigator.geolocation.getCurrentPosition(takeFix, failed, FRESH);
}

const busy = signal(false);

async function consider(): Promise<void> {
  const now = fix.peek();
  if (!going.peek() || now === null || busy.peek() || Date.now() - now.at > OLDEST_MS) return;
  if (!due(last.peek(), now, inDistress.peek(), battery.peek())) return;
  busy.value = true;
  try {
    await pingNow();
  } catch {
    // Nothing can be kept, which the page says: the next fix is tried again.
  } finally {
    busy.value = false;
  }
}

/** Reports the newest fix, now; false when there is none. */
export async function pingNow(): Promise<boolean> {
  const now = fix.peek();
  if (now === null) return false;
  await report({ ...now, ...(battery.peek() === null ? {} : { battery_pct: battery.peek() as number }) });
  last.value = now;
  pingedAt.value = Date.now();
  return true;
}

/** The best place that can be had within some seconds; the newest known one if it is not older than `oldest` ms. */
export function placeNow(withinMs: number, oldest = STRANGE_MS): Promise<Fix | null> {
  const lastFix = (): Fix | null =>
    fix.peek() !== null && Date.now() - (fix.peek()?.at ?? 0) <= oldest ? fix.peek() : null;
  return new Promise((resolve) => {
    if (!("geolocation" in navigator) || watching.peek() === "denied") return resolve(lastFix());
    const enough = setTimeout(() => resolve(lastFix()), withinMs);
    const done = (): void => {
      clearTimeout(enough);
      resolve(lastFix());
    };
    navigator.geolocation.getCurrentPosition(
      (found) => {
        takeFix(found);
        done();
      },
      done,
      { ...FRESH, timeout: withinMs },
    );
  });
}

/** Keeps the screen on while positions go out: a page in the background gets none. */
async function stayAwake(): Promise<void> {
  if (!going.value || document.visibilityState !== "visible" || !("wakeLock" in navigator)) return letSleep();
  await keepAwake();
}

interface Battery extends EventTarget {
  readonly level: number;
}

async function readBattery(): Promise<void> {
  const get = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
  if (get === undefined) return;
  try {
    const found = await get.call(navigator);
    const sendFix = (): void => {
      battery.value = Math.round(found.level * 100);
    };
    sendFix();
    found.addEventListener("levelchange", sendFix);
  } catch {
    // Not told: nothing depends on it.
  }
}
