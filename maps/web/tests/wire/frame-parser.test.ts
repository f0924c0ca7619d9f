import assert from "node:assert/strict";
import { test } from "node:test";
import type { Alert } from "../../src/wire/documents.ts";
import { parseFrame } from "../../src/wire/frame-parser.ts";
import { USES } from "../../src/wire/sectors.ts";

const time = "2026-11-25T01:00:00Z";
const fix = { of: "u1", lon: 100.4, lat: 20.2, time };
const unit = { id: "u1", call_sign: "Naga 1", agency: "la", last: fix };
const alert = {
  kind: "alert",
  id: "a1",
  agency: "la",
  at: time,
  rule: "sos",
  subject: "u1",
  severity: "sos",
  raised_at: time,
  unit: "u1",
};
const said = (parts: object): string => JSON.stringify({ type: "change", seq: 1, time, ...parts });
const change = (parts: object) => {
  const { frame, faults } = parseFrame(said(parts));
  assert.equal(frame?.type, "change");
  return { frame: frame as Extract<typeof frame, { type: "change" }>, faults };
};

test("a frame that is well is taken as it is", () => {
  const { frame, faults } = change({
    units: [unit],
    fixes: [fix],
    papers: [alert],
    forget: ["x"],
    tables: [
      {
        rows: [
          ["of", "time"],
          ["u2", 1.5],
        ],
        same: { lon: 1, lat: 2 },
      },
    ],
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(frame.units, [unit]);
  assert.deepEqual(frame.papers, [alert]);
  assert.deepEqual(frame.fixes, [fix, { of: "u2", lon: 1, lat: 2, time: "2026-11-25T01:00:01.500Z" }]);
});

test("null is as good as absent", () =>
  assert.deepEqual(change({ units: [{ ...unit, last: null, status: null }], papers: null }).faults, []));

test("what is no frame gives none, whatever it is", () => {
  for (const bad of [
    "",
    "{",
    "null",
    "[]",
    "1",
    '"change"',
    said({ seq: "1" }),
    said({ seq: -1 }),
    said({ seq: 1.5 }),
    said({ seq: 1e300 }),
    said({ time: "soon" }),
    said({ time: 5 }),
    said({ type: 7 }),
    said({ type: "snapshot" }),
    said({ type: "snapshot", stream: "s", units: {} }),
  ]) {
    const { frame, faults } = parseFrame(bad);
    assert.equal(frame, null, bad);
    assert.equal(faults.at(-1)?.what, "frame", bad);
  }
});

test("a frame of a kind that is not known yet is left alone", () => {
  assert.equal(parseFrame(said({ type: "weather" })).unknown, true);
  assert.equal(parseFrame("{}").unknown, undefined);
});

test("one bad thing is skipped and told, and the rest of the frame stands", () => {
  for (const bad of [null, 7, "x", [], {}, { ...unit, id: 7 }, { ...unit, id: "" }]) {
    const { frame, faults } = change({ units: [bad, { ...unit, id: "u2" }], fixes: [{ ...fix, lon: 181 }, fix] });
    assert.deepEqual(
      frame.units?.map((each) => each.id),
      ["u2"],
    );
    assert.deepEqual(frame.fixes, [fix]);
    assert.deepEqual(
      faults.map((each) => [each.what, each.skipped]),
      [
        ["fix", true],
        ["unit", true],
      ],
    );
  }
});

test("of a thing that can be shown only the bad field is left out", () => {
  const { frame, faults } = change({
    units: [{ ...unit, kind: "airship", last: { ...fix, lat: "north" }, addresses: [1] }],
  });
  assert.deepEqual(frame.units, [{ id: "u1", call_sign: "Naga 1", agency: "la" }]);
  assert.deepEqual(faults, [{ what: "unit", id: "u1", fields: ["kind", "last", "addresses"], skipped: false }]);
});

test("a unit in a state that is not known is not shown as well", () => {
  assert.equal(change({ units: [{ ...unit, liveness: "dozing" }] }).frame.units?.[0]?.liveness, "lost");
});

test("a list that is none is told", () => {
  const { frame, faults } = change({
    units: 5,
    papers: [alert],
    tables: [
      { rows: 3 },
      {
        rows: [
          ["of", "time"],
          ["u", "noon"],
        ],
      },
    ],
  });
  assert.deepEqual(frame.papers, [alert]);
  assert.deepEqual(
    faults.map((each) => each.what),
    ["table", "table", "units"],
  );
});

test("an alert needs nothing but its id", () => {
  const { frame, faults } = change({
    papers: [{ kind: "alert", id: "a2", severity: "dire", lon: "x", facts: [], unit: "" }, { kind: "alert" }],
  });
  assert.deepEqual(frame.papers, [
    {
      kind: "alert",
      id: "a2",
      severity: "high",
      agency: "",
      at: time,
      rule: "?",
      subject: "",
      raised_at: time,
      unit: null,
    },
  ]);
  assert.deepEqual(
    faults.map((each) => [each.id, each.skipped]),
    [
      ["a2", false],
      ["", true],
    ],
  );
});

test("a state that is not known is kept as it is said", () => {
  const { frame, faults } = change({ papers: [{ ...alert, state: "delegated" }] });
  assert.equal((frame.papers?.[0] as Alert | undefined)?.state, "delegated");
  assert.deepEqual(faults, []);
});

test("a document of a kind that the page has no use for is nobody's fault", () =>
  assert.deepEqual(change({ papers: [{ kind: "roster", id: "r" }] }).faults, []));

test("the build of a snapshot is told", () => {
  const { frame } = parseFrame(
    JSON.stringify({ type: "snapshot", stream: "s", seq: 3, time, build: "abc", units: [] }),
  );
  assert.deepEqual(frame, {
    type: "snapshot",
    stream: "s",
    seq: 3,
    time,
    build: "abc",
    units: [],
    channels: [],
    claims: [],
    papers: [],
  });
});

test("faults that are told of one frame are bounded", () =>
  assert.equal(change({ units: Array(9000).fill(0) }).faults.length, 50));

test("a sector may be for whatever planners choose", () => {
  const documents = USES.map((use) => ({
    kind: "sector",
    id: use,
    agency: "la-hx",
    at: "2026-12-01T00:00:00Z",
    name: use,
    use,
  }));
  assert.deepEqual(change({ papers: documents }).faults, []);
});
