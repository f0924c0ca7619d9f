import assert from "node:assert/strict";
import { test } from "node:test";
import { pruned } from "../../src/live/read-marks.ts";
import { newIncidents, ofTheDay, unitOf } from "../../src/live/unread-incidents.ts";
import type { Incident } from "../../src/wire/documents.ts";
import type { UnitState } from "../../src/wire/units.ts";

const NOW = Date.parse("2026-11-25T12:00:00Z");
const at = (hoursAgo: number): string => new Date(NOW - hoursAgo * 3600e3).toISOString();
const incident = (id: string, hoursAgo: number, more: Partial<Incident> = {}): Incident => ({
  kind: "incident",
  id,
  agency: "la",
  at: at(hoursAgo),
  by: "key:naga",
  category: "drugs",
  happened_at: at(hoursAgo),
  precision: "minute",
  ...more,
});
const ids = (some: readonly Incident[]): string[] => some.map((each) => each.id);

test("news is what somebody else reported lately and nobody has seen or confirmed", () => {
  const all = [
    incident("b", 1),
    incident("a", 2),
    incident("old", 13),
    incident("mine", 1, { by: "somchai" }),
    incident("known", 1, { state: "confirmed" }),
    incident("seen", 1),
  ];
  assert.deepEqual(ids(newIncidents(all, { seen: at(0) }, "somchai", NOW)), ["a", "b"]);
});

test("a report that comes late is of the day it came, too", () => {
  const late = incident("late", 1, { happened_at: at(60) });
  assert.deepEqual(
    ids(ofTheDay([incident("old", 25), late, incident("now", 0), incident("not so", 1, { state: "withdrawn" })], NOW)),
    ["now", "late"],
  );
});

test("the unit is that of the phone or person that told of it", () => {
  const unit = (id: string, address: string): UnitState => ({ id, call_sign: id, agency: "la", addresses: [address] });
  const units = [
    unit("Naga 1", "ais:naga"),
    unit("Naga 2", "position_json:naga"),
    unit("Naga 3", "position_json:somchai"),
  ];
  assert.equal(unitOf(incident("a", 1), units)?.id, "Naga 2");
  assert.equal(unitOf(incident("a", 1, { by: "somchai" }), units)?.id, "Naga 3");
  assert.equal(unitOf(incident("a", 1, { by: "office" }), units), null);
  const { by: _, ...others } = incident("a", 1);
  assert.equal(unitOf(others, units), null);
});

test("the marks that were made last are kept", () => {
  const marks = Object.fromEntries(Array.from({ length: 501 }, (_, i) => [`i${i}`, at(i)]));
  assert.equal(Object.keys(pruned(marks)).length, 500);
  assert.equal(pruned(marks)["i500"], undefined);
});
