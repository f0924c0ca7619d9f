/** What a map layer is given and what it gives; one file a layer, in draw order in index.ts. */
import type { ExpressionSpecification, LayerSpecification, SourceSpecification } from "maplibre-gl";
import type { PaletteName } from "../browser/preferences.ts";
import type { History } from "../symbols/history.ts";
import { expression, type Tokens } from "../symbols/tokens.ts";
import type { BasemapInfo, LayerInfo } from "../wire/map.ts";

/** Names people can switch, in the order of the list on the page; each has words, `layer.NAME`. */
export const TOGGLES = [
  "tracks",
  "targets",
  "incidents",
  "marks",
  "sectors",
  "blos",
  "crossings",
  "borders",
  "river_km",
  "rivers",
  "places",
  "basemap",
] as const;
export type Toggle = (typeof TOGGLES)[number];

export interface Drawing {
  tokens: Tokens;
  palette: PaletteName;
  /** What the server says of its reference layers, by name. */
  infos: ReadonlyMap<string, LayerInfo>;
  /** Id of the selected unit or radio; empty for none. */
  selected: string;
  /** Reader's language. */
  language: string;
  /** The site's own detailed background; null without one. */
  basemap: BasemapInfo | null;
  /** Long tracks that are shown; null for none. */
  history: History | null;
  /** Below this zoom units are plain dots. */
  dotsBelowZoom: number;
}

export interface MapLayer {
  /** Name under which people switch it on and off; null for one that always shows. */
  toggle: Toggle | null;
  /** Reference layers of the server that it draws. */
  needs: readonly string[];
  sources(drawing: Drawing): Record<string, SourceSpecification>;
  layers(drawing: Drawing): LayerSpecification[];
}

export const NO_FEATURES: GeoJSON.FeatureCollection = { type: "FeatureCollection", features: [] };

/** A reference layer of the server, read by the map's own worker. */
export function reference(name: string): SourceSpecification {
  return { type: "geojson", data: addressOf(name), tolerance: 0.4 };
}

/** Where a reference layer is read from. */
export function addressOf(name: string): string {
  return new URL(`/api/layers/${name}`, document.baseURI).href;
}

/** A width or radius in true metres at latitude 19°, the middle of the region, never below `least` pixels. */
export function metresWide(metres: number, least: number): ExpressionSpecification {
  const atZoom0 = metres / (78271.517 * Math.cos((19 * Math.PI) / 180));
  const stops: number[] = [];
  for (let zoom = 4; zoom <= 20; zoom += 1) stops.push(zoom, Math.max(least, atZoom0 * 2 ** zoom));
  return expression("interpolate", ["exponential", 2], ["zoom"], ...stops);
}

/** The words of a place: reader's language first, the local name on a second line where it differs. */
export function twoNames(language: string, localSize: number): ExpressionSpecification {
  const first: ExpressionSpecification = ["coalesce", ["get", `name_${language}`], ["get", "name"]];
  const second: ExpressionSpecification = ["coalesce", ["get", "name_local"], ""];
  return [
    "case",
    ["any", ["==", second, ""], ["==", first, second]],
    first,
    ["format", first, {}, "\n", {}, second, { "font-scale": localSize }],
  ];
}
