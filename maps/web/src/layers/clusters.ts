/**
 * Many units in one place: a plate with their number and sides; its outline is broken when one of them is late, a clock
 * stands by when one is lost.
 */
import { BOLD } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

export const crowds: MapLayer = {
  toggle: null,
  needs: [],
  sources: () => ({ crowds: { type: "geojson", data: NO_FEATURES, tolerance: 0 } }),
  layers: ({ tokens, palette }) => [
    {
      id: "crowds",
      type: "symbol",
      source: "crowds",
      layout: {
        "icon-image": [
          "match",
          ["get", "state"],
          "live",
          glyphImage(palette, "crowd-live"),
          glyphImage(palette, "crowd-late"),
        ],
        "icon-size": ["step", ["get", "count"], 0.8, 50, 1, 500, 1.25],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
        "symbol-sort-key": ["get", "count"],
        "symbol-z-order": "source",
        "text-field": [
          "format",
          ["to-string", ["get", "count"]],
          { "font-scale": 1 },
          "\n",
          {},
          ["get", "sides"],
          { "font-scale": 0.72 },
        ],
        "text-font": [BOLD],
        "text-size": 12.5,
        "text-line-height": 1.15,
        "text-max-width": 20,
        "text-allow-overlap": true,
        "text-ignore-placement": true,
      },
      paint: { "text-color": tokens.get("map-label"), "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1 },
    },
    {
      id: "crowd-clocks",
      type: "symbol",
      source: "crowds",
      filter: ["==", ["get", "state"], "lost"],
      layout: {
        "icon-image": glyphImage(palette, "clock"),
        "icon-offset": [18, 18],
        "icon-allow-overlap": true,
        "icon-ignore-placement": true,
      },
    },
  ],
};
