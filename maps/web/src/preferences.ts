/** What this person chose on this machine. Kept in the browser's storage, nowhere else. */
import { effect, type Signal, signal } from "@preact/signals";

export type PaletteName = "day" | "dark" | "red-night";
export const PALETTES: readonly PaletteName[] = ["day", "dark", "red-night"];
export type CoordinateFormat = "decimal" | "dms";

export const palette = kept<PaletteName>("jp.palette", (document.documentElement.dataset["palette"] ?? "day") as PaletteName);
export const coordinateFormat = kept<CoordinateFormat>("jp.coordinates", "decimal");
export const leftOpen = kept<boolean>("jp.left", true);
export const rightOpen = kept<boolean>("jp.right", true);
/** Half the pixels: for machines without a graphics processor. */
export const plainDrawing = kept<boolean>("jp.plain", false);
export const hiddenLayers = kept<string[]>("jp.hidden", []);

effect(() => {
  document.documentElement.dataset["palette"] = palette.value;
});

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
