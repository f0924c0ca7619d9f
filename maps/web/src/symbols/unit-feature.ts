/** A unit as the map knows it, and when it looks different next. Pure. */

import { metresPerPixelAtZoom0 } from "../geo/coordinates.ts";
import { ageSeconds, ageWords } from "../session/times.ts";
import type { Severity } from "../wire/documents.ts";
import type { Fix, UnitState } from "../wire/units.ts";
import { bowDeg, markState, opacityByAge, shapeOf, sideCode, sideName } from "./marks.ts";

/** The uncertainty ring is worth drawing from this radius on, metres. */
const RING_FROM_M = 15;

/** Of a radio's satellite receiver that tells no accuracy, metres (gis/position/accuracy.py). */
const ASSUMED_ACCURACY_M = 15;

/** How wrong a place may be, metres: what it tells, else what is taken of its kind of radio. */
export function errorOf(fix: Fix): { metres: number; assumed: boolean } {
  if (fix.accuracy_m !== undefined) return { metres: fix.accuracy_m, assumed: false };
  return { metres: fix.typical_accuracy_m ?? ASSUMED_ACCURACY_M, assumed: true };
}

/** What the map shows of a unit; null while nobody knows where it is. */
export function unitFeature(
  unit: UnitState,
  nowMs: number,
  severity: Severity | "" = "",
): GeoJSON.Feature<GeoJSON.Point> | null {
  const last = unit.last;
  if (!last) return null;
  const ageS = ageSeconds(last.time, nowMs) ?? 0;
  const bow = bowDeg(unit);
  const state = markState(unit.liveness);
  const error = errorOf(last);
  return {
    type: "Feature",
    id: unit.id,
    properties: {
      id: unit.id,
      shape: shapeOf(unit.kind, bow !== null),
      side: sideName(unit.country),
      code: sideCode(unit.country),
      state,
      bow: unit.kind === "boat" ? (bow ?? 0) : 0,
      course: unit.kind !== "boat" && bow !== null ? bow : -1,
      opacity: state === "lost" ? 0.9 : opacityByAge(ageS, unit.expected_interval_s),
      label: ageS >= 60 ? `${unit.call_sign}\n${ageWords(ageS)}` : unit.call_sign,
      ring: error.metres >= RING_FROM_M ? error.metres / metresPerPixelAtZoom0(last.lat) : 0,
      assumed: error.assumed,
      distress: unit.distress === true || severity === "sos",
      severity,
      // Calls for help lie on top, then the living, then the rest.
      rank: unit.distress || severity === "sos" ? 3 : unit.known === false ? 0 : state === "live" ? 2 : 1,
    },
    geometry: { type: "Point", coordinates: [last.lon, last.lat] },
  };
}

/** When a unit that is not heard looks different next: its age in words, or its step of opacity; milliseconds. Pure. */
export function nextLookMs(unit: UnitState, nowMs: number): number {
  const age = ageSeconds(unit.last?.time, nowMs);
  if (age === null) return Infinity;
  const every = age < 86400 ? 60 : 86400;
  const interval = Math.max(1, unit.expected_interval_s ?? 60);
  const steps = [1.5 * interval, 4 * interval].filter((step) => step >= age).map((step) => step + 0.001);
  return nowMs + (Math.min((Math.floor(age / every) + 1) * every, ...steps) - age) * 1000;
}
