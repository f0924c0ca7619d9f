import assert from "node:assert/strict";
import { test } from "node:test";
import { type Block, JUMP, NONE_16, unpack } from "../../../src/pages/replay/reel/columns.ts";
import { quietAt } from "../../../src/pages/replay/reel/quiet-times.ts";
import { around, isRange, requestedRange, thisNight } from "../../../src/pages/replay/reel/range.ts";
import {
  documentsAt,
  gapAfterS,
  gravestOf,
  happenings,
  livenessAt,
  type ReplayDocument,
  unitAt,
  versionsOf,
  withheldAt,
  withheldRanges,
} from "../../../src/pages/replay/reel/state-at-time.ts";
import { linesOf, SLICES, wholeLines } from "../../../src/pages/replay/reel/tracks.ts";
import { densityOf, firstReport, UnitTrack, unitTracksOf } from "../../../src/pages/replay/reel/unit-track.ts";
import { momentOf, wallSeconds } from "../../../src/session/wall-clock.ts";
import type { ReplayUnit } from "../../../src/wire/replay.ts";

const S = 1000;
const unit: ReplayUnit = { id: "u", call_sign: "Naga 1", agency: "la", kind: "boat", expected_interval_s: 30 };

/** A film of positions [seconds, seconds when it was known, longitude, flags]. */
function film(...rows: [number, number, number, number?][]): UnitTrack {
  const of = (pick: (row: [number, number, number, number?]) => number): Float64Array => Float64Array.from(rows, pick);
  const none = of(() => NONE_16);
  return new UnitTrack({
    timeMs: of(([t]) => t * S),
    knownMs: of(([, k]) => k * S),
    lonE7: of(([, , lon]) => Math.round(lon * 1e7)),
    latE7: of(() => 2e8),
    riverKm: of(() => NaN),
    speedCmps: none,
    courseCdeg: none,
    headingCdeg: none,
    accuracyM: none,
    flags: of(([, , , flags]) => flags ?? 0),
  });
}

test("a block is read column by column, whatever stands in its head", () => {
  const head = new TextEncoder().encode(
    JSON.stringify({
      units: [{ id: "u", count: 1 }],
      columns: [
        ["time_ms", "<f8"],
        ["known_ms", "<f8"],
        ["lon_e7", "<i4"],
        ["lat_e7", "<i4"],
        ["river_km", "<f4"],
        ["speed_cmps", "<u2"],
        ["course_cdeg", "<u2"],
        ["heading_cdeg", "<u2"],
        ["accuracy_m", "<u2"],
        ["flags", "<u2"],
      ].map(([name, type]) => ({ name, type })),
    }),
  );
  const length = head.length + ((8 - ((8 + head.length) % 8)) % 8);
  const body = new Uint8Array(8 + length + 10 * 8).fill(32, 8, 8 + length);
  body.set(new TextEncoder().encode("JPR1"));
  body.set(head, 8);
  const view = new DataView(body.buffer);
  view.setUint32(4, length, true);
  view.setFloat64(8 + length, 5000, true);
  view.setInt32(8 + length + 16, 1_004_000_000, true);
  const block = unpack(body.buffer);
  assert.deepEqual([block.timeMs[0], block.lonE7[0], block.units], [5000, 1_004_000_000, [{ id: "u", count: 1 }]]);
  assert.throws(() => unpack(new ArrayBuffer(16)));
});

test("what was heard late is known late, and was there all the same", () => {
  const some = film([0, 0, 100], [30, 600, 101], [60, 60, 102]);
  assert.deepEqual([some.newestAt(45 * S, "was"), some.newestAt(45 * S, "known")], [1, 0]);
  assert.deepEqual(
    [some.newestAt(60 * S, "known"), some.newestAt(700 * S, "known")],
    [2, 2],
    "late news never moves a mark back",
  );
  assert.deepEqual(
    [some.between(0, Infinity, 100 * S, "known"), some.between(0, Infinity, 600 * S, "known")],
    [
      [0, 2],
      [0, 1, 2],
    ],
  );
  assert.deepEqual([some.countBetween(0, Infinity, 100 * S, "known"), some.countAt(100 * S, "was")], [2, 3]);
  assert.equal(some.newestAt(-1, "was"), -1);
  assert.deepEqual(
    [some.changeAfter(60 * S, "known"), some.changeAfter(60 * S, "was"), some.changeBefore(60 * S, "was")],
    [600 * S, null, 30 * S],
  );
});

