/** A choice that lives in the browser's storage. */
import { effect, type Signal, signal } from "@preact/signals";

/** A signal whose value survives a reload. Storage may be full or off: then it lives with the page. */
export function kept<T>(key: string, fallback: T): Signal<T> {
  let first = fallback;
  try {
    const found = localStorage.getItem(key);
    if (found !== null) first = JSON.parse(found) as T;
  } catch {
    // The fallback stands.
  }
  const value = signal<T>(first);
  effect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(value.value));
    } catch {
      // Nothing to do: the choice lasts until the page closes.
    }
  });
  return value;
}
