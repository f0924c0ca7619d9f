import assert from "node:assert/strict";
import { test } from "node:test";
import { SourceFeed } from "../../src/map/source-feed.ts";
import { UnitDrawing } from "../../src/pages/commander/map/unit-drawing.ts";
import { type Box, countWithin, gather, isCrowded } from "../../src/symbols/clusters.ts";
import { nextLookMs, unitFeature } from "../../src/symbols/unit-feature.ts";
import type { Fix, UnitState } from "../../src/wire/units.ts";

const BOX: Box = [100, 20, 101, 21];
const at = "2026-11-25T01:00:00Z";
const unit = (id: string, lon: number, lat: number, more: Partial<UnitState> = {}): UnitState => ({
  id,
  call_sign: id,
  agency: "la",
  country: "LA",
  kind: "boat",
  liveness: "live",
  expected_interval_s: 60,
  last: { of: id, lon, lat, time: at },
  ...more,
});

test("units that lie close become one mark with its worst state and its sides", () => {
  const some = [
    unit("a", 100.5, 20.5),
    unit("b", 100.5001, 20.5, { country: "TH" }),
    unit("c", 100.5, 20.5001, { liveness: "lost" }),
    unit("d", 100.9, 20.9),
  ];
  const { clusters, apart } = gather(some, BOX, 8, () => false);
  assert.deepEqual(
    clusters.map(({ count, state, sides }) => ({ count, state, sides })),
    [{ count: 3, state: "lost", sides: ["LA", "TH"] }],
  );
  assert.deepEqual([...apart], ["d"]);
});

test("a call for help is never gathered, not even outside the view", () => {
  const some = [
    unit("a", 100.5, 20.5),
    unit("b", 100.5, 20.5),
    unit("sos", 100.5, 20.5, { distress: true }),
    unit("far", 10, 10, { distress: true }),
  ];
  const { clusters, apart } = gather(some, BOX, 5, (each) => each.distress === true);
  assert.equal(clusters[0]?.count, 2);
  assert.deepEqual([...apart].sort(), ["far", "sos"]);
});

test("the map does not flicker at the limit", () => {
  assert.equal(isCrowded(2000, false), false);
  assert.equal(isCrowded(2001, false), true);
  assert.equal(isCrowded(1900, true), true);
  assert.equal(isCrowded(1800, true), false);
  assert.equal(countWithin([unit("a", 100.5, 20.5), unit("b", 99, 20)], BOX), 1);
});

test("a mark is drawn anew when its age comes to a new word or step, and not before", () => {
  const now = Date.parse(at);
  for (const expected of [20, 45, 60, 300]) {
    const boat = unit("a", 100.5, 20.5, { expected_interval_s: expected });
    let due = nextLookMs(boat, now);
    const look = (ms: number): string => JSON.stringify(unitFeature(boat, ms));
    for (let ms = now; ms < now + 2 * 3600e3; ms += 1000) {
      if (ms >= due) due = nextLookMs(boat, ms);
      else assert.equal(look(ms), look(ms - (ms > now ? 1000 : 0)), `${expected} s: ${(ms - now) / 1000} s`);
    }
  }
});

test("a ring of accuracy that nobody told is assumed, and one that was told is not", () => {
  const ring = (told: Partial<Fix>): unknown[] => {
    const boat = unit("a", 100.5, 20.5);
    const found = unitFeature({ ...boat, last: { ...(boat.last as Fix), ...told } }, Date.parse(at))?.properties ?? {};
    return [Math.round(Number(found["ring"]) * 10000), found["assumed"]];
  };
  const [assumed] = ring({});
  assert.deepEqual(ring({ accuracy_m: 15 }), [assumed, false]);
  assert.deepEqual(ring({}), [assumed, true]);
  assert.deepEqual(ring({ typical_accuracy_m: 250 }), [ring({ accuracy_m: 250 })[0], true]);
  assert.deepEqual(ring({ accuracy_m: 5, typical_accuracy_m: 250 }), [0, false]);
});

test("once the present was put right no mark keeps the age of a wrong one", async () => {
  const shown: GeoJSON.Feature[] = [];
  const source = {
    setData: async (data: GeoJSON.FeatureCollection) => void shown.splice(0, shown.length, ...data.features),
    updateData: async () => undefined,
  };
  const drawing = new UnitDrawing(new SourceFeed(source), new SourceFeed(source));
  const units = new Map([["a", unit("a", 100.5, 20.5)]]);
  const draw = async (nowMs: number): Promise<unknown> => {
    drawing.draw({ units, dirty: new Set(), gravest: new Map(), selected: "", box: BOX, zoom: 8, nowMs });
    await Promise.resolve();
    return shown[0]?.properties?.["label"];
  };
  const right = Date.parse(at) + 30_000;
  assert.match(String(await draw(right + 3600e3)), /^a\n/, "an hour ahead");
  assert.equal(await draw(right), "a");
});
