/** Border crossings by kind: bridge, road, ferry or port. */
import { REGULAR } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, reference } from "./layer.ts";

export const crossings: MapLayer = {
  toggle: "crossings",
  needs: ["crossings"],
  sources: () => ({ crossings: reference("crossings") }),
  layers: ({ tokens, palette, language }) => [
    {
      id: "crossings",
      type: "symbol",
      source: "crossings",
      minzoom: 7,
      layout: {
        "icon-image": [
          "case",
          ["in", "bridge", ["get", "kind"]],
          glyphImage(palette, "bridge"),
          ["in", "ferry", ["get", "kind"]],
          glyphImage(palette, "ferry"),
          ["in", "port", ["get", "kind"]],
          glyphImage(palette, "port"),
          glyphImage(palette, "road"),
        ],
        "icon-size": ["interpolate", ["linear"], ["zoom"], 7, 0.6, 11, 0.85],
        "icon-allow-overlap": true,
        "text-field": ["step", ["zoom"], "", 11, ["coalesce", ["get", `name_${language}`], ["get", "name"]]],
        "text-font": [REGULAR],
        "text-size": 11,
        "text-variable-anchor": ["top", "bottom", "left", "right"],
        "text-radial-offset": 1.1,
        "text-optional": true,
        "text-max-width": 11,
        "text-justify": "auto",
      },
      paint: {
        "text-color": tokens.get("map-label-2"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.4,
      },
    },
  ],
};
