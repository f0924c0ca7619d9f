/** GeoJSON as the server says it (RFC 7946): longitude before latitude. */
import {
  anything,
  figure,
  isRecord,
  listOf,
  Misfit,
  nullable,
  object,
  oneOf,
  type Parser,
  recordOf,
} from "./parser.ts";

type Simple = Exclude<GeoJSON.Geometry, GeoJSON.GeometryCollection>;

/** How many lists lie around a position. */
const DEPTH: Readonly<Record<Simple["type"], number>> = {
  Point: 0,
  MultiPoint: 1,
  LineString: 1,
  MultiLineString: 2,
  Polygon: 2,
  MultiPolygon: 3,
};

const isPosition = (value: unknown): boolean =>
  Array.isArray(value) && value.length >= 2 && value.every((each) => Number.isFinite(each));

function isNested(value: unknown, depth: number): boolean {
  return depth === 0 ? isPosition(value) : Array.isArray(value) && value.every((each) => isNested(each, depth - 1));
}

export const Position: Parser<GeoJSON.Position> = (value) => {
  if (!isPosition(value)) throw new Misfit("a position");
  return value as GeoJSON.Position;
};

/** A geometry of one of the kinds. */
// @__NO_SIDE_EFFECTS__
export function geometryOf<K extends Simple["type"]>(...kinds: K[]): Parser<Extract<Simple, { type: K }>> {
  return (value) => {
    const kind = isRecord(value) ? kinds.find((each) => each === value["type"]) : undefined;
    if (kind === undefined || !isRecord(value)) throw new Misfit(kinds.join(" or "));
    if (!isNested(value["coordinates"], DEPTH[kind])) throw new Misfit(`coordinates of a ${kind}`);
    return value as unknown as Extract<Simple, { type: K }>;
  };
}

const simple = geometryOf(...(Object.keys(DEPTH) as Simple["type"][]));

/** A geometry of any kind. */
export const Geometry: Parser<GeoJSON.Geometry> = (value) => {
  if (!isRecord(value) || value["type"] !== "GeometryCollection") return simple(value);
  listOf(Geometry)(value["geometries"]);
  return value as unknown as GeoJSON.GeometryCollection;
};

// @__NO_SIDE_EFFECTS__
export function featureOf<G extends GeoJSON.Geometry | null, P>(
  geometry: Parser<G>,
  properties: Parser<P>,
): Parser<{ type: "Feature"; geometry: G; properties: P; id?: string | number }> {
  return object({ type: oneOf("Feature"), geometry, properties });
}

// @__NO_SIDE_EFFECTS__
export function collectionOf<G extends GeoJSON.Geometry | null, P>(
  geometry: Parser<G>,
  properties: Parser<P>,
): Parser<{
  type: "FeatureCollection";
  features: { type: "Feature"; geometry: G; properties: P; id?: string | number }[];
}> {
  return object({ type: oneOf("FeatureCollection"), features: listOf(featureOf(geometry, properties)) });
}

/** Properties of which nothing is asked. */
export const Properties: Parser<GeoJSON.GeoJsonProperties> = nullable(recordOf(anything));

export const Feature: Parser<GeoJSON.Feature> = featureOf(Geometry, Properties);

export const FeatureCollection: Parser<GeoJSON.FeatureCollection> = collectionOf(Geometry, Properties);

/** West, south, east, north. */
export const Bounds: Parser<[number, number, number, number]> = (value) => {
  const list = listOf(figure)(value);
  if (list.length !== 4) throw new Misfit("four numbers");
  return list as [number, number, number, number];
};

export const Outline = geometryOf("Polygon", "MultiPolygon");
