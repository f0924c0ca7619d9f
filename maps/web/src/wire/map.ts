/** Reference layers, the background, and files looked into. */
import { Bounds, Feature, FeatureCollection } from "./geojson.ts";
import { figure, flag, listOf, nullable, object, optional, text, type ValueOf, withDefault, wordOf } from "./parser.ts";

export const LayerInfo = object({
  name: text,
  title: text,
  source: optional(text),
  licence: optional(text),
  error_m: optional(nullable(figure)),
  attribution: optional(nullable(text)),
});

export type LayerInfo = ValueOf<typeof LayerInfo>;

/** The site's own detailed background (maps/layers/basemap.py). */
export const BasemapInfo = object({
  title: text,
  kind: wordOf<"vector" | "raster">(),
  schema: wordOf<"protomaps" | "openmaptiles" | "unknown">(),
  min_zoom: figure,
  max_zoom: figure,
  bounds: Bounds,
  attribution: text,
  layers: listOf(text),
  version: text,
});
export type BasemapInfo = ValueOf<typeof BasemapInfo>;

/** What is in a file that somebody brought (gis/files/preview.py). */
export const Preview = object({
  layers: withDefault(
    listOf(
      object({
        name: text,
        features: figure,
        /** `repair` is the feature mended, where that is no guess; `is_left_out` is false where only a part is wrong. */
        faults: listOf(
          object({
            feature: figure,
            fault: text,
            is_left_out: optional(flag),
            repair: optional(Feature),
          }),
        ),
        bounds: nullable(Bounds),
        collection: FeatureCollection,
      }),
    ),
    [],
  ),
});
export type Preview = ValueOf<typeof Preview>;
