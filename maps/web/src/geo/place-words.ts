/** Where a unit is and how it moves, in words. */

import { coordinateFormat } from "../browser/preferences.ts";
import type { Fix } from "../wire/units.ts";
import { t } from "../words/index.ts";
import { furtherParts, type Part, rowParts, shortParts } from "./address.ts";
import { coordinateWords } from "./coordinates.ts";

/** The river address where there is one, else coordinates and, if known, the side. */
export function placeWords(fix: Fix): string {
  const place = fix.place;
  if (place?.river !== undefined) return textsOf(rowParts(place)).join(" · ");
  const words = riverWords(fix);
  if (words !== null) return words;
  const coordinates = coordinateWords(fix.lon, fix.lat, coordinateFormat.value);
  return place?.country === undefined ? coordinates : [coordinates, ...textsOf(shortParts(place))].join(" · ");
}

/** `km 2 356.4 · left bank · LA side`; null away from a river. */
export function riverWords(fix: Fix): string | null {
  if (fix.place?.river !== undefined) return textsOf(shortParts(fix.place)).join(" · ");
  if (fix.river_km === undefined) return null;
  return textsOf(shortParts({ river: "Mekong", km: fix.river_km, ...(fix.bank ? { bank: fix.bank } : {}) })).join(
    " · ",
  );
}

/** `Houay Xai reach · 68 km below the Golden Triangle`; null where there is no more to say. */
export function reachWords(fix: Fix): string | null {
  const parts = fix.place === undefined ? [] : textsOf(furtherParts(fix.place));
  return parts.length === 0 ? null : parts.join(" · ");
}

/** `LA side`, for what is away from a river; null where no side is known. */
export function sideWords(fix: Fix): string | null {
  if (fix.place?.country === undefined || fix.place.river !== undefined) return null;
  return textsOf(shortParts(fix.place)).join(" · ");
}

/** What the address is good to; null without one. */
export function addressErrorWords(fix: Fix): string | null {
  const place = fix.place;
  if (place === undefined) return null;
  const parts = [];
  if (place.error_m !== undefined)
    parts.push(
      t("river.error", {
        metres: metresWords(place.error_m),
        percent: String(Number(((place.km_error_share ?? 0) * 100).toFixed(1))),
      }),
    );
  if (place.border_error_m !== undefined) parts.push(t("side.error", { metres: metresWords(place.border_error_m) }));
  return parts.length === 0 ? null : parts.join(" ");
}

function textsOf(parts: Part[]): string[] {
  return parts.map(([key, values]) => t(key, values));
}

export function speedWords(mps: number): string {
  return t("speed", { kmh: (mps * 3.6).toFixed(mps < 2.75 ? 1 : 0), knots: (mps * 1.943844).toFixed(1) });
}

export function bearingWords(degrees: number): string {
  return t("bearing", { number: String(Math.round(degrees) % 360).padStart(3, "0") });
}

export function metresWords(metres: number): string {
  return metres >= 1000
    ? t("metres.km", { number: (metres / 1000).toFixed(1) })
    : t("metres", { number: String(Math.round(metres)) });
}
