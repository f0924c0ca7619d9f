/** How often a phone speaks, how long it waits, and what goes first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  backOff,
  due,
  HOLD_MS,
  interval,
  isNews,
  metresBetween,
  placeAt,
  waitsUntil,
} from "../../src/phone/report-interval.ts";
import { byReportingKey, laneOf, type Report, rankOf } from "../../src/phone/reports.ts";

const HERE = { lon: 100.409, lat: 20.27 };
const fix = (s: number, more: Partial<{ lon: number; lat: number; speed_mps: number }> = {}) => ({
  at: s * 1000,
  ...HERE,
  speed_mps: 0,
  ...more,
});

test("positions are far apart at rest, close under way, closest in distress", () => {
  assert.deepEqual(
    [0, 0.5, 8].map((speed) => interval(speed, false, null)),
    [120, 30, 15],
  );
  assert.equal(interval(0, true, 5), 10);
  assert.equal(interval(8, false, 15), 30);
});

test("a fix is reported first, when its time has come, and after a hundred metres", () => {
  assert.ok(due(null, fix(0), false, null));
  assert.ok(!due(fix(0), fix(100), false, null));
  assert.ok(due(fix(0), fix(120), false, null));
  assert.ok(due(fix(0), fix(14.6, { speed_mps: 8 }), false, null), "half a second early is not a second late");
  const far = { ...HERE, lat: HERE.lat + 0.001 }; // 111 m
  assert.ok(due(fix(0), fix(11, { ...far, speed_mps: 0.1 }), false, null));
  assert.ok(!due(fix(0), fix(5, { ...far, speed_mps: 0.1 }), false, null), "a fix that jumps about is no flood");
});

test("where the phone tells no speed, its way tells it", () => {
  const silent = (s: number, lat: number) => ({ at: s * 1000, lon: HERE.lon, lat });
  assert.ok(due(silent(0, 20.27), silent(16, 20.2705), false, null)); // 55 m in 16 s
  assert.ok(!due(silent(0, 20.27), silent(16, 20.27), false, null));
});

test("a clock that is put back silences no phone and holds back no call for help", () => {
  const hour = 3600;
  assert.ok(due(fix(hour), fix(1), false, null), "no hour without a position");
  assert.ok(!due(fix(20), fix(15), false, null), "fixes that come in another order are no flood");
  assert.ok(isNews(5000, 4000, 5000) && !isNews(4000, 5000, 6000), "of two fixes the newer one counts");
  assert.ok(isNews(1000, hour * 1000, 1000), "the one of before lies ahead");
  assert.ok(
    waitsUntil(HOLD_MS, 0, HOLD_MS) &&
      waitsUntil(HOLD_MS, HOLD_MS - 1, HOLD_MS) &&
      !waitsUntil(HOLD_MS, HOLD_MS, HOLD_MS),
  );
  assert.ok(!waitsUntil(hour * 1000, 0, HOLD_MS));
});

test("a place on a bearing is as far away as was said", () => {
  for (const bearing of [0, 45, 180, 315]) {
    assert.ok(Math.abs(metresBetween(HERE, placeAt(HERE, 500, bearing)) - 500) < 0.01);
  }
  assert.ok(placeAt(HERE, 500, 90).lon > HERE.lon);
});

test("waits double up to half a minute, and a fleet does not call at once", () => {
  assert.equal(backOff(0, 0.5), 0);
  assert.deepEqual(
    [1, 2, 3, 6, 50].map((n) => backOff(n, 1)),
    [1000, 2000, 4000, 30_000, 30_000],
  );
  assert.equal(backOff(1, 0), 750);
});

test("an SOS goes first, photos last, and only what is heard may go by the key that reads nothing", () => {
  const said = (more: object): Report => ({ id: "0", at: "2026-11-24T02:30:00Z", ...more }) as Report;
  const order = [
    said({ kind: "sos" }),
    said({ kind: "text", text: "" }),
    said({ kind: "incident", category: "drugs", when: "" }),
    said({ kind: "position", ...HERE }),
    said({ kind: "incident", category: "drugs", when: "", photos: ["a"] }),
  ].map(rankOf);
  assert.deepEqual(order, [0, 1, 2, 3, 4]);
  assert.deepEqual(order.map(laneOf), ["urgent", "urgent", "routine", "routine", "routine"]);
  assert.deepEqual(order.map(byReportingKey), [true, false, false, true, false]);
  assert.equal(rankOf(said({ kind: "check_in", patrol: "p" })), 1);
});
