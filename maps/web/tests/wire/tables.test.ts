import assert from "node:assert/strict";
import { test } from "node:test";
import type { Change } from "../../src/wire/stream.ts";
import { withoutTables } from "../../src/wire/tables.ts";

const change: Change = { type: "change", seq: 5, time: "2026-11-25T01:00:00.250400Z" };

test("a table's positions stand behind the others, in their order", () => {
  const alone = { of: "radio", lon: 100.4, lat: 20.2, time: "2026-11-25T00:59:59Z" };
  const told = withoutTables({
    ...change,
    fixes: [alone],
    tables: [
      {
        rows: [
          ["of", "lat", "time", "river_km", "live"],
          ["a", 20.25, -13.47, 2350.1, true],
          ["b", 20.5, 0.250999, null, false],
        ],
        same: { lon: 100.41, flags: ["late"] },
      },
    ],
  });
  assert.deepEqual(told, {
    ...change,
    fixes: [
      alone,
      {
        of: "a",
        lon: 100.41,
        lat: 20.25,
        time: "2026-11-25T00:59:46.530Z",
        river_km: 2350.1,
        live: true,
        flags: ["late"],
      },
      { of: "b", lon: 100.41, lat: 20.5, time: "2026-11-25T01:00:00.250Z", live: false, flags: ["late"] },
    ],
  });
});

test("an address goes to its own position", () => {
  const told = withoutTables({
    ...change,
    tables: [
      {
        rows: [
          ["of", "lon", "lat", "time"],
          ["a", 100.4, 20.2, 0],
          ["a", 100.4, 20.3, 1],
          ["b", 100.4, 20.4, 2],
        ],
        places: {
          rows: [
            ["nth", "km", "bank"],
            [1, 2350.1, "left"],
            [2, 2351.5, null],
          ],
          same: { river: "Mekong" },
        },
      },
    ],
  });
  assert.deepEqual(
    told.fixes?.map((fix) => fix.place),
    [undefined, { river: "Mekong", km: 2350.1, bank: "left" }, { river: "Mekong", km: 2351.5 }],
  );
});

test("a change without tables is left as it is", () => {
  assert.equal(withoutTables(change), change);
});
