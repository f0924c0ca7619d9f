/** Shapes of sectors as people draw them: rings and stretches of a river, measured and compared. Pure. */

import type { Stretch } from "../wire/sectors.ts";

/** [longitude, latitude], degrees. */
export type Place = [number, number];
/** The places of a ring in order; the last is not the first again. */
export type Ring = readonly Place[];

/** With which tool somebody pressed the last ring corner by corner. */
export type ByCorners = "polygon" | "hole";

/**
 * The outer ring first, holes after it; or a stretch of a river. `closed` says that this step is the closing of the
 * last ring: its corners can be taken back one by one.
 */
export type SectorShape =
  | { kind: "polygon"; rings: readonly Ring[]; closed?: ByCorners }
  | { kind: "stretch"; stretch: Stretch };

/** What the server takes in place of a shape. */
export interface ShapeBody {
  polygon?: GeoJSON.Polygon;
  stretch?: Stretch;
}

const EARTH_M = 6_371_007.2; // the sphere of the Earth's surface
const RAD = Math.PI / 180;
/** A tenth of a millimetre: more says nothing, and the drawing tool takes no more. */
const DECIMALS = 1e9;
const CIRCLE_POINTS = 64;
export const MOST_POINTS = 1000;

export function rounded([lon, lat]: readonly number[]): Place {
  return [Math.round((lon ?? 0) * DECIMALS) / DECIMALS, Math.round((lat ?? 0) * DECIMALS) / DECIMALS];
}

/** A ring as it is kept here, from one that returns to its start or does not; repeated places once. */
export function ringOf(places: readonly (readonly number[])[]): Ring {
  const ring: Place[] = [];
  for (const place of places.map(rounded)) if (!samePlace(ring.at(-1), place)) ring.push(place);
  while (ring.length > 1 && samePlace(ring[0], ring.at(-1))) ring.pop();
  return ring;
}

export function polygonOf(rings: readonly Ring[]): GeoJSON.Polygon {
  return { type: "Polygon", coordinates: rings.map((ring) => [...ring, ...ring.slice(0, 1)]) };
}

/** What the server is asked or told; null while there is too little to judge. */
export function bodyOf(shape: SectorShape | null): ShapeBody | null {
  if (shape === null) return null;
  if (shape.kind === "stretch") return { stretch: shape.stretch };
  const rings = shape.rings.filter((ring, n) => n === 0 || ring.length > 0);
  return (rings[0]?.length ?? 0) < 3 ? null : { polygon: polygonOf(rings) };
}

/**
 * The corner that the server means by the numbers of a ring and of a place in it, both from 0: its ring, 0 the outline,
 * its number as people count, from 1, and where it is. The place that closes a ring is its first corner again, and
 * rings without a place were not sent. Null where there is none.
 */
export function cornerAt(
  shape: SectorShape | null,
  ring: number,
  vertex: number,
): { ring: number; corner: number; place: Place } | null {
  if (shape?.kind !== "polygon") return null;
  const sent = shape.rings.flatMap((each, n) => (n === 0 || each.length > 0 ? [n] : []));
  const number = sent[ring];
  const places = number === undefined ? undefined : shape.rings[number];
  if (number === undefined || places === undefined || places.length === 0) return null;
  const at = vertex % places.length;
  return { ring: number, corner: at + 1, place: places[at] as Place };
}

/** The shape that the server tells of: a suggestion, a version. Of several polygons the one asked for. */
export function shapeOf(
  told: {
    polygon?: GeoJSON.Polygon | GeoJSON.MultiPolygon | Place[][] | null | undefined;
    stretch?: Stretch | null | undefined;
  },
  part = 0,
): SectorShape | null {
  if (told.stretch) return { kind: "stretch", stretch: told.stretch };
  if (!told.polygon) return null;
  const rings = Array.isArray(told.polygon) ? told.polygon : partsOf(told.polygon)[part];
  return rings ? { kind: "polygon", rings: rings.map(ringOf) } : null;
}

