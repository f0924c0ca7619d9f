/** Overlays: layers of files that this person brought to look at. They live with the page and nowhere else. */
import { computed, signal } from "@preact/signals";
import type { Preview } from "../wire/map.ts";

export interface Overlay {
  /** Unique on this page. */
  id: string;
  file: string;
  layer: string;
  shown: boolean;
  features: GeoJSON.FeatureCollection;
  bounds: [number, number, number, number] | null;
  count: number;
  faults: Preview["layers"][number]["faults"];
}

export const overlays = signal<Overlay[]>([]);

/** Everything that is shown, as one collection. */
export const overlayFeatures = computed<GeoJSON.FeatureCollection>(() => ({
  type: "FeatureCollection",
  features: overlays.value.flatMap((overlay) => (overlay.shown ? overlay.features.features.map(withName) : [])),
}));

/** Counts what is brought: names of files and layers may come twice. */
let number = 0;

/** Adds the layers of a file; the same file again takes the place of what it brought before. */
export function addOverlays(file: string, preview: Preview): Overlay[] {
  const brought = preview.layers.map((layer) => ({
    id: String((number += 1)),
    file,
    layer: layer.name,
    shown: true,
    features: layer.collection,
    bounds: layer.bounds,
    count: layer.features,
    faults: layer.faults,
  }));
  overlays.value = [...overlays.peek().filter((overlay) => overlay.file !== file), ...brought];
  return brought;
}

export function showOverlay(id: string, shown: boolean): void {
  overlays.value = overlays.peek().map((overlay) => (overlay.id === id ? { ...overlay, shown } : overlay));
}

export function removeOverlays(file: string): void {
  overlays.value = overlays.peek().filter((overlay) => overlay.file !== file);
}

/** The box of several layers; null when none has a place. */
export function boundsOf(some: readonly Overlay[]): [number, number, number, number] | null {
  const boxes = some.flatMap((overlay) => (overlay.bounds === null ? [] : [overlay.bounds]));
  if (boxes.length === 0) return null;
  return [
    Math.min(...boxes.map((box) => box[0])),
    Math.min(...boxes.map((box) => box[1])),
    Math.max(...boxes.map((box) => box[2])),
    Math.max(...boxes.map((box) => box[3])),
  ];
}

const NAME_KEYS = ["name", "call_sign", "title", "label", "id"];

/** Keeps of a feature what the map draws: its shape and one name. */
function withName(feature: GeoJSON.Feature): GeoJSON.Feature {
  const key = NAME_KEYS.find((each) => typeof feature.properties?.[each] === "string");
  return {
    type: "Feature",
    properties: key === undefined ? {} : { label: feature.properties?.[key] },
    geometry: feature.geometry,
  };
}