test("what nothing could have reached is counted and not drawn", () => {
  const some = film([0, 0, 100], [10, 10, 120, JUMP], [20, 20, 100.001]);
  assert.deepEqual([some.length, some.jumps, some.place(1)], [2, 1, [100.001, 20]]);
});

test("a mark stays where it was heard, ages and is lost", () => {
  const some = film([0, 0, 100], [600, 600, 101]);
  const at = (s: number): unknown[] => {
    const state = unitAt(unit, some, s * S, "was");
    return [state?.liveness, state?.last?.lon];
  };
  assert.deepEqual(
    [at(60), at(61), at(150), at(151), at(599), at(600)],
    [
      ["live", 100],
      ["late", 100],
      ["late", 100],
      ["lost", 100],
      ["lost", 100],
      ["live", 101],
    ],
  );
  assert.equal(unitAt(unit, some, -1, "was"), null);
  assert.equal(livenessAt(200, { ...unit, expected_interval_s: null }), "late");
});

test("a moment is quiet when nobody reported for ten minutes, by when it was heard or by when it was", () => {
  const films = [film([0, 0, 100], [900, 5000, 101]), film([1200, 1200, 100])];
  const at = (s: number, look: "known" | "was"): unknown => {
    const found = quietAt(films, s * S, look);
    return found === null ? null : [found.before, found.next].map((ms) => (ms === null ? null : ms / S));
  };
  assert.deepEqual([at(-1, "was"), at(0, "was"), at(600, "was"), at(601, "was")], [[null, 0], null, null, [0, 900]]);
  assert.deepEqual(
    [at(900, "was"), at(900, "known"), at(1200, "known"), at(1801, "known")],
    [null, [0, 1200], null, [1200, 5000]],
  );
  assert.deepEqual(at(9000, "was"), [1200, null]);
  assert.deepEqual(quietAt([], 0, "was"), { before: null, next: null });
});

test("a silence is a jump, and no line", () => {
  const some = film([0, 0, 100], [30, 30, 100.01], [600, 600, 101], [630, 630, 101.01]);
  const lines = wholeLines(some, 700 * S, "was", gapAfterS(unit) * 1000);
  assert.deepEqual(lines.heard, [
    [
      [100, 20],
      [100.01, 20],
    ],
    [
      [101, 20],
      [101.01, 20],
    ],
  ]);
  assert.deepEqual(lines.gaps, [
    [
      [100.01, 20],
      [101, 20],
    ],
  ]);
  const slices = Array.from({ length: SLICES }, (_, n) =>
    linesOf(some, n, 0, 960 * S, 700 * S, "was", gapAfterS(unit) * 1000),
  );
  assert.deepEqual(
    slices.flatMap((each) => each.gaps),
    lines.gaps,
    "slices hang together and say nothing twice",
  );
  assert.equal(slices.flatMap((each) => each.heard).length, 2);
  assert.deepEqual(wholeLines(some, 610 * S, "was", 60_000).heard.length, 1, "nothing of what is to come");
});

test("blocks that follow each other make one film", () => {
  const block = (timeMs: number): Block => ({
    units: [{ id: "u", count: 1 }],
    timeMs: Float64Array.of(timeMs),
    knownMs: Float64Array.of(timeMs),
    lonE7: Int32Array.of(1e9),
    latE7: Int32Array.of(2e8),
    riverKm: Float32Array.of(NaN),
    speedCmps: Uint16Array.of(350),
    courseCdeg: Uint16Array.of(NONE_16),
    headingCdeg: Uint16Array.of(NONE_16),
    accuracyM: Uint16Array.of(8),
    flags: Uint16Array.of(0),
  });
  const found = unitTracksOf([block(0), block(60_000)]).get("u");
  assert.equal(found?.length, 2);
  assert.deepEqual(found?.told(1), { speed_mps: 3.5, accuracy_m: 8, by_voice: false, calls: false });
  assert.deepEqual(densityOf([found as UnitTrack], 0, 120_000, 4, "was"), [1, 0, 1, 0]);
});

