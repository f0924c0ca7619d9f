/** Files, overlays and long tracks: addresses and boxes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  addOverlays,
  boundsOf,
  overlayFeatures,
  overlays,
  removeOverlays,
  showOverlay,
} from "../../src/geo/overlays.ts";
import { lastDays, tilesOf } from "../../src/symbols/history.ts";

const point = (name: string): GeoJSON.Feature => ({
  type: "Feature",
  properties: { name, long: "x".repeat(1000) },
  geometry: { type: "Point", coordinates: [100.4, 20.2] },
});
const layer = (name: string, ...features: GeoJSON.Feature[]) => ({
  name,
  features: features.length,
  faults: [],
  bounds: [100, 20, 101, 21] as [number, number, number, number],
  collection: { type: "FeatureCollection" as const, features },
});

test("a history is told in whole minutes and of one unit", () => {
  const wanted = lastDays(7, "u 1", Date.UTC(2026, 10, 24, 2, 30, 5));
  assert.equal(wanted.end, Date.UTC(2026, 10, 24, 2, 31) / 1000);
  const address = tilesOf(wanted, "https://blo.example/");
  assert.ok(address.startsWith("https://blo.example/tiles/{z}/{x}/{y}.mvt?start=2026-11-17T02%3A31%3A00.000Z"));
  assert.ok(address.endsWith("&unit=u+1"));
  assert.ok(!tilesOf({ ...wanted, unit: "" }, "https://blo.example/").includes("unit"));
});

test("what is brought is shown, hidden, replaced and taken off", () => {
  addOverlays("a.gpx", { layers: [layer("waypoints", point("ທ່າເຮືອ")), layer("tracks", point("b"))] });
  assert.deepEqual(
    overlayFeatures.value.features.map((each) => each.properties),
    [{ label: "ທ່າເຮືອ" }, { label: "b" }],
  );
  showOverlay(overlays.value[0]?.id ?? "", false);
  assert.equal(overlayFeatures.value.features.length, 1);
  addOverlays("a.gpx", { layers: [layer("waypoints", point("c"))] });
  assert.deepEqual(
    overlays.value.map((each) => each.layer),
    ["waypoints"],
  );
  removeOverlays("a.gpx");
  assert.equal(overlays.value.length, 0);
});

test("a box of several layers, and of none", () => {
  const [one] = addOverlays("b.kml", { layers: [layer("x", point("x"))] });
  assert.ok(one);
  assert.deepEqual(boundsOf([one, { ...one, bounds: [99, 20.5, 100.5, 22] }]), [99, 20, 101, 22]);
  assert.equal(boundsOf([{ ...one, bounds: null }]), null);
  assert.equal(boundsOf([]), null);
  removeOverlays("b.kml");
});
