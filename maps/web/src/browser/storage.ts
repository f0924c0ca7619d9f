/** A choice that lives in the browser's storage. */
import { effect, type Signal, signal } from "@preact/signals";

/**
 * A signal whose value survives a reload. Storage may be full or off: then it lives with the page.
 *
 * What another version of the page left there may be of another kind: `isSo` says whether a value can be taken, else
 * the fallback stands. Without it a value has the primitive type of the fallback.
 */
export function storageSignal<T>(key: string, fallback: T, isSo?: (value: unknown) => value is T): Signal<T> {
  const value = signal<T>(parseStorage(localStorageText(key), isSo ?? ofTypeOf(fallback)) ?? fallback);
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value));
    } catch {
      // Nothing to do: the choice lasts until the page closes.
    }
  });
  return value;
}

/** A value out of the text that storage holds; null where there is none or it is of another kind. */
export function parseStorage<T>(text: string | null, isSo: (value: unknown) => value is T): T | null {
  try {
    const value: unknown = JSON.parse(text ?? "null");
    return isSo(value) ? value : null;
  } catch {
    return null;
  }
}

export function isOneOf<T>(values: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => (values as readonly unknown[]).includes(value);
}

function ofTypeOf<T>(fallback: T): (value: unknown) => value is T {
  return (value): value is T => typeof value === typeof fallback && value !== null;
}

function localStorageText(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
