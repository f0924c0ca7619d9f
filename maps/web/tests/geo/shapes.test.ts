import assert from "node:assert/strict";
import { test } from "node:test";
import { sectorFeatures, targetFeatures } from "../../src/geo/shapes.ts";
import type { Sector } from "../../src/wire/documents.ts";

const at = "2026-11-25T01:00:00Z";
const ring: [number, number][] = [
  [100.4, 20.2],
  [100.5, 20.2],
  [100.4, 20.3],
  [100.4, 20.2],
];
const sector = (more: Partial<Sector>): Sector => ({
  kind: "sector",
  id: "s",
  agency: "la",
  at,
  name: "Isles",
  ...more,
});
const parts = (found: GeoJSON.Feature[]): unknown[] => found.map((each) => each.properties?.["part"]);

test("a sector without a use is a patrol's", () => {
  assert.deepEqual(sectorFeatures(sector({ polygon: [ring] }), null, "")[0]?.properties, {
    id: "s",
    use: "patrol",
    label: "Isles",
  });
});

test("a stretch of a river shows once its outline is known", () => {
  assert.deepEqual(sectorFeatures(sector({}), null, ""), []);
  const outline: GeoJSON.Polygon = { type: "Polygon", coordinates: [ring] };
  assert.deepEqual(sectorFeatures(sector({ use: "no_go" }), outline, "no-go")[0]?.geometry, outline);
});

test("the name of a sector stands once, in its middle", () => {
  const square: [number, number][] = [
    [100, 20],
    [102, 20],
    [102, 22],
    [100, 22],
    [100, 20],
  ];
  const found = sectorFeatures(sector({ polygon: [square] }), null, "").filter(
    (each) => each.geometry.type === "Point",
  );
  assert.deepEqual(
    found.map((each) => (each.geometry as GeoJSON.Point).coordinates),
    [[101, 21]],
  );
});

test("a target shows what is known of it, and no more", () => {
  const seen = { at, lon: 100.41, lat: 20.27 };
  assert.deepEqual(targetFeatures({ name: "boat", sightings: [], prediction: null, landing: "" }), []);
  assert.deepEqual(parts(targetFeatures({ name: "boat", sightings: [seen], prediction: null, landing: "" })), ["seen"]);
  const prediction = {
    since: at,
    river: "Mekong",
    track: [{ at, lon: 100.42, lat: 20.26, km: 2355, error_km: 0.2 }],
    landing: { river: "Mekong", km: 2355, error_km: 0.4, lon: 100.43, lat: 20.25 },
  };
  assert.deepEqual(parts(targetFeatures({ name: "boat", sightings: [seen, seen], prediction, landing: "" })), [
    "seen",
    "past",
    "ahead",
    "ahead",
    "landing",
  ]);
});
