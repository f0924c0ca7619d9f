/** The whole map style from the palette's tokens: what changes on the map changes here and nowhere else. */
import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { LAYERS } from "../layers/index.ts";
import { type Drawing, NO_FEATURES } from "../layers/layer.ts";
import { fontFaces } from "../symbols/fonts.ts";

/** Sources that were drawn on this page: what was read stays read. */
const drawnImages = new Set<string>();

/** The style with all layers; what only layers that are switched off would draw is not read from the server. */
export function buildStyle(drawing: Drawing, hidden: readonly string[]): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  const layers: LayerSpecification[] = [];
  for (const layer of LAYERS) {
    Object.assign(sources, layer.sources(drawing));
    const off = layer.toggle !== null && hidden.includes(layer.toggle);
    for (const spec of layer.layers(drawing)) {
      if (!off && "source" in spec) drawnImages.add(spec.source);
      layers.push(
        off && spec.type !== "background"
          ? ({ ...spec, layout: { ...spec.layout, visibility: "none" } } as LayerSpecification)
          : spec,
      );
    }
  }
  for (const [name, source] of Object.entries(sources)) {
    if (source.type === "geojson" && typeof source.data === "string" && !drawnImages.has(name))
      sources[name] = { ...source, data: NO_FEATURES };
  }
  return { version: 8, sources, layers, "font-faces": fontFaces, transition: { duration: 0 } } as StyleSpecification;
}
