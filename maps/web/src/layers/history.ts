/** Tracks of days and weeks from vector tiles: side by colour, age by strength. */
import { bySide } from "../symbols/tokens.ts";
import type { MapLayer } from "./layer.ts";

/** Zoom of the deepest tiles; nearer, the map stretches them. */
export const HISTORY_DEPTH = 14;

export const historyTracks: MapLayer = {
  toggle: null,
  needs: [],
  // Nothing is asked for while the layer does not show; the true address comes with the first history.
  sources: () => ({
    history: {
      type: "vector",
      tiles: [new URL("/tiles/{z}/{x}/{y}.mvt", document.baseURI).href],
      maxzoom: HISTORY_DEPTH,
    },
  }),
  layers: ({ tokens, history }) => [
    {
      id: "history",
      type: "line",
      source: "history",
      "source-layer": "tracks",
      layout: { "line-join": "round", "line-cap": "round", visibility: history === null ? "none" : "visible" },
      paint: {
        "line-color": bySide(tokens.side),
        "line-width": ["interpolate", ["linear"], ["zoom"], 6, 1, 12, 2],
        "line-opacity":
          history === null ? 1 : ["interpolate", ["linear"], ["get", "end"], history.start, 0.25, history.end, 0.9],
      },
    },
  ],
};
