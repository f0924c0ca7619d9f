/** Steps of an edit that can be taken back and done again. Pure. */

/** Older steps are forgotten: nobody goes back so far. */
const MOST = 200;

export interface UndoHistory<T> {
  readonly past: readonly T[];
  readonly now: T;
  readonly future: readonly T[];
}

export function begin<T>(now: T): UndoHistory<T> {
  return { past: [], now, future: [] };
}

/**
 * Takes a new step. With `merge` it takes the place of the newest one: typing a number is one step, not one a digit.
 */
export function step<T>(steps: UndoHistory<T>, next: T, merge = false): UndoHistory<T> {
  const past = merge && steps.past.length > 0 ? steps.past : [...steps.past, steps.now].slice(-MOST);
  return { past, now: next, future: [] };
}

export function undo<T>(steps: UndoHistory<T>): UndoHistory<T> {
  if (steps.past.length === 0) return steps;
  return { past: steps.past.slice(0, -1), now: steps.past.at(-1) as T, future: [steps.now, ...steps.future] };
}

export function redo<T>(steps: UndoHistory<T>): UndoHistory<T> {
  if (steps.future.length === 0) return steps;
  return { past: [...steps.past, steps.now], now: steps.future[0] as T, future: steps.future.slice(1) };
}
