import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinateWords, readCoordinates } from "../../src/geo/coordinates.ts";
import { markState, opacityByAge, shapeOf, sideName } from "../../src/symbols/marks.ts";

test("decimal degrees name their hemisphere", () => {
  assert.equal(coordinateWords(100.41, 20.27, "decimal"), "20.27000° N 100.41000° E");
  assert.equal(coordinateWords(-0.5, -1.25, "decimal"), "1.25000° S 0.50000° W");
});

test("seconds never round up to sixty", () => {
  assert.equal(coordinateWords(99.99999, 20.5, "dms"), "20°30′00.0″ N 100°00′00.0″ E");
  assert.equal(coordinateWords(100.4096, 20.2655, "dms"), "20°15′55.8″ N 100°24′34.6″ E");
});

test("a mark tells kind, side and state by form", () => {
  assert.equal(shapeOf("boat", false), "boat-drift");
  assert.equal(shapeOf(null, true), "radio");
  assert.equal(sideName("FR"), "unknown");
  assert.equal(markState(undefined), "lost");
});

test("age shows in three steps of the unit's own interval", () => {
  assert.deepEqual(
    [5, 30, 300].map((age) => opacityByAge(age, 10)),
    [1, 0.85, 0.7],
  );
});

test("MGRS to the metre, and back", () => {
  // UTM of PROJ: zone 47, 647686.7 m east, 2242050.2 m north.
  assert.equal(coordinateWords(100.41417, 20.27053, "mgrs"), "47Q PC 47686 42050");
  const back = readCoordinates("47QPC4768642050");
  assert.ok(back && Math.abs(back.lon - 100.41417) < 1e-5 && Math.abs(back.lat - 20.27053) < 1e-5);
  assert.equal(coordinateWords(0, 86, "mgrs"), "86.00000° N 0.00000° E");
  for (const wrong of ["47QPC476", "47IPC11", "61QPC1111", "47Q"]) assert.equal(readCoordinates(wrong), null, wrong);
});

test("coordinates are read in every way that people write them", () => {
  const ways = [
    "20.27053, 100.41417",
    "20.27053 100.41417",
    "100.41417 20.27053",
    "20.27053° N 100.41417° E",
    "N20.27053 E100.41417",
    "20,27053 100,41417",
    "20°16′13.9″ N 100°24′51.0″ E",
    "N20°16'13.9\" E100°24'51\"",
    "20 16 13.9 N, 100 24 51 E",
    "20:16:13.9N 100:24:51E",
    "20 16.232 N 100 24.850 E",
  ];
  for (const way of ways) {
    const found = readCoordinates(way);
    assert.ok(found && Math.abs(found.lat - 20.27053) < 2e-5 && Math.abs(found.lon - 100.41417) < 2e-5, way);
  }
  assert.deepEqual(readCoordinates("S 1.5 W 3"), { lon: -3, lat: -1.5 });
  for (const other of ["2356", "Naga 1", "20 100 3", "20.5 N 21 N", "95 190", "20°61′ N 100 E", ""])
    assert.equal(readCoordinates(other), null, other);
});