/** The polygons of a geometry, largest first. */
export function partsOf(geometry: GeoJSON.Polygon | GeoJSON.MultiPolygon): GeoJSON.Position[][][] {
  if (geometry.type === "Polygon") return [geometry.coordinates];
  return [...geometry.coordinates].sort((a, b) => areaKm2(b.map(ringOf)) - areaKm2(a.map(ringOf)));
}

export function sameShape(a: SectorShape | null, b: SectorShape | null): boolean {
  return JSON.stringify(placesOf(a)) === JSON.stringify(placesOf(b));
}

function placesOf(shape: SectorShape | null): unknown {
  return shape?.kind === "polygon" ? shape.rings : shape;
}

/**
 * The ring that somebody closed with this step, and the tool that it was pressed with; null where the step is another.
 */
export function closedRing(shape: SectorShape | null | undefined): { tool: ByCorners; ring: Ring } | null {
  if (shape?.kind !== "polygon" || shape.closed === undefined) return null;
  const ring = shape.rings.at(-1);
  return ring === undefined ? null : { tool: shape.closed, ring };
}

/** Area on a sphere, km²: within half a percent, at once; the server says it exactly. */
export function areaKm2(rings: readonly Ring[]): number {
  const [outer = 0, ...holes] = rings.map((ring) => Math.abs(ringArea(ring)));
  return Math.max(0, outer - holes.reduce((sum, each) => sum + each, 0)) / 1e6;
}

function ringArea(ring: Ring): number {
  let sum = 0;
  ring.forEach(([lon, lat], n) => {
    const [nextLon, nextLat] = ring[(n + 1) % ring.length] ?? [lon, lat];
    sum += (nextLon - lon) * RAD * (2 + Math.sin(lat * RAD) + Math.sin(nextLat * RAD));
  });
  return (sum * EARTH_M * EARTH_M) / 2;
}

/** A circle as a ring: points on it, first the northern one. */
export function circle([lon, lat]: Place, radiusM: number): Ring {
  return Array.from({ length: CIRCLE_POINTS }, (_, n) => {
    const turn = (n / CIRCLE_POINTS) * 2 * Math.PI;
    const north = (Math.cos(turn) * radiusM) / EARTH_M / RAD;
    const east = (Math.sin(turn) * radiusM) / EARTH_M / RAD / Math.cos(lat * RAD);
    return rounded([lon + east, lat + north]);
  });
}

/** West, south, east, north of everything; null of nothing. */
export function boxOf(geometry: GeoJSON.Geometry | null): [number, number, number, number] | null {
  const all: GeoJSON.Position[] = [];
  const collect = (raw: unknown): void => {
    if (!Array.isArray(raw)) return;
    if (typeof raw[0] === "number") all.push(raw as GeoJSON.Position);
    else raw.forEach(collect);
  };
  if (geometry !== null && geometry.type !== "GeometryCollection") collect(geometry.coordinates);
  if (all.length === 0) return null;
  const lons = all.map((each) => each[0] ?? 0);
  const lats = all.map((each) => each[1] ?? 0);
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/**
 * A ring as somebody drew it, where a tool has turned it round: the first place stays the first. `before` is the ring
 * as it was known a moment ago, with other corners perhaps.
 */
export function inDrawnOrder(ring: Ring, before: Ring): Ring {
  const key = (one: Place | undefined, other: Place | undefined): string => `${one} ${other}`;
  const edges = new Set(ring.map((place, n) => key(place, ring[(n + 1) % ring.length])));
  let [same, turned] = [0, 0];
  before.forEach((place, n) => {
    const next = before[(n + 1) % before.length];
    if (edges.has(key(place, next))) same += 1;
    if (edges.has(key(next, place))) turned += 1;
  });
  return turned > same ? [...ring.slice(0, 1), ...ring.slice(1).reverse()] : ring;
}

export function countPoints(shape: SectorShape | null): number {
  return shape?.kind === "polygon" ? shape.rings.reduce((sum, ring) => sum + ring.length, 0) : 0;
}

function samePlace(a: Place | undefined, b: Place | undefined): boolean {
  return a !== undefined && b !== undefined && a[0] === b[0] && a[1] === b[1];
}
