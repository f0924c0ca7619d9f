/** What this person chose on this machine. Kept in the browser's storage, nowhere else. */
import { effect } from "@preact/signals";
import { isOneOf, storageSignal } from "./storage.ts";

export type PaletteName = "day" | "dark" | "red-night";
export const PALETTES: readonly PaletteName[] = ["day", "dark", "red-night"];
export type CoordinateFormat = "decimal" | "dms" | "mgrs";
export const COORDINATE_FORMATS: readonly CoordinateFormat[] = ["decimal", "dms", "mgrs"];

export const palette = storageSignal<PaletteName>(
  "jp.palette",
  PALETTES.find((each) => each === document.documentElement.dataset["palette"]) ?? "day",
  isOneOf(PALETTES),
);
export const coordinateFormat = storageSignal<CoordinateFormat>(
  "jp.coordinates",
  "decimal",
  isOneOf(COORDINATE_FORMATS),
);
export const leftOpen = storageSignal<boolean>("jp.left", true);
export const rightOpen = storageSignal<boolean>("jp.right", true);
/** Half the pixels: for machines without a graphics processor. */
export const plainDrawing = storageSignal<boolean>("jp.plain", false);
export const hiddenLayers = storageSignal<string[]>(
  "jp.hidden",
  [],
  (value): value is string[] => Array.isArray(value) && value.every((each) => typeof each === "string"),
);

effect(() => {
  document.documentElement.dataset["palette"] = palette.value;
});
