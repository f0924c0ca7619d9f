/** Border liaison offices: a house on the ring of its uncertainty, tied to its counterpart on hover. */
import type { ExpressionSpecification } from "maplibre-gl";
import { BOLD } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES, reference, twoNames } from "./layer.ts";

/** Radius in true metres from the feature's `uncertainty_m`. */
const RADIUS = ((): ExpressionSpecification => {
  const perMetre = 1 / (78271.517 * Math.cos((19 * Math.PI) / 180));
  return [
    "interpolate",
    ["exponential", 2],
    ["zoom"],
    0,
    ["*", ["coalesce", ["get", "uncertainty_m"], 0], perMetre],
    22,
    ["*", ["coalesce", ["get", "uncertainty_m"], 0], perMetre * 2 ** 22],
  ];
})();

export const blos: MapLayer = {
  toggle: "blos",
  needs: ["blos"],
  sources: () => ({ blos: reference("blos"), "blo-ties": { type: "geojson", data: NO_FEATURES } }),
  layers: ({ tokens, palette, language }) => [
    {
      id: "blo-ring",
      type: "circle",
      source: "blos",
      minzoom: 7,
      paint: {
        "circle-radius": RADIUS,
        "circle-color": "transparent",
        "circle-stroke-color": tokens.get("map-ring"),
        "circle-stroke-width": 1,
        "circle-stroke-opacity": 0.34,
      },
    },
    {
      id: "blo-ties",
      type: "line",
      source: "blo-ties",
      paint: { "line-color": tokens.get("map-blo"), "line-width": 1.2 },
    },
    {
      id: "blos",
      type: "symbol",
      source: "blos",
      minzoom: 5,
      layout: {
        "icon-image": glyphImage(palette, "blo"),
        "icon-allow-overlap": true,
        "icon-size": ["interpolate", ["linear"], ["zoom"], 5, 0.55, 9, 1],
        "text-field": ["step", ["zoom"], "", 8, twoNames(language, 0.92)],
        "text-font": [BOLD],
        "text-size": 12,
        "text-line-height": 1.3,
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 1.1,
        "text-optional": true,
        "text-max-width": 10,
        "text-justify": "auto",
      },
      paint: { "text-color": tokens.get("map-blo"), "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1.5 },
    },
  ],
};
