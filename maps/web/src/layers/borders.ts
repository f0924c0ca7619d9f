/** The borders: a dashed line in a soft band as wide as its stated error. */
import { type MapLayer, metresWide, reference } from "./layer.ts";

/** Error assumed where the server states none, metres. */
const ERROR_M = 300;

export const borders: MapLayer = {
  toggle: "borders",
  needs: ["borders"],
  sources: () => ({ borders: reference("borders") }),
  layers: ({ tokens, infos }) => [
    {
      id: "border-band", type: "line", source: "borders", minzoom: 8, layout: { "line-join": "round" },
      paint: {
        "line-color": tokens.get("map-border-band"), "line-opacity": 0.13,
        // The band reaches the error to either side.
        "line-width": metresWide(2 * (infos.get("borders")?.error_m ?? ERROR_M), 0),
      },
    },
    {
      id: "border-line", type: "line", source: "borders", layout: { "line-join": "round" },
      paint: { "line-color": tokens.get("map-border"), "line-width": ["interpolate", ["linear"], ["zoom"], 5, 0.9, 11, 1.6], "line-dasharray": [5, 2.5, 1.2, 2.5], "line-opacity": 0.9 },
    },
  ],
};
