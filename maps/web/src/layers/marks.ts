/**
 * Places that somebody marked: a sign by what for, what it is called and by whom; lines and areas dashed, for nobody
 * surveyed them.
 */
import type { ExpressionSpecification } from "maplibre-gl";
import { REGULAR } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

const point: ExpressionSpecification = ["==", ["geometry-type"], "Point"];
const area: ExpressionSpecification = ["==", ["geometry-type"], "Polygon"];
const hazard: ExpressionSpecification = ["==", ["get", "use"], "hazard"];

export const marks: MapLayer = {
  toggle: "marks",
  needs: [],
  sources: () => ({ marks: { type: "geojson", data: NO_FEATURES, tolerance: 0.2 } }),
  layers: ({ tokens, palette }) => {
    const colour: ExpressionSpecification = ["case", hazard, tokens.get("map-no-go"), tokens.get("map-blo")];
    return [
      {
        id: "mark-areas",
        type: "fill",
        source: "marks",
        filter: area,
        paint: { "fill-color": colour, "fill-opacity": 0.1 },
      },
      {
        id: "mark-lines",
        type: "line",
        source: "marks",
        filter: ["!", point],
        layout: { "line-join": "round" },
        paint: { "line-color": colour, "line-width": 2, "line-dasharray": [2, 1.5] },
      },
      {
        id: "mark-signs",
        type: "symbol",
        source: "marks",
        filter: point,
        layout: {
          "icon-image": [
            "match",
            ["get", "use"],
            "hazard",
            glyphImage(palette, "hazard"),
            "meeting_point",
            glyphImage(palette, "meeting"),
            glyphImage(palette, "flag"),
          ],
          "icon-allow-overlap": true,
          "text-field": ["get", "label"],
          "text-font": [REGULAR],
          "text-size": 12,
          "text-variable-anchor": ["left", "right", "top", "bottom"],
          "text-radial-offset": 1.2,
          "text-justify": "auto",
          "text-optional": true,
          "text-max-width": 12,
        },
        paint: { "text-color": colour, "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1.6 },
      },
    ];
  },
};
