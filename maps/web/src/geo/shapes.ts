/** Sectors and targets as features of a map. Pure. */
import type { Prediction, Sector, Sighting } from "../wire/documents.ts";

/**
 * What the map shows of a sector: its area, and one point for its name; nothing while nobody knows where it lies. `use`
 * is the use in words, empty for a patrol's.
 */
export function sectorFeatures(sector: Sector, outline: GeoJSON.Geometry | null, use: string): GeoJSON.Feature[] {
  const geometry: GeoJSON.Geometry | null = sector.polygon ? { type: "Polygon", coordinates: sector.polygon } : outline;
  const centre = middleOf(geometry);
  if (geometry === null || centre === null) return [];
  const properties = {
    id: sector.id,
    use: sector.use ?? "patrol",
    label: use === "" ? sector.name : `${sector.name}\n${use}`,
  };
  // An area is cut into tiles, and its name would stand in each.
  return [
    { type: "Feature", properties, geometry },
    { type: "Feature", properties, geometry: { type: "Point", coordinates: centre } },
  ];
}

/** The middle of an area, degrees; null for none. */
export function middleOf(area: GeoJSON.Geometry | null): [number, number] | null {
  const ring =
    area?.type === "Polygon"
      ? area.coordinates[0]
      : area?.type === "MultiPolygon"
        ? area.coordinates[0]?.[0]
        : undefined;
  return ring === undefined || ring.length === 0 ? null : middle(ring);
}

/** The centre of gravity of a ring. */
function middle(ring: GeoJSON.Position[]): [number, number] {
  const [x0 = 0, y0 = 0] = ring[0] ?? [];
  let [twice, x, y] = [0, 0, 0];
  ring.forEach(([x1 = 0, y1 = 0], i) => {
    const [x2 = 0, y2 = 0] = ring[(i + 1) % ring.length] ?? [];
    const cross = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0);
    twice += cross;
    x += (x1 - x0 + x2 - x0) * cross;
    y += (y1 - y0 + y2 - y0) * cross;
  });
  return twice === 0 ? [x0, y0] : [x0 + x / (3 * twice), y0 + y / (3 * twice)];
}

/** One target as the map shows it, with its words. */
export interface Followed {
  name: string;
  sightings: readonly Sighting[];
  prediction: Prediction | null;
  /** What stands at its landing. */
  landing: string;
}

/** The line of a river between two kilometres; empty where it is not known. */
export type Stretch = (river: string, from: number, to: number) => [number, number][];

/** @param stretch tells the river's line, along which a place ahead may be wrong. */
export function targetFeatures(
  { name, sightings, prediction, landing }: Followed,
  stretch: Stretch = () => [],
): GeoJSON.Feature[] {
  const last = sightings.at(-1);
  if (last === undefined) return [];
  const here = [last.lon, last.lat];
  const found: GeoJSON.Feature[] = [feature("seen", { type: "Point", coordinates: here }, name)];
  if (sightings.length > 1)
    found.push(feature("past", { type: "LineString", coordinates: sightings.map((each) => [each.lon, each.lat]) }));
  const ahead = (prediction?.track ?? []).map((each) => [each.lon, each.lat]);
  if (ahead.length > 0) found.push(feature("ahead", { type: "LineString", coordinates: [here, ...ahead] }));
  // How wrong it may be along the river: where it will be at the last moment foretold, and where it lands.
  const far = prediction?.track?.at(-1);
  if (prediction && far)
    found.push(...band("spread", stretch(prediction.river, far.km - far.error_km, far.km + far.error_km)));
  const end = prediction?.landing;
  if (end) {
    found.push(...band("zone", stretch(end.river, end.km - end.error_km, end.km + end.error_km)));
    found.push(feature("ahead", { type: "LineString", coordinates: [here, [end.lon, end.lat]] }));
    found.push(feature("landing", { type: "Point", coordinates: [end.lon, end.lat] }, landing));
  }
  return found;
}

function band(part: string, line: [number, number][]): GeoJSON.Feature[] {
  return line.length < 2 ? [] : [feature(part, { type: "LineString", coordinates: line })];
}

function feature(part: string, geometry: GeoJSON.Geometry, label = ""): GeoJSON.Feature {
  return { type: "Feature", properties: { part, label }, geometry };
}
