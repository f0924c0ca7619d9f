/**
 * The borders: a dashed line in a soft band as wide as its stated error; ground that two sources divide differently.
 */
import type { ExpressionSpecification } from "maplibre-gl";
import { type MapLayer, reference } from "./layer.ts";

/** Error assumed where the layer states none, metres. */
const ERROR_M = 300;
/** Pixels at zoom 0 of a metre at latitude 19°, twice: the band reaches the error to either side. */
const BAND_PER_METRE = 2 / (78271.517 * Math.cos((19 * Math.PI) / 180));

const error: ExpressionSpecification = ["coalesce", ["get", "error_m"], ERROR_M];
const bandWidth: ExpressionSpecification = [
  "interpolate",
  ["exponential", 2],
  ["zoom"],
  0,
  ["*", error, BAND_PER_METRE],
  22,
  ["*", error, BAND_PER_METRE * 2 ** 22],
];

export const borders: MapLayer = {
  toggle: "borders",
  needs: ["borders", "border_doubts"],
  sources: () => ({ borders: reference("borders"), border_doubts: reference("border_doubts") }),
  layers: ({ tokens }) => [
    {
      id: "border-doubts",
      type: "fill",
      source: "border_doubts",
      minzoom: 6,
      paint: { "fill-color": tokens.get("map-border-band"), "fill-opacity": 0.14, "fill-antialias": false },
    },
    {
      id: "border-band",
      type: "line",
      source: "borders",
      minzoom: 8,
      layout: { "line-join": "round" },
      paint: { "line-color": tokens.get("map-border-band"), "line-opacity": 0.11, "line-width": bandWidth },
    },
    {
      id: "border-line",
      type: "line",
      source: "borders",
      layout: { "line-join": "round" },
      paint: {
        "line-color": tokens.get("map-border"),
        "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.9, 11, 1.6],
        "line-dasharray": [5, 2.5, 1.2, 2.5],
        "line-opacity": 0.9,
      },
    },
  ],
};
