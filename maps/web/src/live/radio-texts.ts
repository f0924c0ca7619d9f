/** Texts that came from radios and phones and that nobody at this console has read. Their words stand in the units. */
import { computed, signal } from "@preact/signals";
import { ACKNOWLEDGE } from "../session/permissions.ts";
import { may } from "../session/session.ts";
import type { UnitState } from "../wire/units.ts";
import { soundOnce } from "./bell.ts";
import { mark, storedMarks } from "./read-marks.ts";
import { newTexts, type RadioText, waitingOn } from "./unread-radio-texts.ts";

/** Until when the texts of each unit have been read here: the time of the newest one, by unit id. */
const readUpTo = storedMarks("jp.texts_read");
const waits = signal<readonly RadioText[]>([]);

/** Oldest first; without what was read in another tab. */
export const unread = computed(() =>
  waits.value.filter((each) => !(Date.parse(readUpTo.value[each.unit] ?? "") >= Date.parse(each.at))),
);
/** Units that wrote, each once: what badges count. */
export const writers = computed(() => [...new Set(unread.value.map((each) => each.unit))]);

/** Takes what a batch of the stream brought; sounds once if there is news, and opens nothing. */
export function noteTexts(units: Iterable<UnitState>, gone: (id: string) => boolean, nowMs: number): void {
  const before = waits.peek();
  const left = before.filter((each) => !gone(each.unit));
  const fresh = newTexts(left, units, readUpTo.peek(), nowMs);
  if (fresh.length > 0 || left.length < before.length)
    waits.value = waitingOn([...left, ...fresh].sort((a, b) => Date.parse(a.at) - Date.parse(b.at)));
  if (fresh.length > 0 && may(ACKNOWLEDGE)) soundOnce("text");
}

/** Notes that the texts of a unit have been read. */
export function markTextsRead(unit: string): void {
  const newest = unread.peek().findLast((each) => each.unit === unit);
  if (newest === undefined) return;
  mark(readUpTo, unit, newest.at);
  waits.value = waits.peek().filter((each) => each.unit !== unit);
}

/** Of whoever wrote first: for the key. */
export function markOldestRead(): void {
  const first = unread.peek()[0];
  if (first !== undefined) markTextsRead(first.unit);
}
