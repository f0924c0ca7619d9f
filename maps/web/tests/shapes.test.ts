import assert from "node:assert/strict";
import { test } from "node:test";
import type { Sector } from "../src/papers.ts";
import { sectorFeature, targetFeatures } from "../src/shapes.ts";

const at = "2026-11-25T01:00:00Z";
const ring: [number, number][] = [[100.4, 20.2], [100.5, 20.2], [100.4, 20.3], [100.4, 20.2]];
const sector = (more: Partial<Sector>): Sector => ({ kind: "sector", id: "s", agency: "la", at, name: "Isles", ...more });
const parts = (found: GeoJSON.Feature[]): unknown[] => found.map((each) => each.properties?.["part"]);

test("a sector without a use is a patrol's", () => {
  assert.deepEqual(sectorFeature(sector({ polygon: [ring] }), null, "")?.properties, { id: "s", use: "patrol", label: "Isles" });
});

test("a stretch of a river shows once its outline is known", () => {
  assert.equal(sectorFeature(sector({}), null, ""), null);
  const outline: GeoJSON.Polygon = { type: "Polygon", coordinates: [ring] };
  assert.deepEqual(sectorFeature(sector({ use: "no_go" }), outline, "no-go")?.geometry, outline);
});

test("a target shows what is known of it, and no more", () => {
  const seen = { at, lon: 100.41, lat: 20.27 };
  assert.deepEqual(targetFeatures({ name: "boat", sightings: [], prediction: null, landing: "" }), []);
  assert.deepEqual(parts(targetFeatures({ name: "boat", sightings: [seen], prediction: null, landing: "" })), ["seen"]);
  const prediction = {
    since: at, river: "Mekong", track: [{ at, lon: 100.42, lat: 20.26, km: 2355, error_km: 0.2 }],
    landing: { river: "Mekong", km: 2355, error_km: 0.4, lon: 100.43, lat: 20.25 },
  };
  assert.deepEqual(parts(targetFeatures({ name: "boat", sightings: [seen, seen], prediction, landing: "" })), ["seen", "past", "ahead", "ahead", "landing"]);
});
