/**
 * Plans and their timeline: local times, the scale, rows and lanes, what a change tells the server; classes of
 * coverage.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { classOf, csvOf } from "../../../src/pages/planner/coverage/heat.ts";
import { HOUR_MS, midnight } from "../../../src/pages/planner/patrols/plan/local-days.ts";
import {
  changesOf,
  checkBody,
  contentOf,
  draftOf,
  missing,
  newContent,
  withAgency,
  withCrew,
  withUnit,
  withWindow,
} from "../../../src/pages/planner/patrols/plan/plan.ts";
import { dragged, lanes, moved, percent, scaleFrom, ticks } from "../../../src/pages/planner/patrols/plan/scale.ts";
import { rowsOf } from "../../../src/pages/planner/timeline/rows.ts";
import { momentOf, wallOf } from "../../../src/session/wall-clock.ts";
import { type PatrolDocument, whyUnsigned } from "../../../src/wire/patrols.ts";
import type { UnitState } from "../../../src/wire/units.ts";

const ZONE = "Asia/Vientiane";
const NIGHT = Date.parse("2026-11-26T11:00:00Z");
const patrol = (more: Partial<PatrolDocument> = {}): PatrolDocument => ({
  id: "p1",
  agency: "la",
  at: "2026-11-26T00:00:00Z",
  name: "Night watch",
  agencies: ["la", "th"],
  lead: "la",
  starts_at: "2026-11-26T11:00:00Z",
  ends_at: "2026-11-26T15:00:00Z",
  members: [{ unit: "naga", agency: "la", crew: 4 }],
  ...more,
});
const unit = (id: string, agency: string): UnitState => ({
  id,
  agency,
  call_sign: id.toUpperCase(),
  kind: "boat",
  country: "LA",
});

test("how many people are on a unit is not known until somebody says it", () => {
  const before = contentOf(patrol({ members: [{ unit: "naga", agency: "la", base: { lon: 100.4, lat: 20.3 } }] }));
  const joined = withUnit(before, "khong", "th", true);
  assert.deepEqual(joined.members[1], { unit: "khong", agency: "th" });
  const said = withCrew(joined, "khong", 1);
  assert.deepEqual(
    said.members.map((each) => each.crew),
    [undefined, 1],
  );
  assert.deepEqual(withCrew(said, "khong", 0).members[1], { unit: "khong", agency: "th", crew: 0 });
  assert.deepEqual(withCrew(said, "khong", null), joined);
  assert.deepEqual(withCrew(withCrew(before, "naga", 3), "naga", null), before);
});

test("a local time is the moment it names, and back, also where clocks change", () => {
  assert.equal(wallOf(NIGHT, ZONE), "2026-11-26T18:00");
  assert.equal(momentOf("2026-11-26T18:00", ZONE), NIGHT);
  for (const wall of ["2026-03-29T01:30", "2026-03-29T03:30", "2026-10-25T04:30"])
    assert.equal(wallOf(momentOf(wall, "Europe/Berlin") as number, "Europe/Berlin"), wall);
  assert.equal(momentOf("", ZONE), null);
  assert.equal(momentOf("tomorrow", ZONE), null);
});

test("days begin at local midnight, the short day of a clock change too", () => {
  assert.equal(wallOf(midnight(NIGHT, ZONE), ZONE), "2026-11-26T00:00");
  const day = midnight(Date.parse("2026-03-29T10:00:00Z"), "Europe/Berlin");
  assert.equal((midnight(day + HOUR_MS, "Europe/Berlin", 1) - day) / HOUR_MS, 23);
});

test("the scale shows whole local days and moves by them", () => {
  const week = scaleFrom(NIGHT, "week", ZONE);
  assert.equal(wallOf(week.from, ZONE), "2026-11-26T00:00");
  assert.equal(wallOf(week.to, ZONE), "2026-12-03T00:00");
  assert.equal(moved(week, "week", 1, ZONE).from, week.to);
  assert.deepEqual(moved(moved(week, "week", 1, ZONE), "week", -1, ZONE), week);
  assert.equal(percent(week, NIGHT), (18 / (7 * 24)) * 100);
  assert.equal(percent(week, week.from - 1), 0);
  assert.deepEqual(
    ticks(scaleFrom(NIGHT, "day", ZONE), "day", ZONE)
      .filter((each) => each.label !== "")
      .map((each) => each.label),
    ["11-26", "03:00", "06:00", "09:00", "12:00", "15:00", "18:00", "21:00"],
  );
  assert.equal(ticks(week, "week", ZONE).filter((each) => each.day).length, 7);
});

test("what overlaps lies in lanes of its own", () => {
  assert.deepEqual(
    lanes([
      [0, 10],
      [5, 15],
      [10, 20],
      [16, 30],
    ]),
    [0, 1, 0, 1],
  );
  assert.deepEqual(lanes([]), []);
});

test("a drag snaps to quarters of an hour and never turns a patrol round", () => {
  const span: [number, number] = [NIGHT, NIGHT + 4 * HOUR_MS];
  assert.deepEqual(dragged(span, "whole", 8 * 60_000), [NIGHT + 15 * 60_000, NIGHT + 4 * HOUR_MS + 15 * 60_000]);
  assert.deepEqual(dragged(span, "end", -9 * HOUR_MS), [NIGHT, NIGHT + 15 * 60_000]);
  assert.deepEqual(dragged(span, "start", 9 * HOUR_MS), [NIGHT + 4 * HOUR_MS - 15 * 60_000, NIGHT + 4 * HOUR_MS]);
});

test("rows are the own agency's units first, then the others', then what plans alone tell", () => {
  const joint = patrol({
    members: [
      { unit: "naga", agency: "la" },
      { unit: "hidden", agency: "th" },
    ],
  });
  const alone = patrol({ id: "p2", agencies: ["la"], members: [] });
  const groups = rowsOf(
    [joint, alone],
    [unit("khong", "th"), unit("naga", "la")],
    "la",
    scaleFrom(NIGHT, "week", ZONE),
  );
  assert.deepEqual(
    groups.map(({ agency, rows }) => [
      agency,
      rows.map((each) => [each.unit, each.callSign, each.bars.map((bar) => bar.patrol.id)]),
    ]),
    [
      [
        "la",
        [
          ["naga", "NAGA", ["p1"]],
          [null, null, ["p2"]],
        ],
      ],
      [
        "th",
        [
          ["khong", "KHONG", []],
          ["hidden", null, ["p1"]],
        ],
      ],
    ],
  );
  assert.deepEqual(rowsOf([joint], [], "la", scaleFrom(NIGHT + 10 * 24 * HOUR_MS, "week", ZONE)), [
    { agency: "la", rows: [] },
  ]);
});

test("a change tells only what is different, a new plan all that it says", () => {
  const before = contentOf(patrol());
  assert.deepEqual(changesOf(before, before), {});
  assert.deepEqual(changesOf(before, { ...before, note: "fog" }), { note: "fog" });
  assert.deepEqual(checkBody(draftOf(patrol()), { ...before, ends_at: "2026-11-26T16:00:00Z" }), {
    ends_at: "2026-11-26T16:00:00Z",
    patrol: "p1",
  });
  const fresh = newContent("la", "2026-11-26T11:00:00Z", "2026-11-26T15:00:00Z", [{ unit: "khong", agency: "th" }]);
  assert.deepEqual(fresh.agencies, ["la", "th"]);
  assert.equal(checkBody({ id: null, revision: 0, before: null }, { ...fresh, ends_at: "" }), null);
  const half = { ...fresh, rendezvous: [{ name: "noon", lon: Number.NaN, lat: Number.NaN, at: fresh.starts_at }] };
  assert.equal(
    "rendezvous" in (checkBody({ id: null, revision: 0, before: null }, half) ?? {}),
    false,
    "what has no place yet is not judged",
  );
  assert.deepEqual(missing(half), { name: "empty", rendezvous: "empty" });
  assert.deepEqual(missing({ ...fresh, name: "x", ends_at: fresh.starts_at }), { ends_at: "order" });
});

test("a unit brings its agency, an agency leaves with its units, its lead and its legs", () => {
  const plan = withUnit(contentOf(patrol({ agencies: ["la"] })), "khong", "th", true);
  assert.deepEqual(
    [plan.agencies, plan.members.map((each) => each.unit)],
    [
      ["la", "th"],
      ["naga", "khong"],
    ],
  );
  const led = {
    ...plan,
    lead: "th",
    legs: [{ name: "up", starts_at: plan.starts_at, ends_at: plan.ends_at, lead: "th" }],
  };
  const left = withAgency(led, "th", false, "la");
  assert.deepEqual([left.agencies, left.members.length, left.lead, left.legs[0]?.lead], [["la"], 1, "la", null]);
});

test("legs and meetings go with a window that moves as a whole, and stay when an edge moves", () => {
  const plan = {
    ...contentOf(patrol()),
    rendezvous: [{ name: "noon", lon: 100.4, lat: 20.2, at: "2026-11-26T12:00:00Z" }],
  };
  assert.equal(
    withWindow(plan, "2026-11-26T12:00:00Z", "2026-11-26T16:00:00Z").rendezvous[0]?.at,
    "2026-11-26T13:00:00Z",
  );
  assert.equal(
    withWindow(plan, "2026-11-26T10:00:00Z", "2026-11-26T15:00:00Z").rendezvous[0]?.at,
    "2026-11-26T12:00:00Z",
  );
});

test("coverage is told in classes of hours, and a table that no spreadsheet runs", () => {
  const asOf = NIGHT;
  const ago = (hours: number): string => new Date(asOf - hours * HOUR_MS).toISOString();
  assert.deepEqual(
    [1, 6, 24, 72, 168].map((hours) => classOf(ago(hours), asOf)),
    ["fresh", "day", "days", "week", "old"],
  );
  assert.equal(classOf(null, asOf), "never");
  assert.equal(
    csvOf([
      ["=1+1", 'a "b", c'],
      ["x", -3],
    ]),
    `'=1+1,"a ""b"", c"\r\nx,-3\r\n`,
  );
});

test("a signature that is hidden while sharing is suspended is not told to be missing", () => {
  assert.equal(whyUnsigned(patrol()), "signature.not_yet");
  assert.equal(whyUnsigned(patrol({ state: "proposed" })), "signature.awaited");
  assert.equal(whyUnsigned(patrol({ state: "proposed", suspended: true })), "signature.awaited");
  assert.equal(whyUnsigned(patrol({ state: "under way", suspended: true })), "signature.unseen");
  assert.equal(whyUnsigned(patrol({ state: "cancelled", suspended: true })), "signature.awaited");
});
