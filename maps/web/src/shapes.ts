/** Sectors and targets as features of a map. Pure. */
import type { Prediction, Sector, Sighting } from "./papers.ts";

/** What the map shows of a sector; null while nobody knows where it lies. `use` is the use in words, empty for a patrol's. */
export function sectorFeature(sector: Sector, outline: GeoJSON.Geometry | null, use: string): GeoJSON.Feature | null {
  const geometry: GeoJSON.Geometry | null = sector.polygon ? { type: "Polygon", coordinates: sector.polygon } : outline;
  if (geometry === null) return null;
  return { type: "Feature", properties: { id: sector.id, use: sector.use ?? "patrol", label: use === "" ? sector.name : `${sector.name}\n${use}` }, geometry };
}

/** One target as the map shows it, with its words. */
export interface Followed {
  name: string;
  sightings: readonly Sighting[];
  prediction: Prediction | null;
  /** What stands at its landing. */
  landing: string;
}

export function targetFeatures({ name, sightings, prediction, landing }: Followed): GeoJSON.Feature[] {
  const last = sightings.at(-1);
  if (last === undefined) return [];
  const here = [last.lon, last.lat];
  const found: GeoJSON.Feature[] = [feature("seen", { type: "Point", coordinates: here }, name)];
  if (sightings.length > 1) found.push(feature("past", { type: "LineString", coordinates: sightings.map((each) => [each.lon, each.lat]) }));
  const ahead = (prediction?.track ?? []).map((each) => [each.lon, each.lat]);
  if (ahead.length > 0) found.push(feature("ahead", { type: "LineString", coordinates: [here, ...ahead] }));
  const end = prediction?.landing;
  if (end) {
    found.push(feature("ahead", { type: "LineString", coordinates: [here, [end.lon, end.lat]] }));
    found.push(feature("landing", { type: "Point", coordinates: [end.lon, end.lat] }, landing));
  }
  return found;
}

function feature(part: string, geometry: GeoJSON.Geometry, label = ""): GeoJSON.Feature {
  return { type: "Feature", properties: { part, label }, geometry };
}
