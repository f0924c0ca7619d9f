import assert from "node:assert/strict";
import { test } from "node:test";
import { Picture } from "../../src/live/picture.ts";
import type { Alert, HandOff, OfficeDocument, Sector } from "../../src/wire/documents.ts";
import type { Change } from "../../src/wire/stream.ts";

const at = "2026-11-25T01:00:00Z";
const alert = (more: Partial<Alert> = {}): Alert => ({
  kind: "alert",
  id: "a1",
  agency: "la",
  at,
  rule: "sos",
  subject: "u1",
  severity: "sos",
  raised_at: at,
  ...more,
});
const offer = (more: Partial<HandOff> = {}): HandOff => ({
  kind: "hand_off",
  id: "h1",
  agency: "la",
  at,
  case: "c",
  target: "t",
  to: "th",
  term: 2,
  offered_at: at,
  lapses_at: at,
  ...more,
});
const sector: Sector = { kind: "sector", id: "s1", agency: "la", at, name: "Isles" };
const change = (seq: number, more: Partial<Change>): Change => ({ type: "change", seq, time: at, ...more });
const ids = (picture: Picture): string[] => [...picture.documents.keys()];

function started(...papers: OfficeDocument[]): Picture {
  const picture = new Picture(3);
  picture.replace({ type: "snapshot", stream: "s", seq: 0, time: at, units: [], papers });
  return picture;
}

test("a newer version takes the place of the older one, an older one changes nothing", () => {
  const picture = started(alert({ version: 2, state: "acknowledged" }));
  assert.ok(!picture.apply(change(1, { papers: [alert()] })).documents);
  assert.equal((picture.documents.get("a1") as Alert).state, "acknowledged");
  assert.ok(picture.apply(change(2, { papers: [alert({ version: 3, state: "settled" })] })).documents);
  assert.equal((picture.documents.get("a1") as Alert).state, "settled");
});

test("what comes as it ended is told once and kept no longer", () => {
  const picture = started(alert(), offer(), sector);
  const touched = picture.apply(
    change(1, {
      papers: [
        alert({ version: 2, state: "resolved" }),
        offer({ version: 2, state: "declined", reason: "no boat" }),
        { ...sector, version: 2, retired_at: at },
      ],
    }),
  );
  assert.deepEqual(ids(picture), []);
  assert.deepEqual(
    touched.ended.map((each) => each.id),
    ["a1", "h1", "s1"],
  );
});

test("a document that a viewer may no longer hold is gone, and may come back", () => {
  const picture = started(alert({ version: 4 }));
  assert.ok(picture.apply(change(1, { forget: ["a1"] })).documents);
  assert.deepEqual(ids(picture), []);
  picture.apply(change(2, { papers: [alert({ version: 3 })] }));
  assert.deepEqual(ids(picture), ["a1"]);
});

test("forgetting a unit touches no document", () => {
  const picture = started(alert());
  assert.ok(!picture.apply(change(1, { forget: ["u1"] })).documents);
});

test("a new snapshot replaces all", () => {
  const picture = started(alert({ version: 9 }), sector);
  picture.replace({ type: "snapshot", stream: "t", seq: 0, time: at, units: [], papers: [alert({ version: 1 })] });
  assert.deepEqual(ids(picture), ["a1"]);
  picture.replace({ type: "snapshot", stream: "u", seq: 0, time: at, units: [] });
  assert.deepEqual(ids(picture), []);
});

test("kinds that the page does not show are not kept", () => {
  const picture = started({ ...sector, kind: "phrase" } as unknown as OfficeDocument);
  assert.deepEqual(ids(picture), []);
});
