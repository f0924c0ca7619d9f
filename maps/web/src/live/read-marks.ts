/** Marks of what somebody has read or seen, by id with its time: kept in this browser, and one for all its tabs. */
import type { Signal } from "@preact/signals";
import { parseStorage, storageSignal } from "../browser/storage.ts";
import { isRecord } from "../wire/parser.ts";

type Marks = Readonly<Record<string, string>>;

/** Marks that are kept; of more, the oldest go. */
const MOST = 500;
const all = new Map<string, Signal<Marks>>();

export function storedMarks(key: string): Signal<Marks> {
  const marks = storageSignal<Marks>(key, {}, isMarks);
  all.set(key, marks);
  return marks;
}

/** Sets a mark at a time. */
export function mark(marks: Signal<Marks>, id: string, time: string): void {
  marks.value = pruned({ ...marks.peek(), [id]: time });
}

/**
 * Takes the marks that other tabs set from now on: what was read in one is read in all, and none writes over another's.
 */
export function followTabs(): void {
  addEventListener("storage", ({ key, newValue }) => {
    const marks = all.get(key ?? "");
    const other = parseStorage(newValue, isMarks);
    if (marks === undefined || other === null) return;
    const joined = pruned(newest(marks.peek(), other));
    // Only what is news here is written: else two tabs would write to each other without end.
    if (Object.keys(joined).some((id) => joined[id] !== marks.peek()[id])) marks.value = joined;
  });
}

/** The newest marks. */
export function pruned(marks: Marks): Marks {
  const sorted = Object.entries(marks).sort(([, a], [, b]) => Date.parse(b) - Date.parse(a));
  return Object.fromEntries(sorted.slice(0, MOST));
}

function newest(one: Marks, other: Marks): Marks {
  const later = Object.entries(other).filter(([id, time]) => !(Date.parse(one[id] ?? "") >= Date.parse(time)));
  return { ...one, ...Object.fromEntries(later) };
}

function isMarks(value: unknown): value is Marks {
  return isRecord(value) && Object.values(value).every((time) => typeof time === "string");
}
