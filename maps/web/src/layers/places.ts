/** Towns and villages by size, for people to find themselves on the map. */
import { REGULAR } from "../symbols/fonts.ts";
import { type MapLayer, reference, twoNames } from "./layer.ts";

export const places: MapLayer = {
  toggle: "places",
  needs: ["places"],
  sources: () => ({ places: reference("places") }),
  layers: ({ tokens, language }) => [
    {
      id: "places",
      type: "symbol",
      source: "places",
      minzoom: 5,
      filter: [
        ">=",
        ["coalesce", ["get", "population"], 0],
        ["step", ["zoom"], 300000, 6, 60000, 7, 15000, 8.5, 4000, 9.5, 0],
      ],
      layout: {
        "text-field": twoNames(language, 0.9),
        "text-font": [REGULAR],
        "text-size": ["interpolate", ["linear"], ["zoom"], 5, 10.5, 12, 12],
        "text-max-width": 9,
        "text-line-height": 1.25,
        "symbol-sort-key": ["-", 0, ["coalesce", ["get", "population"], 0]],
        "text-padding": 6,
      },
      paint: {
        "text-color": tokens.get("map-place"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.3,
      },
    },
  ],
};
