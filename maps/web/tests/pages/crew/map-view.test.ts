/** The small map's geometry, and what may lie on a phone. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  fitted,
  metresToEdge,
  moved,
  pixel,
  scaleMetres,
  within,
  zoomed,
} from "../../../src/pages/crew/outbox/map-view.ts";
import { storable } from "../../../src/phone/offline-copies.ts";
import { metresBetween } from "../../../src/phone/report-interval.ts";

const SIZE = { width: 400, height: 600 };
const VIEW = { lon: 100.41, lat: 20.27, metresPerPixel: 10 };

test("the middle is in the middle, and a pixel is as many metres as it says", () => {
  assert.deepEqual(pixel(VIEW, SIZE, 100.41, 20.27), [200, 300]);
  const east = { lon: 100.43, lat: 20.27 };
  const [x, y] = pixel(VIEW, SIZE, east.lon, east.lat);
  assert.ok(Math.abs((x - 200) * 10 - metresBetween(VIEW, east)) < 3);
  assert.equal(y, 300);
  assert.ok(pixel(VIEW, SIZE, 100.41, 20.28)[1] < 300, "north is up");
});

test("a finger moves the ground with it", () => {
  const [x, y] = pixel(moved(VIEW, 30, -40), SIZE, 100.41, 20.27);
  assert.ok(Math.abs(x - 230) < 0.01 && Math.abs(y - 260) < 0.01);
});

test("zooming stops at both ends", () => {
  assert.equal(zoomed(VIEW, 0.5).metresPerPixel, 5);
  assert.equal(zoomed(VIEW, 1e-9).metresPerPixel, 0.25);
  assert.equal(zoomed(VIEW, 1e9).metresPerPixel, 400);
});

test("a view that fits shows every point", () => {
  const points = [
    [100.3, 20.2],
    [100.5, 20.4],
  ];
  const view = fitted(points, SIZE);
  assert.ok(view);
  for (const [lon = 0, lat = 0] of points) {
    const [x, y] = pixel(view, SIZE, lon, lat);
    assert.ok(x > 0 && x < 400 && y > 0 && y < 600);
  }
  assert.equal(fitted([], SIZE), null);
});

test("inside and outside of a sector with a hole, and how far to its edge", () => {
  const ring = (d: number): number[][] =>
    [
      [-d, -d],
      [d, -d],
      [d, d],
      [-d, d],
      [-d, -d],
    ].map(([x = 0, y = 0]) => [100 + x, 20 + y]);
  const sector = [ring(0.1), ring(0.02)];
  assert.ok(within(sector, 100.05, 20));
  assert.ok(!within(sector, 100.01, 20), "in the hole");
  assert.ok(!within(sector, 100.2, 20));
  const metres = metresToEdge([ring(0.1)], 100, 20.09);
  assert.ok(Math.abs(metres - 1112) < 2, String(metres));
});

test("the scale bar tells round lengths", () => {
  assert.deepEqual(
    [1, 7, 10, 100].map((m) => scaleMetres({ ...VIEW, metresPerPixel: m }, 110)),
    [100, 500, 1000, 10_000],
  );
});

test("of another agency nothing is kept on the phone", () => {
  const sector = (id: string, agency: string) => ({ id, name: id, use: "patrol", agency, polygon: [] });
  const patrol = {
    id: "p",
    name: "Night watch",
    state: "ready",
    starts_at: "",
    ends_at: "",
    check_in_interval_s: null,
    next_check_in_at: null,
    sectors: ["ours", "theirs"],
    units: [],
  };
  const kept = storable({
    server_time: "",
    node: { id: "hx", name: "Houay Xai", time_zone: "Asia/Vientiane" },
    agency: "la-hx",
    user: null,
    device: "d",
    unit: null,
    patrols: [patrol],
    sectors: [sector("ours", "la-hx"), sector("theirs", "th-ck")],
    texts: [],
    phrases: [],
  });
  assert.ok(!JSON.stringify(kept).includes("theirs"));
  assert.ok(JSON.stringify(kept).includes("ours"));
});
