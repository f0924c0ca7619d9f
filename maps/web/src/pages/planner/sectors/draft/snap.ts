/** Snapping: the place on a river, a border or a neighbour's edge that a pointer means. Pure. */
import { type Place, rounded } from "../../../../geo/sector-shape.ts";

export interface SnapLine {
  kind: "sector" | "river" | "border";
  name: string;
  places: readonly (readonly number[])[];
}

export interface Snapped {
  place: Place;
  onto: SnapLine;
  /** On one of its corners; else between two. */
  corner: boolean;
}

/** How far a pointer catches, in degrees of longitude and latitude: a number of pixels at this zoom. */
export interface Reach {
  lon: number;
  lat: number;
}

/** Corners catch from the whole reach, edges from less of it: a corner is what people aim at. */
const EDGE_SHARE = 0.8;

/** The parts of lines that come into a box (west, south, east, north). */
export function clipped(
  lines: readonly SnapLine[],
  [west, south, east, north]: readonly [number, number, number, number],
): SnapLine[] {
  const found: SnapLine[] = [];
  for (const line of lines) {
    let part: (readonly number[])[] = [];
    for (let n = 1; n < line.places.length; n += 1) {
      const [ax = 0, ay = 0] = line.places[n - 1] ?? [];
      const [bx = 0, by = 0] = line.places[n] ?? [];
      const inside =
        Math.max(ax, bx) >= west && Math.min(ax, bx) <= east && Math.max(ay, by) >= south && Math.min(ay, by) <= north;
      if (inside) {
        if (part.length === 0) part.push([ax, ay]);
        part.push([bx, by]);
      } else if (part.length > 0) {
        found.push({ ...line, places: part });
        part = [];
      }
    }
    if (part.length > 0) found.push({ ...line, places: part });
  }
  return found;
}

/**
 * The nearest corner within reach, else the nearest place on an edge; null where nothing is near. A place on an edge
 * lies on the straight line in degrees, as GeoJSON draws it.
 */
export function snapped([lon, lat]: Place, lines: readonly SnapLine[], reach: Reach): Snapped | null {
  let corner: { place: readonly number[]; onto: SnapLine; away: number } | null = null;
  let edge: { place: readonly number[]; onto: SnapLine; away: number } | null = null;
  for (const line of lines) {
    for (let n = 0; n < line.places.length; n += 1) {
      const [bx = 0, by = 0] = line.places[n] ?? [];
      const x2 = (bx - lon) / reach.lon;
      const y2 = (by - lat) / reach.lat;
      const away = Math.hypot(x2, y2);
      if (away <= 1 && (corner === null || away < corner.away)) corner = { place: [bx, by], onto: line, away };
      if (n === 0) continue;
      const [ax = 0, ay = 0] = line.places[n - 1] ?? [];
      const x1 = (ax - lon) / reach.lon;
      const y1 = (ay - lat) / reach.lat;
      const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
      if (length === 0) continue;
      const share = Math.max(0, Math.min(1, -(x1 * (x2 - x1) + y1 * (y2 - y1)) / length));
      const off = Math.hypot(x1 + share * (x2 - x1), y1 + share * (y2 - y1));
      if (off <= EDGE_SHARE && (edge === null || off < edge.away))
        edge = { place: [ax + share * (bx - ax), ay + share * (by - ay)], onto: line, away: off };
    }
  }
  if (corner !== null) return { place: rounded(corner.place), onto: corner.onto, corner: true };
  return edge === null ? null : { place: rounded(edge.place), onto: edge.onto, corner: false };
}

/** The lines of a geometry: each line, each ring. */
export function linesOf(geometry: GeoJSON.Geometry | null, kind: SnapLine["kind"], name: string): SnapLine[] {
  const lines =
    geometry === null
      ? []
      : geometry.type === "LineString"
        ? [geometry.coordinates]
        : geometry.type === "MultiLineString" || geometry.type === "Polygon"
          ? geometry.coordinates
          : geometry.type === "MultiPolygon"
            ? geometry.coordinates.flat()
            : [];
  return lines.map((places) => ({ kind, name, places }));
}
