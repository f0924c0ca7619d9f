/** The whole map style from the palette's tokens: what changes on the map changes here and nowhere else. */
import type { LayerSpecification, SourceSpecification, StyleSpecification } from "maplibre-gl";
import { fontFaces } from "./fonts.ts";
import { LAYERS } from "./layers/index.ts";
import type { Drawing } from "./layers/layer.ts";

export function buildStyle(drawing: Drawing, hidden: readonly string[]): StyleSpecification {
  const sources: Record<string, SourceSpecification> = {};
  const layers: LayerSpecification[] = [];
  for (const layer of LAYERS) {
    Object.assign(sources, layer.sources(drawing));
    const off = layer.toggle !== null && hidden.includes(layer.toggle);
    for (const spec of layer.layers(drawing)) {
      layers.push(off && spec.type !== "background" ? ({ ...spec, layout: { ...spec.layout, visibility: "none" } } as LayerSpecification) : spec);
    }
  }
  return { version: 8, sources, layers, "font-faces": fontFaces, transition: { duration: 0 } } as StyleSpecification;
}
