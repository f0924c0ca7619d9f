/** Units and unknown radios: plain dots from afar, marks with heading, side and age from near. */
import type { ExpressionSpecification } from "maplibre-gl";
import type { UnitState } from "../contract.ts";
import { metresPerPixelAtZoom0 } from "../coordinates.ts";
import { BOLD } from "../fonts.ts";
import { glyphImage, markImage } from "../images.ts";
import { bowDeg, markState, opacityByAge, shapeOf, sideCode, sideName } from "../marks.ts";
import type { Severity } from "../papers.ts";
import type { PaletteName } from "../preferences.ts";
import { ageSeconds, ageWords } from "../times.ts";
import { bySide } from "../tokens.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

/** The uncertainty ring is worth drawing from this radius on, metres. */
const RING_FROM_M = 15;

const ring: ExpressionSpecification = ["interpolate", ["exponential", 2], ["zoom"], 0, ["get", "ring"], 22, ["*", ["get", "ring"], 2 ** 22]];

/** What the map shows of a unit; null while nobody knows where it is. */
export function unitFeature(unit: UnitState, nowMs: number, severity: Severity | "" = ""): GeoJSON.Feature<GeoJSON.Point> | null {
  const last = unit.last;
  if (!last) return null;
  const ageS = ageSeconds(last.time, nowMs) ?? 0;
  const bow = bowDeg(unit);
  const state = markState(unit.liveness);
  const accuracy = last.accuracy_m ?? 0;
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
      ring: accuracy >= RING_FROM_M ? accuracy / metresPerPixelAtZoom0(last.lat) : 0,
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

/** Label places round a mark, in ems: right of it first. */
function beside(away: number): unknown[] {
  const slant = away * 0.72;
  return ["left", [away, 0], "right", [-away, 0], "top", [0, away], "bottom", [0, -away], "top-left", [slant, slant], "bottom-left", [slant, -slant], "top-right", [-slant, slant], "bottom-right", [-slant, -slant]];
}

function mark(palette: PaletteName): ExpressionSpecification {
  const prefix = markImage(palette, "boat", "", "").split("boat")[0] ?? "";
  return ["concat", prefix, ["get", "shape"], "/", ["get", "side"], "/", ["get", "state"]];
}

export const units: MapLayer = {
  toggle: null,
  needs: [],
  sources: () => ({ units: { type: "geojson", data: NO_FEATURES, promoteId: "id", buffer: 64, tolerance: 0 } }),
  layers: ({ tokens, palette, selected, dotsBelowZoom }) => {
    const halo = { "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1.6 };
    const onTop = { "icon-allow-overlap": true, "icon-ignore-placement": true } as const;
    return [
      { id: "unit-ring", type: "circle", source: "units", minzoom: dotsBelowZoom, filter: [">", ["get", "ring"], 0], paint: { "circle-radius": ring, "circle-color": "transparent", "circle-stroke-color": tokens.get("map-ring"), "circle-stroke-width": 1, "circle-stroke-opacity": 0.5, "circle-pitch-alignment": "map" } },
      { id: "unit-selected", type: "symbol", source: "units", filter: ["==", ["get", "id"], selected], layout: { "icon-image": glyphImage(palette, "selected"), ...onTop } },
      { id: "unit-distress", type: "symbol", source: "units", filter: ["==", ["get", "distress"], true], layout: { "icon-image": glyphImage(palette, "distress"), ...onTop } },
      { id: "unit-severity", type: "symbol", source: "units", filter: ["all", ["==", ["get", "distress"], false], ["!=", ["get", "severity"], ""]], layout: { "icon-image": ["concat", glyphImage(palette, "severity-low").replace("low", ""), ["get", "severity"]], ...onTop } },
      {
        id: "unit-dots", type: "circle", source: "units", maxzoom: dotsBelowZoom,
        paint: {
          "circle-radius": 4, "circle-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("map-halo"), bySide(tokens.side)] as never,
          "circle-stroke-color": ["case", ["==", ["get", "state"], "lost"], bySide(tokens.side), tokens.get(palette === "red-night" ? "mark-halo" : "mark-edge")] as never, "circle-stroke-width": 1.3, "circle-opacity": ["get", "opacity"],
        },
      },
      { id: "unit-course", type: "symbol", source: "units", minzoom: dotsBelowZoom, filter: [">=", ["get", "course"], 0], layout: { "icon-image": glyphImage(palette, "course"), "icon-rotate": ["get", "course"], "icon-rotation-alignment": "map", ...onTop } },
      {
        id: "unit-marks", type: "symbol", source: "units", minzoom: dotsBelowZoom,
        layout: {
          "icon-image": mark(palette), "icon-rotate": ["get", "bow"], "icon-rotation-alignment": "map", ...onTop, "symbol-sort-key": ["get", "rank"], "symbol-z-order": "auto",
          "text-field": ["get", "code"], "text-font": [BOLD], "text-size": 10, "text-rotation-alignment": "viewport", "text-allow-overlap": true, "text-ignore-placement": true,
        },
        paint: {
          "icon-opacity": ["get", "opacity"],
          "text-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("ink"), bySide(tokens.sideInk)] as never,
          "text-halo-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("map-halo"), "rgba(0,0,0,0)"], "text-halo-width": 1.4,
        },
      },
      { id: "unit-clocks", type: "symbol", source: "units", minzoom: dotsBelowZoom, filter: ["==", ["get", "state"], "lost"], layout: { "icon-image": glyphImage(palette, "clock"), "icon-offset": [13, 13], ...onTop } },
      {
        id: "unit-labels", type: "symbol", source: "units", minzoom: dotsBelowZoom,
        layout: {
          "text-field": ["get", "label"], "text-font": [BOLD], "text-size": 12.5, "text-line-height": 1.25, "text-padding": 1,
          "text-variable-anchor-offset": ["case", ["==", ["get", "distress"], true], ["literal", beside(3.6)], ["in", ["get", "severity"], ["literal", ["high", "medium"]]], ["literal", beside(2.6)], ["literal", beside(1.7)]] as never, "text-justify": "auto", "symbol-sort-key": ["case", ["==", ["get", "id"], selected], -1, ["-", 3, ["get", "rank"]]],
          "text-max-width": 14,
        },
        paint: { "text-color": ["case", ["==", ["get", "distress"], true], tokens.get("alert"), tokens.get("map-label")], ...halo },
      },
      { id: "unit-bodies", type: "symbol", source: "units", minzoom: dotsBelowZoom, layout: { "icon-image": glyphImage(palette, "body"), "icon-allow-overlap": true, "icon-padding": 0 } },
    ];
  },
};
