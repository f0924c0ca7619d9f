/**
 * What the server says of the shape that is drawn; asked a moment after the last change, never in the way of drawing.
 */

import { computed, effect, signal } from "@preact/signals";
import { Debounce } from "../../../../browser/debounce.ts";
import { Latest } from "../../../../browser/latest-request.ts";
import { areaKm2, bodyOf, type SectorShape } from "../../../../geo/sector-shape.ts";
import { call } from "../../../../wire/calls.ts";
import { Checked } from "../../../../wire/sectors.ts";
import { draft, shape } from "./draft.ts";
import { FIELDS, isGood, limitsOf } from "./limits.ts";
import { noGoKey } from "./store.ts";

const PAUSE_MS = 250;

/** The newest answer; null before one. It may be of a shape a moment ago: see `checkState`. */
export const checked = signal<Checked | null>(null);
/** The shape that it is about: faults count its corners. */
export const checkedShape = signal<SectorShape | null>(null);
export const checkState = signal<"none" | "asking" | "told" | "failed">("none");
/** The shape under the pointer, before it is a step; null while nothing is being drawn or dragged. */
export const moving = signal<SectorShape | null>(null);

const judged = computed(() => moving.value ?? shape.value);

/** Area of what is drawn now, km²; the server's number once it has told it. */
export const areaNow = computed(() => {
  // none of what is no area
  if (checkState.value === "told" && checked.value !== null) return checked.value.area_km2 ?? null;
  return judged.value?.kind === "polygon" ? areaKm2(judged.value.rings) : null;
});

/** Warnings that a repair takes away. */
const MENDED = ["duplicate_point", "too_many_vertices", "antimeridian"];

/** What the server would make of the shape; null where it is well as it is, or a repair would be a guess. */
export const repair = computed(() => {
  const result = checked.value;
  const needed = result !== null && (!result.usable || result.faults.some((fault) => MENDED.includes(fault.code)));
  return needed ? (result.suggestion ?? null) : null;
});

const latest = new Latest();
const pause = new Debounce();

export function watchShape(): void {
  let lastText = "";
  effect(() => {
    const body = asking();
    const text = JSON.stringify([body, noGoKey.value]); // what is in its way may come and go
    if (text === lastText && checkState.peek() !== "failed") return; // a name was typed: the check goes on
    lastText = text;
    pause.cancel();
    if (body === null) {
      latest.cancel();
      checked.value = null;
      checkState.value = "none";
      return;
    }
    checkState.value = "asking";
    pause.restart(() => void check(body, judged.peek()), PAUSE_MS);
  });
  addEventListener("online", checkAgain);
}

export function checkAgain(): void {
  const body = asking();
  if (body !== null) void check(body, judged.peek());
}

/**
 * What the server is asked: the shape, what it is for, its limits, and of which sector it is; null while there is too
 * little to judge.
 */
function asking(): object | null {
  const now = draft.value;
  const body = bodyOf(now === null ? null : judged.value);
  if (now === null || body === null) return null;
  const limits = FIELDS.every((each) => isGood(each, now.limits)) ? limitsOf(now.limits) : {};
  return { ...body, use: now.use, limits, ...(now.id === null ? {} : { sector: now.id }) };
}

/** What was told is of another shape now, a repaired one: nothing of it is shown until the next answer. */
export function forgetCheck(): void {
  latest.cancel();
  checked.value = null;
}

async function check(body: object, about: SectorShape | null): Promise<void> {
  const isLatest = latest.begin();
  checkState.value = "asking";
  try {
    const result = await call("POST", "/api/sectors/check", Checked, body);
    if (!isLatest()) return;
    checkedShape.value = about;
    checked.value = result;
    checkState.value = "told";
  } catch {
    if (isLatest()) checkState.value = "failed";
  }
}
