/** What of the past is looked at, and what the server found. */

import { computed, signal } from "@preact/signals";
import { storageSignal } from "../../../browser/storage.ts";
import { now } from "../../../session/clock.ts";
import { CallError, problemFrom, readAnswer } from "../../../wire/calls.ts";
import { HeatReport } from "../../../wire/coverage.ts";
import { isRecord } from "../../../wire/parser.ts";
import { DAY_MS, isoOf } from "../patrols/plan/local-days.ts";

export const DAYS = [1, 3, 7, 31] as const;
export const RADII = [200, 500, 1000, 2000] as const;
export const STEPS = [0.5, 1, 2, 5, 10] as const;

export interface Question {
  /** Last so many days; 0 for the days named. */
  days: number;
  /** Moments, milliseconds UTC, where days are named; null while a field is empty. */
  from: number | null;
  until: number | null;
  unit: string;
  onPatrol: boolean;
  kmFrom: number;
  kmTo: number;
  stepKm: number;
  radiusM: number;
}

export const question = storageSignal<Question>(
  "jp.coverage",
  {
    days: 7,
    from: null,
    until: null,
    unit: "",
    onPatrol: true,
    kmFrom: 2330,
    kmTo: 2380,
    stepKm: 1,
    radiusM: 500,
  },
  isQuestion,
);
export const report = signal<HeatReport | null>(null);
export const fault = signal<unknown>(null);
/** The question that is under way. */
const running = signal<AbortController | null>(null);
export const working = computed(() => running.value !== null);

/** From when to when it is asked; null where that is no time that can be asked. */
export function rangeOf(asked: Question): [number, number] | null {
  if (asked.days > 0) return [now.peek() - asked.days * DAY_MS + (asked.days === 31 ? 60_000 : 0), now.peek() + 1000];
  if (
    asked.from === null ||
    asked.until === null ||
    asked.until <= asked.from ||
    asked.until - asked.from > 31 * DAY_MS
  )
    return null;
  return [asked.from, asked.until];
}

export async function loadCoverage(): Promise<void> {
  const current = question.peek();
  const range = rangeOf(current);
  if (range === null) return;
  stop();
  const mine = new AbortController();
  running.value = mine;
  fault.value = null;
  const query = new URLSearchParams({
    start: isoOf(range[0]),
    end: isoOf(range[1]),
    km_from: String(current.kmFrom),
    km_to: String(current.kmTo),
    step_km: String(current.stepKm),
    radius_m: String(current.radiusM),
    on_patrol: String(current.onPatrol),
  });
  if (current.unit !== "") query.set("unit", current.unit);
  try {
    const answer = await fetch(`/api/coverage/heat?${query}`, { credentials: "same-origin", signal: mine.signal });
    if (!answer.ok) throw await problemFrom(answer);
    report.value = await readAnswer(answer, "GET /api/coverage/heat", HeatReport);
  } catch (caught) {
    if (mine.signal.aborted) return;
    fault.value = caught instanceof CallError ? caught : new CallError(0, { error: "unreachable", message: "" });
  } finally {
    if (running.peek() === mine) running.value = null;
  }
}

/** Waits no longer for an answer. */
export function stop(): void {
  running.peek()?.abort();
  running.value = null;
}

function isQuestion(value: unknown): value is Question {
  if (!isRecord(value)) return false;
  const { from, until, unit, onPatrol, ...figures } = value;
  return (
    [from, until].every((at) => at === null || Number.isFinite(at)) &&
    typeof unit === "string" &&
    typeof onPatrol === "boolean" &&
    ["days", "kmFrom", "kmTo", "stepKm", "radiusM"].every((name) => Number.isFinite(figures[name]))
  );
}
