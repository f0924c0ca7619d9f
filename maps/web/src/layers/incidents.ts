/** Incidents of the last day that have a place: a ring and what they are about. */
import { BOLD } from "../symbols/fonts.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

export const incidents: MapLayer = {
  toggle: "incidents",
  needs: [],
  sources: () => ({ incidents: { type: "geojson", data: NO_FEATURES } }),
  layers: ({ tokens }) => [
    {
      id: "incidents",
      type: "circle",
      source: "incidents",
      paint: {
        "circle-radius": 6,
        "circle-color": tokens.get("map-halo"),
        "circle-stroke-color": tokens.get("map-blo"),
        "circle-stroke-width": 2.5,
      },
    },
    {
      id: "incident-names",
      type: "symbol",
      source: "incidents",
      layout: {
        "text-field": ["get", "name"],
        "text-font": [BOLD],
        "text-size": 12,
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 0.9,
        "text-max-width": 10,
      },
      paint: {
        "text-color": tokens.get("map-label"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.6,
      },
    },
  ],
};
