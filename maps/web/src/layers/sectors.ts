/** Areas that people drew: a faint fill, a clear edge, their name; what patrols keep out of is hatched. */
import type { ExpressionSpecification } from "maplibre-gl";
import { REGULAR } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

const areas: ExpressionSpecification = ["!=", ["geometry-type"], "Point"];
/** What is only watched covers the river from end to end: no fill, a faint edge. */
const filled: ExpressionSpecification = ["all", areas, ["!=", ["get", "use"], "reach"]];
const keptOut: ExpressionSpecification = ["in", ["get", "use"], ["literal", ["no_go", "restricted"]]];

const plain: ExpressionSpecification = ["in", ["get", "use"], ["literal", ["patrol", "no_go"]]];

export const sectors: MapLayer = {
  toggle: "sectors",
  needs: [],
  sources: () => ({ sectors: { type: "geojson", data: NO_FEATURES, tolerance: 0.2 } }),
  layers: ({ tokens, palette }) => {
    const colour: ExpressionSpecification = ["case", keptOut, tokens.get("map-no-go"), tokens.get("map-sector")];
    return [
      {
        id: "sector-areas",
        type: "fill",
        source: "sectors",
        filter: filled,
        paint: { "fill-color": colour, "fill-opacity": 0.08 },
      },
      {
        id: "sector-hatch",
        type: "fill",
        source: "sectors",
        filter: ["all", areas, ["==", ["get", "use"], "no_go"]],
        paint: { "fill-pattern": glyphImage(palette, "hatch") },
      },
      {
        id: "sector-edges",
        type: "line",
        source: "sectors",
        filter: ["all", areas, plain],
        layout: { "line-join": "round" },
        paint: { "line-color": colour, "line-width": 2 },
      },
      {
        id: "sector-edges-other",
        type: "line",
        source: "sectors",
        filter: ["all", areas, ["!", plain]],
        layout: { "line-join": "round" },
        paint: {
          "line-color": colour,
          "line-width": ["case", ["==", ["get", "use"], "reach"], 1, 2],
          "line-dasharray": [4, 2],
        },
      },
      {
        id: "sector-names",
        type: "symbol",
        source: "sectors",
        minzoom: 8,
        filter: ["==", ["geometry-type"], "Point"],
        layout: {
          "text-field": ["get", "label"],
          "text-font": [REGULAR],
          "text-size": 12.5,
          "text-max-width": 9,
          "text-variable-anchor": ["center", "bottom", "top"],
          "text-radial-offset": 1.6,
        },
        paint: { "text-color": colour, "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1.6 },
      },
    ];
  },
};
