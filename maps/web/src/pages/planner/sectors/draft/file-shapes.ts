/**
 * Areas that a file holds: polygons, lines that are closed to an area, points in their order, and faulty ones mended.
 * Pure.
 */

import { areaKm2, type Ring, ringOf } from "../../../../geo/sector-shape.ts";
import type { Preview } from "../../../../wire/map.ts";

export interface FileArea {
  /** Unique among those of one file. */
  id: string;
  layer: string;
  /** Name of the feature; empty where it has none. */
  name: string;
  /** What it was in the file. */
  from: "area" | "line" | "points" | "mended";
  rings: readonly Ring[];
  km2: number;
}

const NAMES = ["name", "Name", "title", "label", "id"];

export function areasOf(preview: Preview): FileArea[] {
  const found: FileArea[] = [];
  const add = (layer: string, name: string, from: FileArea["from"], rings: readonly Ring[]): void => {
    if ((rings[0]?.length ?? 0) < 3) return;
    found.push({ id: String(found.length), layer, name, from, rings, km2: areaKm2(rings) });
  };
  for (const { name: layer, collection, faults } of preview.layers) {
    const points: GeoJSON.Position[] = [];
    for (const feature of collection.features) {
      const name = nameOf(feature);
      const geometry = feature.geometry as GeoJSON.Geometry | null;
      if (geometry?.type === "Polygon") add(layer, name, "area", geometry.coordinates.map(ringOf));
      else if (geometry?.type === "MultiPolygon")
        for (const part of geometry.coordinates) add(layer, name, "area", part.map(ringOf));
      else if (geometry?.type === "LineString") add(layer, name, "line", [ringOf(geometry.coordinates)]);
      else if (geometry?.type === "MultiLineString")
        for (const line of geometry.coordinates) add(layer, name, "line", [ringOf(line)]);
      else if (geometry?.type === "Point") points.push(geometry.coordinates);
    }
    add(layer, "", "points", [ringOf(points)]);
    for (const { repair } of faults) {
      const mended = repair?.geometry;
      if (repair === undefined || (mended?.type !== "Polygon" && mended?.type !== "MultiPolygon")) continue;
      const parts = mended.type === "Polygon" ? [mended.coordinates] : mended.coordinates;
      for (const part of parts) add(layer, nameOf(repair), "mended", part.map(ringOf));
    }
  }
  return found;
}

function nameOf(feature: GeoJSON.Feature): string {
  const key = NAMES.find((each) => typeof feature.properties?.[each] === "string");
  return key === undefined ? "" : String(feature.properties?.[key]).slice(0, 100);
}
