/**
 * The site's own detailed background: a raster as it is (under a veil at night), or a small style over
 * the layer names of OpenMapTiles and of Protomaps. Its borders are left out: ours state their error.
 */
import type {
  ExpressionSpecification,
  FilterSpecification,
  LayerSpecification,
  SourceSpecification,
} from "maplibre-gl";
import { REGULAR } from "../symbols/fonts.ts";
import type { Tokens } from "../symbols/tokens.ts";
import type { BasemapInfo } from "../wire/map.ts";
import type { Drawing, MapLayer } from "./layer.ts";

const SOURCE = "basemap";

export const basemap: MapLayer = {
  toggle: "basemap",
  needs: [],
  sources: ({ basemap: info }) =>
    info === null ? ({} as Record<string, SourceSpecification>) : { [SOURCE]: sourceOf(info) },
  layers: (drawing) => {
    const info = drawing.basemap;
    if (info === null) return [];
    return info.kind === "raster" ? rasterLayers(drawing) : vectorLayers(info, drawing);
  },
};

function sourceOf(info: BasemapInfo): SourceSpecification {
  const tiles = [`${new URL("/basemap/", document.baseURI).href}{z}/{x}/{y}?v=${encodeURIComponent(info.version)}`];
  const reach = {
    tiles,
    minzoom: info.min_zoom,
    maxzoom: info.max_zoom,
    bounds: [...info.bounds] as [number, number, number, number],
  };
  return info.kind === "raster" ? { type: "raster", tileSize: 256, ...reach } : { type: "vector", ...reach };
}

function rasterLayers({ tokens, palette }: Drawing): LayerSpecification[] {
  const night = palette !== "day";
  const picture: LayerSpecification = {
    id: "basemap-raster",
    type: "raster",
    source: SOURCE,
    paint: {
      "raster-fade-duration": 0,
      "raster-saturation": palette === "red-night" ? -1 : 0,
      "raster-brightness-max": night ? 0.45 : 1,
    },
  };
  // No picture knows the night palettes: a veil of the ground's colour keeps white off the screen.
  return [
    picture,
    {
      id: "basemap-veil",
      type: "background",
      paint: {
        "background-color": tokens.get("map-ground"),
        "background-opacity": palette === "red-night" ? 0.8 : night ? 0.35 : 0,
      },
    },
  ];
}

function vectorLayers(info: BasemapInfo, { tokens, language }: Drawing): LayerSpecification[] {
  const has = new Set(info.layers);
  return [...grounds(tokens), ...roads(tokens), ...names(tokens, language)].filter((layer) =>
    has.has(String("source-layer" in layer ? layer["source-layer"] : "")),
  );
}

function grounds(tokens: Tokens): LayerSpecification[] {
  const green: FilterSpecification = [
    "in",
    ["coalesce", ["get", "kind"], ["get", "class"], ""],
    ["literal", ["forest", "wood", "park", "national_park", "nature_reserve", "grass", "farmland", "wetland"]],
  ];
  const water = { "fill-color": tokens.get("map-water") };
  return [
    {
      id: "basemap-earth",
      type: "fill",
      source: SOURCE,
      "source-layer": "earth",
      paint: { "fill-color": tokens.get("map-land"), "fill-antialias": false },
    },
    {
      id: "basemap-landcover",
      type: "fill",
      source: SOURCE,
      "source-layer": "landcover",
      filter: green,
      paint: { "fill-color": tokens.get("map-green"), "fill-opacity": 0.5, "fill-antialias": false },
    },
    {
      id: "basemap-landuse",
      type: "fill",
      source: SOURCE,
      "source-layer": "landuse",
      filter: green,
      paint: { "fill-color": tokens.get("map-green"), "fill-opacity": 0.5, "fill-antialias": false },
    },
    {
      id: "basemap-water",
      type: "fill",
      source: SOURCE,
      "source-layer": "water",
      filter: ["==", ["geometry-type"], "Polygon"],
      paint: water,
    },
    {
      id: "basemap-water-lines",
      type: "line",
      source: SOURCE,
      "source-layer": "water",
      filter: ["==", ["geometry-type"], "LineString"],
      paint: {
        "line-color": tokens.get("map-river"),
        "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 14, 2],
      },
    },
    {
      id: "basemap-waterway",
      type: "line",
      source: SOURCE,
      "source-layer": "waterway",
      paint: {
        "line-color": tokens.get("map-river"),
        "line-width": ["interpolate", ["linear"], ["zoom"], 8, 0.5, 14, 2],
      },
    },
    {
      id: "basemap-buildings",
      type: "fill",
      source: SOURCE,
      "source-layer": "buildings",
      minzoom: 13,
      paint: { "fill-color": tokens.get("map-building") },
    },
    {
      id: "basemap-building",
      type: "fill",
      source: SOURCE,
      "source-layer": "building",
      minzoom: 13,
      paint: { "fill-color": tokens.get("map-building") },
    },
  ];
}

/** Roads by how much they carry: the wide ones from afar, paths from near. */
function roads(tokens: Tokens): LayerSpecification[] {
  const kind: ExpressionSpecification = ["coalesce", ["get", "kind"], ["get", "class"], ""];
  const wide: ExpressionSpecification = [
    "in",
    kind,
    ["literal", ["highway", "major_road", "motorway", "trunk", "primary", "secondary"]],
  ];
  const narrow: FilterSpecification = ["!", wide];
  return ["roads", "transportation"].flatMap((from): LayerSpecification[] => [
    {
      id: `basemap-${from}-narrow`,
      type: "line",
      source: SOURCE,
      "source-layer": from,
      minzoom: 11,
      filter: narrow,
      layout: { "line-join": "round" },
      paint: {
        "line-color": tokens.get("map-road"),
        "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 11, 0.4, 14, 1.2, 18, 6],
      },
    },
    {
      id: `basemap-${from}-wide`,
      type: "line",
      source: SOURCE,
      "source-layer": from,
      minzoom: 5,
      filter: wide,
      layout: { "line-join": "round", "line-cap": "round" },
      paint: {
        "line-color": tokens.get("map-road"),
        "line-width": ["interpolate", ["exponential", 1.6], ["zoom"], 5, 0.5, 10, 1.4, 14, 3, 18, 10],
      },
    },
  ]);
}

function names(tokens: Tokens, language: string): LayerSpecification[] {
  const words: ExpressionSpecification = ["coalesce", ["get", `name:${language}`], ["get", "name"], ""];
  return ["places", "place"].map(
    (from): LayerSpecification => ({
      // Towns come from our own gazetteer; villages only the basemap has.
      id: `basemap-${from}`,
      type: "symbol",
      source: SOURCE,
      "source-layer": from,
      minzoom: 11,
      layout: { "text-field": words, "text-font": [REGULAR], "text-size": 11.5, "text-max-width": 8 },
      paint: {
        "text-color": tokens.get("map-label-2"),
        "text-halo-color": tokens.get("map-halo"),
        "text-halo-width": 1.3,
      },
    }),
  );
}
