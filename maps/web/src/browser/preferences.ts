/** What this person chose on this machine. Kept in the browser's storage, nowhere else. */
import { effect } from "@preact/signals";
import { kept } from "./storage.ts";

export type PaletteName = "day" | "dark" | "red-night";
export const PALETTES: readonly PaletteName[] = ["day", "dark", "red-night"];
export type CoordinateFormat = "decimal" | "dms" | "mgrs";
export const COORDINATE_FORMATS: readonly CoordinateFormat[] = ["decimal", "dms", "mgrs"];

export const palette = kept<PaletteName>(
  "jp.palette",
  (document.documentElement.dataset["palette"] ?? "day") as PaletteName,
);
export const coordinateFormat = kept<CoordinateFormat>("jp.coordinates", "decimal");
export const leftOpen = kept<boolean>("jp.left", true);
export const rightOpen = kept<boolean>("jp.right", true);
/** Half the pixels: for machines without a graphics processor. */
export const plainDrawing = kept<boolean>("jp.plain", false);
export const hiddenLayers = kept<string[]>("jp.hidden", []);

effect(() => {
  document.documentElement.dataset["palette"] = palette.value;
});
