/** Where units were in the last hours: thin and quiet; the selected one broad, its newest part brightest. */
import { bySide } from "../symbols/tokens.ts";
import { type MapLayer, NO_FEATURES } from "./layer.ts";

export const tracks: MapLayer = {
  toggle: "tracks",
  needs: [],
  sources: () => ({
    tracks: { type: "geojson", data: NO_FEATURES, promoteId: "id", tolerance: 0.4 },
    "selected-track": { type: "geojson", data: NO_FEATURES, lineMetrics: true, tolerance: 0.2 },
  }),
  layers: ({ tokens, selected, palette, dotsBelowZoom }) => [
    {
      id: "tracks",
      type: "line",
      source: "tracks",
      minzoom: dotsBelowZoom,
      filter: ["!=", ["get", "id"], selected],
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-color": bySide(tokens.side),
        "line-width": 1.4,
        "line-opacity": selected === "" ? 0.6 : 0.3,
      },
    },
    {
      id: "selected-track-edge",
      type: "line",
      source: "selected-track",
      layout: { "line-join": "round", "line-cap": "round" },
      paint: { "line-color": tokens.get("map-halo"), "line-width": 6, "line-opacity": 0.8 },
    },
    {
      id: "selected-track",
      type: "line",
      source: "selected-track",
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-width": 3.2,
        "line-gradient": [
          "interpolate",
          ["linear"],
          ["line-progress"],
          0,
          fade(tokens.get("focus"), palette === "red-night" ? 0.3 : 0.18),
          0.7,
          fade(tokens.get("focus"), 0.55),
          1,
          tokens.get("focus"),
        ],
      },
    },
  ],
};

function fade(hex: string, alpha: number): string {
  return `${hex}${Math.round(alpha * 255)
    .toString(16)
    .padStart(2, "0")}`;
}
