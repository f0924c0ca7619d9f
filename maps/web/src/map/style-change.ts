/**
 * Turns one built style into another on a living map: only values that differ are set; sources stay, and read what they
 * had not.
 */
import type { GeoJSONSource, Map as GlMap, LayerSpecification, StyleSpecification } from "maplibre-gl";

type Paint = Parameters<GlMap["setPaintProperty"]>;
type Layout = Parameters<GlMap["setLayoutProperty"]>;
type Values = Record<string, unknown>;

export function changeStyle(map: GlMap, before: StyleSpecification, after: StyleSpecification): void {
  for (const [name, source] of Object.entries(after.sources)) {
    const was = before.sources[name];
    if (was?.type !== "geojson" || source.type !== "geojson") continue;
    if (typeof source.data === "string" && source.data !== was.data)
      void map.getSource<GeoJSONSource>(name)?.setData(source.data);
  }
  const old = new Map(before.layers.map((layer) => [layer.id, layer]));
  for (const layer of after.layers) {
    const was = old.get(layer.id);
    if (was !== undefined) changeLayer(map, was, layer);
  }
}

function changeLayer(map: GlMap, was: LayerSpecification, is: LayerSpecification): void {
  for (const [name, value] of changed(was.paint as Values, is.paint as Values))
    map.setPaintProperty(is.id, name as Paint[1], value as Paint[2]);
  for (const [name, value] of changed(was.layout as Values, is.layout as Values))
    map.setLayoutProperty(is.id, name as Layout[1], value as Layout[2]);
  const filters = [was, is].map((layer) => ("filter" in layer ? layer.filter : undefined));
  if (!same(filters[0], filters[1])) map.setFilter(is.id, filters[1] ?? null);
  if (was.minzoom !== is.minzoom || was.maxzoom !== is.maxzoom)
    map.setLayerZoomRange(is.id, is.minzoom ?? 0, is.maxzoom ?? 24);
}

/** Names whose value differs, with the new value; undefined puts back the default. */
function changed(was: Values = {}, is: Values = {}): [string, unknown][] {
  const names = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...names].filter((name) => !same(was[name], is[name])).map((name) => [name, is[name]]);
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
