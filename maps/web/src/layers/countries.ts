/** Land, lakes and the names of the six countries. */
import type { ExpressionSpecification } from "maplibre-gl";
import { REGULAR } from "../symbols/fonts.ts";
import { SIDES } from "../symbols/marks.ts";
import { t } from "../words/index.ts";
import { type MapLayer, reference } from "./layer.ts";

/** Where a country's name stands well: degrees, longitude first. */
const NAME_PLACES: [string, number, number][] = [
  ["LA", 102.2, 19.6],
  ["LA", 101.35, 20.75],
  ["TH", 99.5, 19],
  ["MM", 99.4, 21.2],
  ["TH", 100.6, 16.6],
  ["MM", 96.6, 21.4],
  ["CN", 101.6, 24.2],
  ["VN", 105.3, 21.6],
  ["KH", 104.9, 12.7],
];

export const countries: MapLayer = {
  toggle: null,
  needs: ["countries", "lakes"],
  sources: () => ({
    countries: reference("countries"),
    lakes: reference("lakes"),
    "country-names": {
      type: "geojson",
      data: {
        type: "FeatureCollection",
        features: NAME_PLACES.map(([code, lon, lat]) => ({
          type: "Feature",
          properties: { name: t(`country.${code}` as "country.LA") },
          geometry: { type: "Point", coordinates: [lon, lat] },
        })),
      },
    },
  }),
  layers: ({ tokens }) => [
    { id: "ground", type: "background", paint: { "background-color": tokens.get("map-ground") } },
    {
      id: "land",
      type: "fill",
      source: "countries",
      paint: { "fill-color": tokens.get("map-land"), "fill-antialias": false },
    },
    {
      id: "land-edge",
      type: "line",
      source: "countries",
      paint: { "line-color": tokens.get("map-land-line"), "line-width": 0.8 },
    },
    { id: "lakes", type: "fill", source: "lakes", minzoom: 6, paint: { "fill-color": tokens.get("map-water") } },
  ],
};

function nameByCode(): ExpressionSpecification {
  return [
    "match",
    ["get", "code"],
    ...SIDES.flatMap((code) => [code, t(`country.${code}`)]),
    "",
  ] as unknown as ExpressionSpecification;
}

/** Latin capitals stand apart, as on paper maps; letters of the other scripts belong together. */
function letterSpacing(language: string): number {
  return ["en", "vi"].includes(language) ? 0.2 : 0;
}

/** Country names lie above the rivers. */
export const countryNames: MapLayer = {
  toggle: "places",
  needs: [],
  sources: () => ({}),
  layers: ({ tokens, language }) => [
    {
      id: "country-names",
      type: "symbol",
      source: "country-names",
      maxzoom: 8.5,
      layout: {
        "text-field": ["get", "name"],
        "text-font": [REGULAR],
        "text-size": 15,
        "text-letter-spacing": letterSpacing(language),
        "text-transform": "uppercase",
        "text-max-width": 12,
      },
      paint: {
        "text-color": tokens.get("map-label-2"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.2,
      },
    },
    {
      // From near, a name on each tile of a country: one always sees which bank is whose.
      id: "country-names-near",
      type: "symbol",
      source: "countries",
      minzoom: 8.5,
      filter: ["has", "code"],
      layout: {
        "text-field": nameByCode(),
        "text-font": [REGULAR],
        "text-size": 12.5,
        "text-letter-spacing": letterSpacing(language),
        "text-transform": "uppercase",
        "text-max-width": 20,
        "text-padding": 20,
      },
      paint: {
        "text-color": tokens.get("map-label-2"),
        "text-opacity": 0.85,
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.2,
      },
    },
  ],
};