test("a line along a river bends where the server says, and not where a position between is left out", () => {
  const columns = (...timeMs: number[]): Omit<Block, "units"> => {
    const none = (): Uint16Array => Uint16Array.from(timeMs, () => NONE_16);
    return {
      timeMs: Float64Array.from(timeMs),
      knownMs: Float64Array.from(timeMs, (ms) => (ms === 120_000 ? 900_000 : ms)),
      lonE7: Int32Array.from(timeMs, (ms) => 1e9 + ms * 100),
      latE7: Int32Array.from(timeMs, () => 2e8),
      riverKm: Float32Array.from(timeMs, () => NaN),
      speedCmps: none(),
      courseCdeg: none(),
      headingCdeg: none(),
      accuracyM: none(),
      flags: Uint16Array.from(timeMs, (ms) => (ms === 60_000 ? JUMP : 0)),
    };
  };
  const bend = (n: number, lon: number): [number, ...number[]] => [n, lon * 1e7, 21e7];
  const found = unitTracksOf([
    { units: [{ id: "u", count: 1 }], ...columns(0) },
    {
      units: [{ id: "u", count: 4, bends: [bend(1, 100.9), bend(3, 102)] }],
      ...columns(60_000, 120_000, 180_000, 240_000),
    },
  ]).get("u") as UnitTrack;
  assert.deepEqual(wholeLines(found, 240_000, "was", 600_000).heard, [
    [
      [100, 20],
      [100.9, 21],
      [101.2, 20],
      [101.8, 20],
      [102, 21],
      [102.4, 20],
    ],
  ]);
  assert.deepEqual(
    wholeLines(found, 240_000, "known", 600_000).heard,
    [
      [
        [100, 20],
        [101.8, 20],
        [102, 21],
        [102.4, 20],
      ],
    ],
    "the one before is not known yet",
  );
});

test("bars stand where a position was, or where it was heard, as one looks at it", () => {
  const some = [film([0, 0, 100], [30, 90, 101]), film([60, 3600, 102], [119, 120, 103])];
  assert.deepEqual(densityOf(some, 0, 120 * S, 4, "was"), [1, 1, 1, 1]);
  assert.deepEqual(
    densityOf(some, 0, 120 * S, 4, "known"),
    [1, 0, 0, 2],
    "what was heard after the range is in no bar",
  );
});

test("a replay begins at the first report of its range, as one looks at it", () => {
  const some = [film([600, 900, 100]), film([700, 700, 101]), film()];
  assert.deepEqual(
    [firstReport(some, 0, 3600 * S, "was"), firstReport(some, 0, 3600 * S, "known")],
    [600 * S, 700 * S],
  );
  assert.equal(firstReport(some, 600 * S, 3600 * S, "was"), 600 * S, "one at the very start counts");
  assert.equal(firstReport(some, 0, 650 * S, "known"), null, "what is heard after the end is no beginning");
  assert.equal(firstReport([], 0, 3600 * S, "was"), null);
});

const at = (s: number): string => new Date(s * S).toISOString();
const alert = (version: number, s: number, more: object = {}): ReplayDocument =>
  ({
    kind: "alert",
    id: "a",
    agency: "la",
    version,
    at: at(s),
    rule: "no_go",
    subject: "u",
    unit: "u",
    severity: "high",
    raised_at: at(10),
    ...more,
  }) as ReplayDocument;
const agreement = (version: number, s: number, state: string, more: object = {}): ReplayDocument =>
  ({
    kind: "agreement",
    id: "g",
    agency: "la",
    version,
    at: at(s),
    agencies: ["la", "th"],
    state,
    terms: { name: "Joint", classes: ["positions", "tracks"] },
    ...more,
  }) as ReplayDocument;

test("documents are shown in the version of the moment", () => {
  const versions = versionsOf([
    alert(2, 100, { state: "acknowledged" }),
    alert(1, 10),
    alert(3, 200, { state: "resolved" }),
  ]);
  const states = [5, 10, 150, 200].map((s) =>
    documentsAt(versions, s * S).map((record) => (record as { state?: string }).state ?? "raised"),
  );
  assert.deepEqual(states, [[], ["raised"], ["acknowledged"], []]);
  assert.equal(gravestOf(documentsAt(versions, 150 * S)).get("u"), "high");
  assert.deepEqual(
    happenings(versions, 0, 1000 * S).map((each) => [each.kind, each.ms]),
    [["alert", 10 * S]],
  );
});

