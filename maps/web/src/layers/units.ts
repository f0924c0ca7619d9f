/** Units and unknown radios: plain dots from afar, marks with heading, side and age from near. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import type { PaletteName } from "../browser/preferences.ts";
import { BOLD } from "../symbols/fonts.ts";
import { glyphImage, markImage } from "../symbols/images.ts";
import { bySide, expression } from "../symbols/tokens.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

const ring: ExpressionSpecification = [
  "interpolate",
  ["exponential", 2],
  ["zoom"],
  0,
  ["get", "ring"],
  22,
  ["*", ["get", "ring"], 2 ** 22],
];

/**
 * Rings of accuracy that nobody told are dashed. A circle cannot be: three images, each for some radii in pixels, so
 * that the line stays thin.
 */
const ASSUMED_RINGS = [
  ["ring-16", 16, 8, 32],
  ["ring-64", 64, 32, 128],
  ["ring-192", 192, 128, Infinity],
] as const;
/** One stop a zoom: the renderer holds sizes at the stops about a tile's own, and none above 255. */
const ZOOMS = [...Array(20).keys()];
const ringPx: ExpressionSpecification = ["*", ["get", "ring"], ["^", 2, ["zoom"]]];

function assumedRings(palette: PaletteName, minzoom: number): LayerSpecification[] {
  return ASSUMED_RINGS.map(([name, radius, from, to]) => ({
    id: `unit-${name}`,
    type: "symbol",
    source: "units",
    minzoom,
    filter: expression(
      "all",
      ["get", "assumed"],
      [">=", ringPx, from],
      ...(to === Infinity ? [] : [["<", ringPx, to]]),
    ),
    layout: {
      "icon-image": glyphImage(palette, name),
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "icon-rotation-alignment": "map",
      "icon-size": expression(
        "interpolate",
        ["exponential", 2],
        ["zoom"],
        ...ZOOMS.flatMap((zoom) => [zoom, ["*", ["get", "ring"], 2 ** zoom / radius]]),
      ),
    },
    paint: { "icon-opacity": 0.6 },
  }));
}

/** Label places round a mark, in ems: right of it first. */
function beside(away: number): unknown[] {
  const slant = away * 0.72;
  return [
    "left",
    [away, 0],
    "right",
    [-away, 0],
    "top",
    [0, away],
    "bottom",
    [0, -away],
    "top-left",
    [slant, slant],
    "bottom-left",
    [slant, -slant],
    "top-right",
    [-slant, slant],
    "bottom-right",
    [-slant, -slant],
  ];
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
      {
        id: "unit-ring",
        type: "circle",
        source: "units",
        minzoom: dotsBelowZoom,
        filter: ["all", [">", ["get", "ring"], 0], ["!", ["get", "assumed"]]],
        paint: {
          "circle-radius": ring,
          "circle-color": "transparent",
          "circle-stroke-color": tokens.get("map-ring"),
          "circle-stroke-width": 1,
          "circle-stroke-opacity": 0.5,
          "circle-pitch-alignment": "map",
        },
      },
      ...assumedRings(palette, dotsBelowZoom),
      {
        id: "unit-dots",
        type: "circle",
        source: "units",
        maxzoom: dotsBelowZoom,
        layout: { "circle-sort-key": ["get", "rank"] },
        paint: {
          "circle-radius": 4,
          "circle-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("map-halo"), bySide(tokens.side)],
          "circle-stroke-color": [
            "case",
            ["==", ["get", "state"], "lost"],
            bySide(tokens.side),
            tokens.get(palette === "red-night" ? "mark-halo" : "mark-edge"),
          ],
          "circle-stroke-width": 1.3,
          "circle-opacity": ["get", "opacity"],
        },
      },
      {
        id: "unit-selected",
        type: "symbol",
        source: "units",
        filter: ["==", ["get", "id"], selected],
        layout: { "icon-image": glyphImage(palette, "selected"), ...onTop },
      },
      {
        id: "unit-distress",
        type: "symbol",
        source: "units",
        filter: ["==", ["get", "distress"], true],
        layout: { "icon-image": glyphImage(palette, "distress"), ...onTop },
      },
      {
        id: "unit-severity",
        type: "symbol",
        source: "units",
        filter: ["all", ["==", ["get", "distress"], false], ["!=", ["get", "severity"], ""]],
        layout: {
          "icon-image": ["concat", glyphImage(palette, "severity-low").replace("low", ""), ["get", "severity"]],
          ...onTop,
        },
      },
      {
        id: "unit-course",
        type: "symbol",
        source: "units",
        minzoom: dotsBelowZoom,
        filter: [">=", ["get", "course"], 0],
        layout: {
          "icon-image": glyphImage(palette, "course"),
          "icon-rotate": ["get", "course"],
          "icon-rotation-alignment": "map",
          ...onTop,
        },
      },
      {
        id: "unit-marks",
        type: "symbol",
        source: "units",
        minzoom: dotsBelowZoom,
        layout: {
          "icon-image": mark(palette),
          "icon-rotate": ["get", "bow"],
          "icon-rotation-alignment": "map",
          ...onTop,
          "symbol-sort-key": ["get", "rank"],
          "symbol-z-order": "auto",
          "text-field": ["get", "code"],
          "text-font": [BOLD],
          "text-size": 10,
          "text-rotation-alignment": "viewport",
          "text-allow-overlap": true,
          "text-ignore-placement": true,
        },
        paint: {
          "icon-opacity": ["get", "opacity"],
          "text-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("ink"), bySide(tokens.sideInk)],
          "text-halo-color": ["case", ["==", ["get", "state"], "lost"], tokens.get("map-halo"), "rgba(0,0,0,0)"],
          "text-halo-width": 1.4,
        },
      },
      {
        id: "unit-clocks",
        type: "symbol",
        source: "units",
        minzoom: dotsBelowZoom,
        filter: ["==", ["get", "state"], "lost"],
        layout: { "icon-image": glyphImage(palette, "clock"), "icon-offset": [13, 13], ...onTop },
      },
      {
        id: "unit-labels",
        type: "symbol",
        source: "units",
        minzoom: dotsBelowZoom,
        layout: {
          "text-field": ["get", "label"],
          "text-font": [BOLD],
          "text-size": 12.5,
          "text-line-height": 1.25,
          "text-padding": 1,
          "text-variable-anchor-offset": [
            "case",
            ["==", ["get", "distress"], true],
            ["literal", beside(3.6)],
            ["any", ["==", ["get", "id"], selected], ["in", ["get", "severity"], ["literal", ["high", "medium"]]]],
            ["literal", beside(2.6)],
            ["literal", beside(1.7)],
          ],
          "text-justify": "auto",
          "symbol-sort-key": ["case", ["==", ["get", "id"], selected], -1, ["-", 3, ["get", "rank"]]],
          "text-max-width": 14,
        },
        paint: {
          "text-color": ["case", ["==", ["get", "distress"], true], tokens.get("alert"), tokens.get("map-label")],
          ...halo,
        },
      },
      {
        id: "unit-bodies",
        type: "symbol",
        source: "units",
        minzoom: dotsBelowZoom,
        layout: { "icon-image": glyphImage(palette, "body"), "icon-allow-overlap": true, "icon-padding": 0 },
      },
    ];
  },
};
