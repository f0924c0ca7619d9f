/**
 * Marks of units: one drawing of each shape, used by the map (canvas) and the lists (SVG).
 * Shapes lie in a box of 40 x 40 with their place at the middle; boats point up.
 */
import type { Liveness, UnitKind, UnitState } from "../wire/units.ts";

export type Shape = "boat" | "boat-drift" | "vehicle" | "foot" | "handheld" | "fixed" | "radio";
export type MarkState = "live" | "late" | "lost";
export const SIDES = ["LA", "TH", "MM", "CN", "VN", "KH"] as const;

/** SVG paths. `boat-drift` is a hull that is the same fore and aft: nobody said where its bow points. */
export const PATHS: Record<Shape, string> = {
  boat: "M20 2.5 C25 7.5 28.5 13 28.5 20 C28.5 26.5 27.5 32 26.5 36 L13.5 36 C12.5 32 11.5 26.5 11.5 20 C11.5 13 15 7.5 20 2.5 Z",
  "boat-drift":
    "M20 3 C25.5 8 28.5 13.5 28.5 20 C28.5 26.5 25.5 32 20 37 C14.5 32 11.5 26.5 11.5 20 C11.5 13.5 14.5 8 20 3 Z",
  vehicle: "M9.5 11.5 a2 2 0 0 1 2-2 h17 a2 2 0 0 1 2 2 v17 a2 2 0 0 1 -2 2 h-17 a2 2 0 0 1 -2-2 Z",
  foot: "M20 8.5 a11.5 11.5 0 1 1 0 23 a11.5 11.5 0 1 1 0-23 Z",
  handheld: "M20 10 a11 11 0 0 1 6.5 2.1 L26.5 3 h3 L29.5 15 a11 11 0 1 1 -9.5-5 Z",
  fixed: "M20 5.5 L34.5 20 L20 34.5 L5.5 20 Z",
  radio: "M20 10.5 a9.5 9.5 0 1 1 0 19 a9.5 9.5 0 1 1 0-19 Z",
};

export function shapeOf(kind: UnitKind | null | undefined, bowKnown: boolean): Shape {
  if (!kind) return "radio";
  return kind === "boat" && !bowKnown ? "boat-drift" : kind;
}

/** The letters on the mark; `?` for a side nobody knows. */
export function sideCode(country: string | null | undefined): string {
  return country || "?";
}

/** The name a side has in the palette's variables. */
export function sideName(country: string | null | undefined): string {
  return country && (SIDES as readonly string[]).includes(country) ? country : "unknown";
}

export function markState(liveness: Liveness | undefined): MarkState {
  return liveness === "late" || liveness === "cut" ? "late" : liveness === "live" ? "live" : "lost";
}

/** Where the bow points, degrees true: the compass if it said, else the course while under way. */
export function bowDeg(unit: UnitState): number | null {
  const last = unit.last;
  if (!last) return null;
  if (last.heading_deg !== undefined) return last.heading_deg;
  return last.course_deg !== undefined && (last.speed_mps ?? 1) > 0.3 ? last.course_deg : null;
}

/** Opacity by age in three steps of the unit's own interval: fresh, ageing, old. */
export function opacityByAge(ageS: number, expectedS: number | null | undefined): number {
  const intervals = ageS / Math.max(1, expectedS ?? 60);
  return intervals <= 1.5 ? 1 : intervals <= 4 ? 0.85 : 0.7;
}