test("as it was, what was told later is there from when it happened", () => {
  const late = {
    kind: "incident",
    id: "i",
    agency: "la",
    at: at(500),
    category: "timber",
    happened_at: at(100),
    precision: "minute",
  } as ReplayDocument;
  const versions = versionsOf([late, alert(1, 400)]);
  const kinds = (s: number, look: "known" | "was"): string[] =>
    documentsAt(versions, s * S, look).map((record) => record.kind);
  assert.deepEqual(
    [kinds(200, "known"), kinds(200, "was"), kinds(50, "was"), kinds(450, "known")],
    [[], ["incident", "alert"], ["alert"], ["alert"]],
  );
});

test("it is said of whom nothing was told, and why", () => {
  const held = { consents: [{ agency: "th", given: false, at: at(100), reason: "audit" }] };
  const versions = versionsOf([
    agreement(1, 0, "proposed"),
    agreement(2, 50, "active"),
    agreement(3, 100, "suspended", held),
    agreement(4, 200, "active", {
      windows: [
        { agency: "th", data_class: "tracks", start: at(50), end: at(100) },
        { agency: "th", data_class: "tracks", start: at(200) },
      ],
    }),
  ]);
  const dark = (s: number): unknown => withheldAt(documentsAt(versions, s * S), ["th"], "la", s * S);
  assert.deepEqual(dark(10), [{ agency: "th" }]);
  assert.deepEqual([dark(60), dark(250)], [[], []]);
  assert.deepEqual(dark(150), [{ agency: "th", by: "th", at: at(100), reason: "audit" }]);
  assert.deepEqual(withheldRanges(versions, "th", "la", 0, 300 * S), [
    [0, 50 * S],
    [100 * S, 200 * S],
  ]);
  assert.deepEqual(
    happenings(versions, 0, 300 * S).map((each) => each.ms / S),
    [50, 100, 200],
  );
});

test("fields are read in the zone that is chosen", () => {
  const ms = Date.parse("2026-11-24T20:30:05Z");
  assert.equal(wallSeconds(ms, "Asia/Vientiane"), "2026-11-25T03:30:05");
  assert.equal(momentOf("2026-11-25T03:30:05", "Asia/Vientiane"), ms);
  assert.equal(momentOf("2026-11-24T20:30", "UTC"), ms - 5000);
  assert.equal(
    momentOf("2026-03-29T03:30", "Europe/Berlin"),
    Date.parse("2026-03-29T01:30:00Z"),
    "just after clocks went on",
  );
  assert.equal(momentOf("", "UTC"), null);
});

test("this night is from six to six, and not longer than it has lasted", () => {
  const zone = "Asia/Vientiane";
  const night = (now: string): string[] => {
    const { startMs, endMs } = thisNight(Date.parse(now), zone);
    return [wallSeconds(startMs, zone), wallSeconds(endMs, zone)];
  };
  assert.deepEqual(night("2026-11-24T20:00:00Z"), ["2026-11-24T18:00:00", "2026-11-25T03:00:00"]);
  assert.deepEqual(night("2026-11-24T05:00:00Z"), ["2026-11-23T18:00:00", "2026-11-24T06:00:00"]);
});

test("a link asks for what can be played, or for nothing", () => {
  const asked = requestedRange(new URLSearchParams("from=2026-11-24T00:00:00Z&to=2026-11-24T06:00:00Z&unit=a&unit=b"));
  assert.deepEqual([asked?.units, asked?.range.endMs], [["a", "b"], Date.parse("2026-11-24T06:00:00Z")]);
  for (const query of [
    "",
    "from=x&to=y",
    "from=2026-11-24T06:00:00Z&to=2026-11-24T00:00:00Z",
    "from=2026-11-01T00:00:00Z&to=2026-11-24T00:00:00Z",
  ])
    assert.equal(requestedRange(new URLSearchParams(query)), null);
  assert.ok(isRange(around(0, 10_000)));
});
