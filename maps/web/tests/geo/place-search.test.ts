import assert from "node:assert/strict";
import { test } from "node:test";
import { leg } from "../../src/geo/geodesy.ts";
import { nearestUnits } from "../../src/geo/nearest-unit.ts";
import { fold, meets, readKm, seek, unitMeets } from "../../src/geo/place-search.ts";
import { type Reach, RiverCourses } from "../../src/geo/river-course.ts";
import type { UnitState } from "../../src/wire/units.ts";

const RIVERS = ["Mekong", "Ruak", "Nam Heuang"];

test("a bare figure may be a kilometre, one with its word is", () => {
  assert.deepEqual(readKm("2356", RIVERS), { river: "Mekong", km: 2356, sure: false });
  for (const said of ["km 2356", "2 356 km", "กม. 2356", "กม. ๒๓๕๖", "ກມ ໒໓໕໖", "គីឡូម៉ែត្រ ២៣៥៦", "公里 2356"]) {
    assert.deepEqual(readKm(said, RIVERS), { river: "Mekong", km: 2356, sure: true }, said);
  }
});

test("a kilometre of another river names it, in either order", () => {
  for (const said of ["Ruak km 12", "ruak 12", "km 12 Ruak"])
    assert.deepEqual(readKm(said, RIVERS), { river: "Ruak", km: 12, sure: true }, said);
  assert.equal(readKm("nam heuang 3,5", RIVERS)?.km, 3.5);
  assert.equal(readKm("Naga 12", RIVERS), null);
  assert.equal(readKm("km", RIVERS), null);
});

test("names meet without accents, spaces and case; marks of other scripts are letters", () => {
  assert.equal(meets(["Móng Cái"], "mong cai"), 0);
  assert.equal(meets(["Đà Nẵng"], "DA NANG"), 0);
  assert.equal(meets(["เชียงของ"], "เชียง"), 1);
  assert.equal(meets(["Ban Houayxay", "Houay Xai"], "houayxai"), 0);
  assert.equal(meets(["Golden Triangle"], "tri"), 2);
  assert.equal(meets(["ห้วยทราย"], "หวย"), null);
  assert.equal(fold("ຫ້ວຍຊາຍ"), "ຫ້ວຍຊາຍ");
  assert.equal(meets(["x"], "  "), null);
});

test("a unit is met by its call sign first, and a figure by no other figure", () => {
  const unit = (callSign: string) => ({
    callSign,
    others: ["LA", "Lao PDR", "Boat", "la-hx"],
    addresses: ["ais:531000101", `mqtt:${callSign}`],
  });
  const well = (callSign: string, query: string): number | null => unitMeets(unit(callSign), query);
  assert.deepEqual(
    [well("Naga 1", "naga 1"), well("Naga 12", "naga 1"), well("Naga 2", "naga 1"), well("Naga 21", "naga 1")],
    [0, 1, null, null],
  );
  assert.deepEqual([well("Naga 21", "1"), well("Naga 1", "1"), well("Naga ໑", "naga 1")], [null, 2, 0]);
  assert.deepEqual(
    ["aga", "1 naga", "lao pdr", "boat la", "hx", "000101", "10"].map((query) => well("Naga 1", query)),
    [3, 4, 4, 4, 4, 4, null],
  );
  assert.equal(well("Naga 1", "khong"), null);
});

test("the best come first, then the larger", () => {
  const all = [
    { words: ["Upper Xai"], n: 9 },
    { words: ["Xai Yai"], n: 1 },
    { words: ["Xaiyaburi"], n: 2 },
  ];
  assert.deepEqual(
    seek(all, "xai", 2, (each) => each.n).map(({ thing }) => thing.n),
    [2, 1],
  );
});

test("a geodesic is as long as GeographicLib says", () => {
  const short = leg([100.41, 20.27], [100.40284, 20.26874]);
  assert.ok(Math.abs(short.metres - 760.88598) < 1e-4, String(short.metres));
  assert.ok(Math.abs(short.bearingDeg - (360 - 100.562423)) < 1e-4);
  assert.ok(Math.abs(leg([100.41, 20.27], [105.8, 10]).metres - 1275117.79636) < 1e-3);
  assert.deepEqual(leg([100, 20], [100, 20]), { metres: 0, bearingDeg: 0 });
});

test("kilometres lie on the line of their river, and a stretch follows it", () => {
  const reach = (
    river: string | undefined,
    coordinates: [number, number][],
    km_start: number,
    km_end: number,
  ): Reach => ({
    type: "Feature",
    properties: { ...(river ? { river } : {}), km_start, km_end },
    geometry: { type: "LineString", coordinates },
  });
  const known = new RiverCourses([
    reach(
      undefined,
      [
        [100, 20],
        [100, 20.1],
        [100.1, 20.1],
      ],
      30,
      10,
    ),
    reach(
      "Ruak",
      [
        [99, 20],
        [99.1, 20],
      ],
      12,
      0,
    ),
  ]);
  assert.deepEqual(known.range("Mekong"), [10, 30]);
  assert.deepEqual(known.at("Mekong", 30), [100, 20]);
  assert.ok(Math.abs((known.at("Ruak", 6)?.[0] ?? 0) - 99.05) < 1e-6);
  assert.equal(known.at("Mekong", 31), null);
  assert.equal(known.at("Nile", 1), null);
  const bent = known.stretch("Mekong", 28, 12);
  assert.equal(bent.length, 3);
  assert.deepEqual(bent[1], [100, 20.1]);
  assert.equal(known.stretch("Mekong", 40, 50).length, 0);
});

test("beside a kilometre stand the nearest of its river, above and below, and nobody of another", () => {
  const at = (id: string, place: object): UnitState => ({
    id,
    call_sign: id,
    agency: "la",
    last: { of: id, lon: 100, lat: 20, time: "2026-11-24T02:30:00Z", ...place },
  });
  const units = [
    at("far", { place: { river: "Mekong", km: 2480 } }),
    at("below", { place: { river: "Mekong", km: 2361.5 } }),
    at("above", { river_km: 2364 }),
    at("beside", { place: { river: "Mekong", km: 2363 } }),
    at("elsewhere", { place: { river: "Ruak", km: 2363 } }),
    at("ashore", { place: { country: "LA" } }),
    { id: "never", call_sign: "never", agency: "la" },
  ];
  assert.deepEqual(
    nearestUnits({ river: "Mekong", km: 2363 }, units).map((each) => [each.unit.id, each.up_km]),
    [
      ["beside", 0],
      ["above", 1],
      ["below", -1.5],
    ],
  );
  assert.equal(
    nearestUnits(
      { river: "Mekong", km: 2363 },
      Array.from({ length: 9 }, (_, n) => at(`u${n}`, { river_km: 2360 + n })),
    ).length,
    5,
  );
});
