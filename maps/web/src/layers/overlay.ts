/** What somebody brought to look at: dashed, so that it is never taken for the picture. */
import { REGULAR } from "../symbols/fonts.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

export const overlay: MapLayer = {
  toggle: null,
  needs: [],
  sources: () => ({ overlay: { type: "geojson", data: NO_FEATURES, tolerance: 0.2 } }),
  layers: ({ tokens }) => [
    {
      id: "overlay-areas",
      type: "fill",
      source: "overlay",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "fill-color": tokens.get("map-border"), "fill-opacity": 0.08 },
    },
    {
      id: "overlay-edge",
      type: "line",
      source: "overlay",
      filter: ["!=", ["geometry-type"], "Point"],
      layout: { "line-join": "round" },
      paint: { "line-color": tokens.get("map-halo"), "line-width": 4, "line-opacity": 0.7 },
    },
    {
      id: "overlay-lines",
      type: "line",
      source: "overlay",
      filter: ["!=", ["geometry-type"], "Point"],
      layout: { "line-join": "round" },
      paint: { "line-color": tokens.get("map-ring"), "line-width": 2, "line-dasharray": [3, 1.5] },
    },
    {
      id: "overlay-points",
      type: "circle",
      source: "overlay",
      filter: ["==", ["geometry-type"], "Point"],
      paint: {
        "circle-radius": 5,
        "circle-color": tokens.get("map-halo"),
        "circle-stroke-color": tokens.get("map-ring"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "overlay-names",
      type: "symbol",
      source: "overlay",
      minzoom: 8,
      filter: ["has", "label"],
      layout: {
        "text-field": ["get", "label"],
        "text-font": [REGULAR],
        "text-size": 12,
        "text-variable-anchor": ["left", "right", "top", "bottom"],
        "text-radial-offset": 0.9,
        "text-optional": true,
        "text-max-width": 10,
      },
      paint: {
        "text-color": tokens.get("map-label"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.5,
      },
    },
  ],
};
