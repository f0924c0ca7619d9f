/** What both a key and a button of the page do. */

import { bringFocus } from "../../../browser/focus.ts";
import { COORDINATE_FORMATS, coordinateFormat, PALETTES, palette } from "../../../browser/preferences.ts";
import { openTab } from "./selection.ts";

export function nextPalette(): void {
  palette.value = PALETTES[(PALETTES.indexOf(palette.value) + 1) % PALETTES.length] ?? "day";
}

export function turnCoordinates(): void {
  coordinateFormat.value =
    COORDINATE_FORMATS[(COORDINATE_FORMATS.indexOf(coordinateFormat.value) + 1) % COORDINATE_FORMATS.length] ??
    "decimal";
}

export function focusSearch(): void {
  openTab("units");
  focusOn("unit-search");
}

/** Brings a field under the fingers: what stood there gives way to what is typed next. */
export function focusOn(id: string): void {
  bringFocus(
    () => document.getElementById(id),
    (field) => {
      field.focus();
      if (field instanceof HTMLInputElement) field.select();
    },
  );
}
