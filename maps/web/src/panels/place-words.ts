/** Where a unit is and how it moves, in words. */
import { coordinateWords } from "../coordinates.ts";
import type { Fix } from "../contract.ts";
import { t } from "../i18n/index.ts";
import { coordinateFormat } from "../preferences.ts";

/** The river address where there is one, else coordinates. */
export function placeWords(fix: Fix): string {
  return riverWords(fix) ?? coordinateWords(fix.lon, fix.lat, coordinateFormat.value);
}

/** `km 2 356.4 · left bank`; null away from the river. */
export function riverWords(fix: Fix): string | null {
  if (fix.river_km === undefined) return null;
  const km = t("river.km", { km: kmFigure(fix.river_km) });
  return fix.bank ? `${km} · ${t(`bank.${fix.bank}`)}` : km;
}

/** Thousands set apart by a thin space: `2 356.4`. */
export function kmFigure(km: number): string {
  const [whole = "", part = "0"] = km.toFixed(1).split(".");
  return `${whole.replace(/\B(?=(\d{3})+$)/g, "\u202f")}.${part}`;
}

export function speedWords(mps: number): string {
  return t("speed", { kmh: (mps * 3.6).toFixed(mps < 2.75 ? 1 : 0), knots: (mps * 1.943844).toFixed(1) });
}

export function bearingWords(degrees: number): string {
  return t("bearing", { n: String(Math.round(degrees) % 360).padStart(3, "0") });
}

export function metresWords(metres: number): string {
  return metres >= 1000 ? t("metres.km", { n: (metres / 1000).toFixed(1) }) : t("metres", { n: String(Math.round(metres)) });
}
