/**
 * Who or what is followed: where last seen, where before, where it will be, where it lands. Dashed is what nobody has
 * seen.
 */
import type { FilterSpecification, LayerSpecification } from "maplibre-gl";
import { BOLD, REGULAR } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

const is = (part: string): FilterSpecification => ["==", ["get", "part"], part];

export const targets: MapLayer = {
  toggle: "targets",
  needs: [],
  sources: () => ({ targets: { type: "geojson", data: NO_FEATURES, tolerance: 0.2 } }),
  layers: ({ tokens, palette }) => [
    // Along the river, as far as it may be wrong: faint where it passes, clear where it lands.
    {
      id: "target-spread",
      type: "line",
      source: "targets",
      filter: is("spread"),
      layout: { "line-cap": "butt" },
      paint: { "line-color": tokens.get("map-target"), "line-width": 12, "line-opacity": 0.16 },
    },
    {
      id: "target-zone-edge",
      type: "line",
      source: "targets",
      filter: is("zone"),
      layout: { "line-cap": "butt" },
      paint: { "line-color": tokens.get("map-target"), "line-width": 1.6, "line-gap-width": 13, "line-opacity": 0.9 },
    },
    {
      id: "target-zone",
      type: "line",
      source: "targets",
      filter: is("zone"),
      layout: { "line-cap": "butt" },
      paint: { "line-color": tokens.get("map-target"), "line-width": 14, "line-opacity": 0.26 },
    },
    {
      id: "target-lines-edge",
      type: "line",
      source: "targets",
      filter: ["in", ["get", "part"], ["literal", ["past", "ahead"]]],
      paint: { "line-color": tokens.get("map-halo"), "line-width": 5, "line-opacity": 0.7 },
    },
    {
      id: "target-past",
      type: "line",
      source: "targets",
      filter: is("past"),
      paint: { "line-color": tokens.get("map-target"), "line-width": 2 },
    },
    {
      id: "target-ahead",
      type: "line",
      source: "targets",
      filter: is("ahead"),
      paint: { "line-color": tokens.get("map-target"), "line-width": 2, "line-dasharray": [2, 2] },
    },
    ...(["landing", "seen"] as const).map(
      (part): LayerSpecification => ({
        id: `target-${part}`,
        type: "symbol",
        source: "targets",
        filter: is(part),
        layout: {
          "icon-image": glyphImage(palette, part === "seen" ? "target" : "landing"),
          "icon-allow-overlap": true,
          "text-field": ["get", "label"],
          "text-font": [part === "seen" ? BOLD : REGULAR],
          "text-size": part === "seen" ? 13 : 12,
          "text-variable-anchor": ["left", "right", "top", "bottom"],
          "text-radial-offset": 1.5,
          "text-justify": "auto",
          "text-optional": true,
          "text-max-width": 12,
        },
        paint: {
          "text-color": tokens.get("map-target"),
          "text-halo-color": tokens.get("map-halo"),
          "text-halo-width": 1.6,
        },
      }),
    ),
  ],
};
