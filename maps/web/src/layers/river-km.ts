/** River kilometres: a tick every 50, then 10, then 1 km as one zooms in. */
import type { ExpressionSpecification, LayerSpecification } from "maplibre-gl";
import { REGULAR } from "../symbols/fonts.ts";
import { glyphImage } from "../symbols/images.ts";
import { t } from "../words/index.ts";
import { type Drawing, type MapLayer, reference } from "./layer.ts";

const STEPS: { every: number; from: number; to: number }[] = [
  { every: 50, from: 9, to: 10.5 },
  { every: 10, from: 10.5, to: 12.6 },
  { every: 1, from: 12.6, to: 24 },
];

export const riverKm: MapLayer = {
  toggle: "river_km",
  needs: ["river_km"],
  sources: () => ({ river_km: reference("river_km") }),
  layers: (drawing) => STEPS.map((step) => ticks(step, drawing)),
};

/** `km 2356`, in the reader's words. */
function kmWords(): ExpressionSpecification {
  const [before = "", after = ""] = t("river.km", { km: "\u0000" }).split("\u0000");
  return ["concat", before, ["to-string", ["get", "km"]], after];
}

function ticks(
  { every, from, to }: { every: number; from: number; to: number },
  { tokens, palette }: Drawing,
): LayerSpecification {
  return {
    id: `river-km-${every}`,
    type: "symbol",
    source: "river_km",
    minzoom: from,
    maxzoom: to,
    filter: ["==", ["%", ["get", "km"], every], 0],
    layout: {
      "icon-image": glyphImage(palette, "tick"),
      "icon-allow-overlap": true,
      "icon-ignore-placement": true,
      "text-field": kmWords(),
      "text-font": [REGULAR],
      "text-size": 10.5,
      "text-anchor": "left",
      "text-offset": [0.7, 0],
      "text-optional": true,
      "text-padding": 4,
    },
    paint: { "text-color": tokens.get("map-km"), "text-halo-color": tokens.get("map-halo"), "text-halo-width": 1.3 },
  };
}
