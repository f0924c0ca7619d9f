/** The Mekong, about as wide as it is, and the other rivers as thin lines. */
import { REGULAR } from "../symbols/fonts.ts";
import { t } from "../words/index.ts";
import { type MapLayer, metresWide, reference } from "./layer.ts";

/** Common width of the river along the border reaches, metres. */
const MEKONG_WIDTH_M = 420;

export const rivers: MapLayer = {
  toggle: "rivers",
  needs: ["rivers", "mekong"],
  sources: () => ({ rivers: reference("rivers"), mekong: reference("mekong") }),
  layers: ({ tokens }) => [
    {
      id: "rivers",
      type: "line",
      source: "rivers",
      minzoom: 5,
      filter: ["!=", ["geometry-type"], "Polygon"],
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-color": tokens.get("map-river"),
        "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.5, 9, 1, 13, 2.4],
        "line-opacity": ["interpolate", ["linear"], ["zoom"], 5, 0.5, 9, 1],
      },
    },
    {
      id: "mekong",
      type: "line",
      source: "mekong",
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": tokens.get("map-water"), "line-width": metresWide(MEKONG_WIDTH_M, 2.6) },
    },
    {
      id: "river-names",
      type: "symbol",
      source: "rivers",
      minzoom: 9,
      filter: ["has", "name"],
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 420,
        "text-field": ["get", "name"],
        "text-font": [REGULAR],
        "text-size": 11.5,
        "text-letter-spacing": 0.05,
      },
      paint: {
        "text-color": tokens.get("map-water-label"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.4,
      },
    },
    {
      id: "mekong-name",
      type: "symbol",
      source: "mekong",
      minzoom: 6,
      layout: {
        "symbol-placement": "line",
        "symbol-spacing": 520,
        "text-field": t("map.mekong"),
        "text-font": [REGULAR],
        "text-size": 13,
        "text-letter-spacing": 0.12,
        "text-max-angle": 30,
      },
      paint: {
        "text-color": tokens.get("map-water-label"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.6,
      },
    },
  ],
};
