import assert from "node:assert/strict";
import { test } from "node:test";
import { coordinateWords } from "../src/coordinates.ts";
import { markState, opacityByAge, shapeOf, sideName } from "../src/marks.ts";

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
  assert.deepEqual([5, 30, 300].map((age) => opacityByAge(age, 10)), [1, 0.85, 0.7]);
});
