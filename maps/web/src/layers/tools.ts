/** What the person at the console drew for a moment: the pin of a search, a measured line. */
import { BOLD } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

export const tools: MapLayer = {
  toggle: null,
  needs: [],
  sources: () => ({
    measure: { type: "geojson", data: NO_FEATURES, tolerance: 0 },
    pin: { type: "geojson", data: NO_FEATURES },
  }),
  layers: ({ tokens, palette }) => {
    const words = {
      "text-color": tokens.get("map-label"),
      "text-halo-color": tokens.get("map-halo"),
      "text-halo-width": 1.8,
    };
    return [
      {
        id: "measure-edge",
        type: "line",
        source: "measure",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-join": "round", "line-cap": "round" },
        paint: { "line-color": tokens.get("map-halo"), "line-width": 6, "line-opacity": 0.85 },
      },
      {
        id: "measure-line",
        type: "line",
        source: "measure",
        filter: ["==", ["geometry-type"], "LineString"],
        layout: { "line-join": "round" },
        paint: { "line-color": tokens.get("focus"), "line-width": 2.4, "line-dasharray": [3, 1.6] },
      },
      {
        id: "measure-points",
        type: "circle",
        source: "measure",
        filter: ["==", ["geometry-type"], "Point"],
        paint: {
          "circle-radius": 5,
          "circle-color": tokens.get("map-halo"),
          "circle-stroke-color": tokens.get("focus"),
          "circle-stroke-width": 2.4,
        },
      },
      {
        id: "measure-labels",
        type: "symbol",
        source: "measure",
        filter: ["==", ["geometry-type"], "Point"],
        layout: {
          "text-field": ["get", "label"],
          "text-font": [BOLD],
          "text-size": 13,
          "text-variable-anchor": ["bottom", "top", "right", "left"],
          "text-radial-offset": 0.9,
          "text-allow-overlap": true,
        },
        paint: words,
      },
      {
        id: "pin",
        type: "symbol",
        source: "pin",
        layout: {
          "icon-image": glyphImage(palette, "pin"),
          "icon-anchor": "bottom",
          "icon-allow-overlap": true,
          "icon-ignore-placement": true,
          "text-field": ["get", "label"],
          "text-font": [BOLD],
          "text-size": 13,
          "text-anchor": "top",
          "text-offset": [0, 0.4],
          "text-max-width": 14,
          "text-allow-overlap": true,
        },
        paint: words,
      },
    ];
  },
};
